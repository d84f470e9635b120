//! The function `compact`: what schedules do to keep the lake right. It queues again what has no
//! manifest, what nobody finished, and last lines that were held until now.

use serde::{Deserialize, Serialize};
use trustwatch_pipeline::{Context, StepError, queue_due, reconcile, reconcile_judgements};

/// What a schedule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Queue raw versions without a manifest again, and manifests without a judgement.
    Reconcile,
    /// Queue sources that are due: nobody finished them, or their held line can be settled.
    QueueDue,
}

/// What a job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct JobDone {
    /// Versions or rows looked at.
    pub seen: u64,
    /// Sources that were queued again.
    pub queued: u64,
}

/// Objects younger than this are likely still on their way through the queue. `verify` tells of them much sooner; to
/// queue again what only waits would make a long queue longer.
const SETTLED_MS: i64 = 6 * 3_600_000;

/// Runs one job.
///
/// # Errors
/// [`StepError`]; the schedule runs the job again.
pub async fn handle(job: Job, context: &Context) -> Result<JobDone, StepError> {
    let done = match job {
        Job::Reconcile => {
            let found = reconcile(context, SETTLED_MS).await?;
            JobDone { seen: found.versions, queued: found.queued + reconcile_judgements(context).await? }
        }
        Job::QueueDue => {
            let queued = queue_due(context).await?;
            JobDone { seen: queued, queued }
        }
    };
    tracing::info!(job = ?job, seen = done.seen, queued = done.queued, "job done");
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedules_inputs_are_jobs() {
        let check = |input: &str, job: Job| assert_eq!(serde_json::from_str::<Job>(input).unwrap(), job);
        check(include_str!("../../../events/schedule/reconcile.json"), Job::Reconcile);
        check(include_str!("../../../events/schedule/queue-due.json"), Job::QueueDue);
    }

    #[test]
    fn an_unknown_job_is_refused() {
        for input in [r#"{"job":"purge_everything"}"#, "{}"] {
            assert!(serde_json::from_str::<Job>(input).is_err(), "{input}");
        }
    }
}
