//! Schedules: call a handler with a fixed input, when its time has come.
//!
//! The moment for which a schedule was done is stored after its run. A machine that was off at that moment finds it
//! at the next start and runs once, however many moments were missed; a machine that died during a run runs again.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::delivery::{pause, stopped};
use super::handler::{Handler, invoke};
use super::store::QueueStore;
use super::when::When;

/// The pauses before the second and the third try, ms: those of an asynchronous invocation of a Lambda.
const RETRY_PAUSES_MS: [i64; 2] = [60_000, 120_000];
/// A stored moment further ahead than this comes from a clock that was wrong, ms. A day or less may be the work of
/// a small correction, and running twice is worse than waiting that long.
const AHEAD_MS_MAX: i64 = 2 * 24 * 60 * 60 * 1000;

/// A handler that is called by time.
#[derive(Clone)]
pub struct Schedule {
    /// The name under which its last run is stored.
    pub name: String,
    /// When it is due.
    pub when: When,
    /// The static input that the handler gets.
    pub input: Value,
    /// The function to call; its answer is not read.
    pub handler: Arc<dyn Handler>,
    /// The function's time-out.
    pub time_out: Duration,
}

impl std::fmt::Debug for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schedule").field("name", &self.name).field("when", &self.when).finish_non_exhaustive()
    }
}

/// Runs one schedule until it is told to stop. A run that has begun is finished first.
pub(super) async fn run(store: QueueStore, schedule: Schedule, mut stop: watch::Receiver<bool>) {
    let clock = store.clock();
    while !*stop.borrow() {
        let last_ms = match last_ms(&store, &schedule.name).await {
            Ok(last_ms) => last_ms,
            Err(error) => {
                tracing::error!(schedule = schedule.name, %error, "the last run could not be read");
                pause(&mut stop).await;
                continue;
            }
        };
        if let Some(due_ms) = schedule.when.latest_due(last_ms, clock.now_ms()) {
            if !attempt(&store, &schedule, due_ms, &mut stop).await {
                return;
            }
            if let Err(error) = store.schedule_done(&schedule.name, due_ms).await {
                tracing::error!(schedule = schedule.name, %error, "the run could not be stored");
                pause(&mut stop).await;
            }
            continue;
        }
        let Some(next_ms) = schedule.when.first_after(last_ms) else { return };
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = clock.sleep_until(next_ms) => {}
        }
    }
}

/// The moment up to which the schedule is done. A schedule that is new counts from now: nothing was missed before it
/// existed.
async fn last_ms(store: &QueueStore, name: &str) -> Result<i64, super::error::QueueError> {
    let now_ms = store.clock().now_ms();
    match store.schedule_last_due_ms(name).await? {
        Some(last_ms) if last_ms <= now_ms.saturating_add(AHEAD_MS_MAX) => Ok(last_ms),
        _ => {
            store.schedule_done(name, now_ms).await?;
            Ok(now_ms)
        }
    }
}

/// Calls the handler up to three times, but not beyond the next moment: that one does the work of this one, too.
/// Returns whether the moment is settled; it is not if a stop came between two tries.
async fn attempt(
    store: &QueueStore,
    schedule: &Schedule,
    due_ms: i64,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    let clock = store.clock();
    let next_ms = schedule.when.first_after(due_ms).unwrap_or(i64::MAX);
    let pauses = RETRY_PAUSES_MS.map(Some).into_iter().chain([None]);
    for retry_pause_ms in pauses {
        let answer = invoke(Arc::clone(&schedule.handler), schedule.input.clone(), schedule.time_out).await;
        let Err(failure) = answer else { return true };
        tracing::warn!(schedule = schedule.name, kind = failure.kind(), "a scheduled handler failed");
        let Some(retry_pause_ms) = retry_pause_ms else { break };
        let retry_ms = clock.now_ms().saturating_add(retry_pause_ms);
        if retry_ms >= next_ms {
            break;
        }
        while clock.now_ms() < retry_ms {
            tokio::select! {
                () = stopped(stop) => return false,
                () = clock.sleep_until(retry_ms) => {}
            }
        }
    }
    tracing::error!(
        schedule = schedule.name,
        "a scheduled run was given up; the next one is tried at its time"
    );
    true
}
