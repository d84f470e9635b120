//! The pump: moves the S3 server's events into queues, in order, without losing one.
//!
//! The S3 server keeps an event in its outbox until it is acknowledged, and the pump acknowledges only after the
//! sends are on the disk. A crash in between makes the pump read the same events again: the sequence is the
//! deduplication key, so that a message which still waits is not doubled, and one that was handled already comes a
//! second time. Handlers know what they have done before.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::delivery::stopped;
use super::error::QueueError;
use super::message::NewMessage;
use super::s3_event::{ObjectEvent, s3_notification};
use super::store::QueueStore;

/// The most events that one step moves.
const STEP_MAX: usize = 100;
/// How often the pump looks without being called, so that a call which got lost delays an event and no more.
const RECHECK: Duration = Duration::from_secs(30);
/// The first and the longest pause after a failure; it doubles in between.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// An error of an event source; the text is logged, so it must not hold keys.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// The outbox of the S3 server.
#[async_trait]
pub trait EventSource: Send + Sync + 'static {
    /// Up to `limit` unacknowledged events with a sequence above `sequence`, in order of sequence.
    ///
    /// # Errors
    /// If the outbox cannot be read; the pump tries again.
    async fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<ObjectEvent>, SourceError>;

    /// Events up to and including `up_to` are safe elsewhere and may be forgotten.
    ///
    /// # Errors
    /// If this cannot be stored; the pump sends the events again.
    async fn acknowledge(&self, up_to: u64) -> Result<(), SourceError>;

    /// Returns when there may be new events: also at once, if some came since the last look.
    async fn notified(&self);
}

/// Chooses the queue for an object from its bucket and key; none means that nobody wants to know.
pub type Route = Arc<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Pumps until it is told to stop.
pub(super) async fn run(
    store: QueueStore,
    source: Arc<dyn EventSource>,
    route: Route,
    mut stop: watch::Receiver<bool>,
) {
    let mut position = 0;
    let mut retry_pause = RETRY_PAUSE_MIN;
    while !*stop.borrow() {
        let wait = match step(&store, source.as_ref(), &route, position).await {
            Ok(Some(up_to)) => {
                position = up_to;
                retry_pause = RETRY_PAUSE_MIN;
                continue;
            }
            Ok(None) => {
                retry_pause = RETRY_PAUSE_MIN;
                None
            }
            Err(error) => {
                tracing::error!(%error, after = position, "object events could not be moved to their queues");
                let pause = retry_pause;
                retry_pause = (retry_pause * 2).min(RETRY_PAUSE_MAX);
                Some(pause)
            }
        };
        let look_again = async {
            match wait {
                Some(pause) => tokio::time::sleep(pause).await,
                None => drop(tokio::time::timeout(RECHECK, source.notified()).await),
            }
        };
        tokio::select! {
            () = stopped(&mut stop) => {}
            () = look_again => {}
        }
    }
}

/// Moves the next events and returns the sequence that was acknowledged, or none if there was nothing to move.
async fn step(
    store: &QueueStore,
    source: &dyn EventSource,
    route: &Route,
    position: u64,
) -> Result<Option<u64>, StepError> {
    let events = source.events_after(position, STEP_MAX).await?;
    let Some(up_to) = events.last().map(|event| event.sequence) else { return Ok(None) };
    let messages: Vec<_> = events
        .iter()
        .filter_map(|event| {
            let queue = route(&event.bucket, &event.key)?;
            let body = s3_notification(event).to_string();
            Some((queue, NewMessage::new(body).keyed(format!("s3:{}", event.sequence))))
        })
        .collect();
    let moved = messages.len();
    store.send_all(messages).await?;
    source.acknowledge(up_to).await?;
    tracing::debug!(moved, up_to, "object events moved to their queues");
    Ok(Some(up_to))
}
