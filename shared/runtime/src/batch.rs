//! A batch of queue messages: each is worked on by itself and answered by itself.

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use trustwatch_pipeline::{Cause, Disposition, NotificationError, Notified, StepError, read_notification};
use trustwatch_store::Store;

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

/// Seconds until a message comes back that another worker is busy with.
const BUSY_SECONDS: i32 = 10;

/// Reads the objects that a message tells of.
///
/// # Errors
/// [`EnvelopeError`] when the message is not a notification.
pub fn arrivals_of(message: &SqsMessage) -> Result<Vec<Notified>, EnvelopeError> {
    Ok(read_notification(message.body.as_deref().ok_or(EnvelopeError::Empty)?)?)
}

/// Notes a message that failed, and asks for it back soon when another worker is only busy with it.
pub async fn give_back(
    store: &Store,
    queue_url: &str,
    message: SqsMessage,
    error: &BatchError,
    answer: &mut BatchAnswer,
) {
    error.log();
    if let BatchError::Step(error) = error
        && let Cause::Busy { .. } = error.cause
        && let Some(receipt) = &message.receipt_handle
    {
        // Only a convenience: without it the message comes back at the queue's own time.
        if let Err(error) = store.come_back_in(queue_url, receipt, BUSY_SECONDS).await {
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
