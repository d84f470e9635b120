//! Errors in the shape that the SDK turns into its own error types.
//!
//! SQS once spoke another protocol, and the SDK still reads the old error code from a header
//! (`x-amzn-query-error`) in preference to the `__type` of the body; both are given.

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::error::QueueError;

#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    /// The name of the shape, in the `__type` of the body.
    shape: &'static str,
    /// The code of the old protocol, where it differs from the shape.
    query_code: Option<&'static str>,
    message: String,
}

impl ApiError {
    pub(super) fn new(shape: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape, query_code: None, message: message.into() }
    }

    fn coded(shape: &'static str, query_code: &'static str, message: impl Into<String>) -> Self {
        Self { query_code: Some(query_code), ..Self::new(shape, message) }
    }

    pub(super) fn forbidden(shape: &'static str, message: &'static str) -> Self {
        Self { status: StatusCode::FORBIDDEN, ..Self::new(shape, message) }
    }

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

    pub(super) fn code(&self) -> &'static str {
        self.query_code.unwrap_or(self.shape)
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn is_fault_of_sender(&self) -> bool {
        self.status.is_client_error()
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
                Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new("InternalFailure", message) }
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.shape), "message": self.message });
        let side = if self.is_fault_of_sender() { "Sender" } else { "Receiver" };
        let mut response = (self.status, body.to_string()).into_response();
        if let Ok(value) = HeaderValue::from_str(&format!("{};{side}", self.code())) {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}
