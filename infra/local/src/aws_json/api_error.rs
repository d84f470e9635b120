//! Errors in the shape that the SDK turns into its own error types.

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error of a service.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    /// The name of the shape, in the `__type` of the body.
    shape: &'static str,
    /// The code of the protocol that the service spoke before, where it differs from the shape.
    query_code: Option<&'static str>,
    message: String,
}

impl ApiError {
    /// A mistake of the sender.
    pub(crate) fn new(shape: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape, query_code: None, message: message.into() }
    }

    /// A mistake of the sender that the older protocol called otherwise.
    pub(crate) fn coded(shape: &'static str, query_code: &'static str, message: impl Into<String>) -> Self {
        Self { query_code: Some(query_code), ..Self::new(shape, message) }
    }

    /// The sender is not allowed to ask.
    pub(crate) fn forbidden(shape: &'static str, message: &'static str) -> Self {
        Self { status: StatusCode::FORBIDDEN, ..Self::new(shape, message) }
    }

    /// A failure of the service.
    pub(crate) fn internal(shape: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new(shape, message) }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.query_code.unwrap_or(self.shape)
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn is_fault_of_sender(&self) -> bool {
        self.status.is_client_error()
    }

    /// The answer of a service whose shapes have this namespace.
    ///
    /// SQS once spoke another protocol, and its SDK still reads the old error code from a header
    /// (`x-amzn-query-error`) in preference to the `__type` of the body; both are given.
    pub(super) fn into_response(self, namespace: &str) -> Response {
        let body = json!({ "__type": format!("{namespace}#{}", self.shape), "message": self.message });
        let side = if self.is_fault_of_sender() { "Sender" } else { "Receiver" };
        let mut response = (self.status, body.to_string()).into_response();
        if let Ok(value) = HeaderValue::from_str(&format!("{};{side}", self.code())) {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}
