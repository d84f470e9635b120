//! A batch of queue messages: each is worked on by itself and answered by itself.

use aws_lambda_events::s3::S3Event;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use trustwatch_pipeline::{Arrival, Cause, Disposition, StepError};
use trustwatch_store::Store;

/// Ids of the messages that must come again.
pub type BatchAnswer = SqsBatchResponse;

/// An object that a message tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notified {
    /// The object.
    pub arrival: Arrival,
    /// Stored length as the notification says it.
    pub bytes: u64,
    /// When it was put: milliseconds since 1970 UTC.
    pub arrived_ms: i64,
}

/// Why a message cannot be understood. It is given back until it is a dead letter.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The message has no body.
    #[error("the message has no body")]
    Empty,
    /// The body is not a notification.
    #[error("the body is not a notification of S3: {0}")]
    Json(#[from] serde_json::Error),
    /// A notification lacks something.
    #[error("the notification names no {0}")]
    Lacks(&'static str),
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

/// Reads the objects that a message tells of. The test message that S3 sends when a notification is set up tells
/// of none.
///
/// # Errors
/// [`EnvelopeError`] when the message is not a notification.
pub fn arrivals_of(message: &SqsMessage) -> Result<Vec<Notified>, EnvelopeError> {
    let body = message.body.as_deref().ok_or(EnvelopeError::Empty)?;
    let value: serde_json::Value = serde_json::from_str(body)?;
    if value.get("Event").and_then(|event| event.as_str()) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    let event: S3Event = serde_json::from_value(value)?;
    event
        .records
        .into_iter()
        .map(|record| {
            let object = record.s3.object;
            let encoded = object.key.ok_or(EnvelopeError::Lacks("key"))?;
            Ok(Notified {
                arrival: Arrival {
                    bucket: record.s3.bucket.name.ok_or(EnvelopeError::Lacks("bucket"))?,
                    key: decode(&encoded),
                    version_id: object.version_id.unwrap_or_else(|| "null".to_owned()),
                },
                bytes: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                arrived_ms: record.event_time.timestamp_millis(),
            })
        })
        .collect()
}

/// S3 percent-encodes keys in notifications and writes a space as `+`.
fn decode(encoded: &str) -> String {
    let spaced = encoded.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Notes a message that failed, and asks for it back soon when another worker is only busy with it.
pub async fn give_back(
    store: &Store,
    queue_url: &str,
    now_ms: i64,
    message: SqsMessage,
    error: &BatchError,
    answer: &mut BatchAnswer,
) {
    error.log();
    if let BatchError::Step(error) = error
        && let Cause::Busy { until_ms } = error.cause
        && let Some(receipt) = &message.receipt_handle
    {
        // Only a convenience: without it the message comes back at the queue's own time.
        if let Err(error) = store.come_back_in(queue_url, receipt, busy_seconds(until_ms, now_ms)).await {
            tracing::warn!(code = error.code, "a busy message keeps the visibility of its queue");
        }
    }
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.unwrap_or_default();
    answer.batch_item_failures.push(failure);
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
                        tracing::warn!(step, source_id, cause = %error.cause, "a step failed and will be tried again");
                    }
                    Disposition::Bug => {
                        tracing::error!(step, source_id, cause = %error.cause, "a step failed and needs a person");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.body = Some(body.to_owned());
        message
    }

    fn notification(key: &str) -> SqsMessage {
        message(&format!(
            r#"{{"Records":[{{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-2",
            "eventTime":"2026-10-19T08:00:00.000Z","eventName":"ObjectCreated:Put",
            "s3":{{"bucket":{{"name":"raw"}},"object":{{"key":"{key}","size":7,"versionId":"v1"}}}}}}]}}"#
        ))
    }

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        let check = |encoded: &str, key: &str| {
            let found = arrivals_of(&notification(encoded)).unwrap();
            assert_eq!(found[0].arrival.key, key);
        };
        check("oak/web/a+b.log", "oak/web/a b.log");
        check("oak/web/a%2Bb.log", "oak/web/a+b.log");
        check("oak/web/100%25.log", "oak/web/100%.log");
        check("oak/web/%C3%A9.log", "oak/web/é.log");
    }

    #[test]
    fn a_notification_gives_version_size_and_time() {
        let found = arrivals_of(&notification("oak/web/x")).unwrap();
        assert_eq!(found[0].arrival.version_id, "v1");
        assert_eq!((found[0].bytes, found[0].arrived_ms), (7, 1_792_396_800_000));
    }

    #[test]
    fn the_test_message_of_s3_tells_of_nothing() {
        assert_eq!(arrivals_of(&message(r#"{"Event":"s3:TestEvent","Bucket":"raw"}"#)).unwrap(), vec![]);
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
    fn a_message_that_is_no_notification_is_a_failure() {
        for body in ["", "{}x", "[]", r#"{"Records":[{}]}"#] {
            assert!(arrivals_of(&message(body)).is_err(), "{body}");
        }
        assert!(arrivals_of(&SqsMessage::default()).is_err());
    }
}
