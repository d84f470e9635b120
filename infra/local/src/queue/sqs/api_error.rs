//! The errors of SQS.

use super::super::error::QueueError;
use crate::aws_json::ApiError;

impl ApiError {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    pub(super) fn invalid_action(verb: &str) -> Self {
        Self::new("InvalidAction", format!("the action `{verb}` is not valid for this endpoint"))
    }

    pub(super) fn empty_batch() -> Self {
        let code = "AWS.SimpleQueueService.EmptyBatchRequest";
        Self::coded("EmptyBatchRequest", code, "the batch has no entries")
    }

    pub(super) fn long_batch() -> Self {
        let code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        Self::coded("TooManyEntriesInBatchRequest", code, "the batch has more than 10 entries")
    }

    pub(super) fn heavy_batch() -> Self {
        let code = "AWS.SimpleQueueService.BatchRequestTooLong";
        Self::coded("BatchRequestTooLong", code, "the bodies of the batch are longer than 1 MiB in all")
    }

    pub(super) fn repeated_id() -> Self {
        let code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
        Self::coded("BatchEntryIdsNotDistinct", code, "two entries of the batch have one id")
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        let message = error.to_string();
        match error {
            QueueError::UnknownQueue(_) => {
                Self::coded("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", message)
            }
            QueueError::ReceiptMalformed | QueueError::ReceiptStale => {
                Self::new("ReceiptHandleIsInvalid", message)
            }
            QueueError::NotInFlight => {
                Self::coded("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight", message)
            }
            QueueError::Body(_) => Self::new("InvalidMessageContents", message),
            QueueError::OutOfRange { .. } => Self::invalid(message),
            QueueError::Declaration { .. }
            | QueueError::SchemaNewer { .. }
            | QueueError::Storage(_)
            | QueueError::Io(_)
            | QueueError::Closed => {
                tracing::error!(%error, "a queue request failed");
                Self::internal("InternalFailure", message)
            }
        }
    }
}
