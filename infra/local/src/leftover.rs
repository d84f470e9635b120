//! Work that an earlier process left: objects that came and were not worked on.

use crate::queue::QueueStore;
use crate::servers::Servers;
use std::time::Duration;
use trustwatch_pipeline::{
    Context, StepError, queue_unfinished, read_notification, reconcile, reconcile_judgements,
};

/// The first and the longest pause after a failure; it doubles in between.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Queues every object again that was not worked on, and every source that was begun and not finished: no worker of
/// an earlier process can still be alive. If that fails the system is of use all the same: new files are
/// worked on, and this goes on trying beside it, for the schedule that would do it comes once a day.
pub(crate) async fn queue(context: &Context, queues: &QueueStore, servers: &mut Servers) {
    let begun_ms = now_ms(context);
    match look_back(context, 0).await {
        Ok(_) => forget_dead(queues).await,
        Err(error) => {
            let (step, cause) = (error.step, error.why());
            tracing::warn!(
                step,
                cause,
                "the work that was left could not be queued; it is tried again until it can"
            );
            servers.spawn_aside(retry(context.clone(), queues.clone(), begun_ms));
        }
    }
}

/// Deletes the dead letters of work that is queued again, or was done since. What says nothing that can be understood
/// stays for a person.
async fn forget_dead(queues: &QueueStore) {
    if let Err(error) = queues.delete_dead(|body| read_notification(body).is_ok()).await {
        tracing::warn!(%error, "dead letters stay though their work is queued again");
    }
}

async fn look_back(context: &Context, settled_ms: i64) -> Result<u64, StepError> {
    let objects = reconcile(context, settled_ms).await?.queued;
    Ok(objects + reconcile_judgements(context).await? + queue_unfinished(context).await?)
}

async fn retry(context: Context, queues: QueueStore, begun_ms: i64) {
    let mut pause = PAUSE_MIN;
    loop {
        tokio::time::sleep(pause).await;
        // What came since the start has its own event on the way.
        match look_back(&context, now_ms(&context) - begun_ms).await {
            Ok(queued) => {
                tracing::info!(queued, "the work that was left is queued");
                return forget_dead(&queues).await;
            }
            Err(error) => {
                tracing::debug!(step = error.step, cause = error.why(), "the work that was left still waits");
            }
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn now_ms(context: &Context) -> i64 {
    (context.clock)().as_millisecond()
}
