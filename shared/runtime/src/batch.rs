//! A batch of queue messages: each is worked on by itself and answered by itself.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use trustwatch_pipeline::{
    Cause, Context, Disposition, NotificationError, Notified, StepError, read_notification,
};

/// Ids of the messages that must come again.
pub type BatchAnswer = SqsBatchResponse;

/// Why a message cannot be understood. It is given back until it is a dead letter.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The message has no body.
    #[error("the message has no body")]
    Empty,
    /// The body is not a notification.
    #[error(transparent)]
    Notification(#[from] NotificationError),
}

/// Seconds until a message comes back that another worker is busy with, while that worker's lease ends soon.
const BUSY_SECONDS_MAX: i64 = 10;
/// A lease that ends later than this is waited for in one go: a message that came back every few seconds of a
/// backfill's quarter of an hour would use up its chances and become a dead letter, and nobody would be at fault.
const BUSY_SOON_SECONDS: i64 = 60;

/// Seconds until a lease is worth another look. Never 0: the clocks of two workers may differ a little.
fn busy_seconds(until_ms: i64, now_ms: i64) -> i32 {
    let left = until_ms.saturating_sub(now_ms).max(0).saturating_add(999) / 1_000;
    let wait = if left > BUSY_SOON_SECONDS { left } else { left.clamp(1, BUSY_SECONDS_MAX) };
    // SQS takes up to 12 hours.
    i32::try_from(wait.min(12 * 3_600)).unwrap_or(i32::MAX)
}

/// The first pause after something that may pass; each further one is twice as long.
const RETRY_SECONDS: i32 = 10;
/// Deliveries after which pauses grow no more: 8 of them take 21 minutes together.
const RETRY_DOUBLINGS_MAX: u32 = 6;

/// Seconds until a message should come back. `None` leaves it to its queue.
fn pause(error: &StepError, receives: u32, now_ms: i64) -> Option<i32> {
    match (&error.cause, error.disposition) {
        (Cause::Busy { until_ms }, _) => Some(busy_seconds(*until_ms, now_ms)),
        (_, Disposition::Retry) => Some(RETRY_SECONDS << receives.saturating_sub(1).min(RETRY_DOUBLINGS_MAX)),
        _ => None,
    }
}

/// How often a message was delivered, this time counted in.
#[must_use]
pub fn deliveries_of(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Reads the objects that a message tells of.
///
/// # Errors
/// [`EnvelopeError`] when the message is not a notification.
pub fn arrivals_of(message: &SqsMessage) -> Result<Vec<Notified>, EnvelopeError> {
    Ok(read_notification(message.body.as_deref().ok_or(EnvelopeError::Empty)?)?)
}

/// Notes how the work on a message ended. What failed is given back, soon where that is of use.
pub async fn note(
    context: &Context,
    queue_url: &str,
    message: SqsMessage,
    result: Result<(), BatchError>,
    answer: &mut BatchAnswer,
) {
    let Err(error) = result else { return };
    error.log();
    come_back_soon(context, queue_url, &message, &error).await;
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.unwrap_or_default();
    answer.batch_item_failures.push(failure);
}

/// Asks for a message back before its queue would give it back by itself, where that is of use.
async fn come_back_soon(context: &Context, queue_url: &str, message: &SqsMessage, error: &BatchError) {
    let now_ms = (context.clock)().as_millisecond();
    if let BatchError::Step(error) = error
        && let Some(seconds) = pause(error, deliveries_of(message), now_ms)
        && let Some(receipt) = &message.receipt_handle
    {
        // Only a convenience: without it the message comes back at the queue's own time.
        if let Err(error) = context.store.come_back_in(queue_url, receipt, seconds).await {
            tracing::warn!(code = error.code, "a message keeps the visibility of its queue");
        }
    }
}

/// Why a message must come again.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The work.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl BatchError {
    /// Writes the failure down, without anything that could name a person.
    fn log(&self) {
        match self {
            Self::Envelope(error) => {
                tracing::error!(problem = %error, "a message cannot be understood and will become a dead letter");
            }
            Self::Step(error) => {
                let (step, source_id) = (error.step, error.source_id.as_str());
                match error.disposition {
                    Disposition::Busy => {
                        tracing::info!(step, source_id, "another worker is busy with this source")
                    }
                    Disposition::Retry => {
                        tracing::warn!(
                            step,
                            source_id,
                            cause = error.why(),
                            "a step failed and will be tried again"
                        );
                    }
                    Disposition::Bug => {
                        tracing::error!(
                            step,
                            source_id,
                            cause = error.why(),
                            "a step failed and needs a person"
                        );
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lambda_events::sqs::SqsEvent;

    #[test]
    fn the_sample_event_tells_of_one_object() {
        let event: SqsEvent = serde_json::from_str(include_str!("../../../events/sqs/s3-put.json")).unwrap();
        let found = arrivals_of(&event.records[0]).unwrap();
        assert_eq!(found[0].arrival.key, "oak-primary/web/2026/10/19/access 0900+1.log.gz");
        assert_eq!(found[0].bytes, 104_857);
    }

    #[test]
    fn a_busy_message_comes_back_when_the_lease_may_have_ended() {
        let check =
            |left_ms: i64, seconds: i32| assert_eq!(busy_seconds(1_000_000 + left_ms, 1_000_000), seconds);
        // A lease that ended meanwhile, or ends at once.
        check(-5_000, 1);
        check(0, 1);
        check(1, 1);
        check(1_001, 2);
        check(9_000, 9);
        // The holder may be done long before its lease is.
        check(15_000, 10);
        check(60_000, 10);
        // Eight looks ten seconds apart would not last as long as this lease.
        check(900_000, 900);
        check(i64::MAX - 1_000_000, 43_200);
    }

    #[test]
    fn what_may_pass_is_tried_again_soon_and_then_less_often() {
        let passing = StepError {
            step: "read part",
            source_id: "-".to_owned(),
            disposition: Disposition::Retry,
            cause: Cause::Contended,
        };
        let pauses: Vec<_> = [1, 2, 3, 4, 7, 8, 1_000].map(|receives| pause(&passing, receives, 0)).into();
        assert_eq!(pauses, [10, 20, 40, 80, 640, 640, 640].map(Some));
        let bug = StepError { disposition: Disposition::Bug, cause: Cause::Worker, ..passing };
        assert_eq!(pause(&bug, 1, 0), None);
    }

    #[test]
    fn a_message_without_a_body_is_a_failure() {
        assert!(matches!(arrivals_of(&SqsMessage::default()), Err(EnvelopeError::Empty)));
    }
}
