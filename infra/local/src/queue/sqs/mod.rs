//! The queue over HTTP for the real AWS SDK, with the verbs that trustwatch uses.

mod api_error;
mod requests;
mod verbs;

use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderValue;
use serde_json::Value;

use super::store::QueueStore;
use crate::aws_json::{self, ApiError, Service};
pub use trustwatch_store::Credentials;

/// The endpoint, to be served at the root of a port or merged or nested into another router. It answers `POST /`.
pub fn router(store: QueueStore, credentials: Credentials) -> Router {
    aws_json::router(Sqs(store), credentials)
}

struct Sqs(QueueStore);

#[async_trait]
impl Service for Sqs {
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
    const TARGET_PREFIX: &'static str = "AmazonSQS.";
    const NAMESPACE: &'static str = "com.amazonaws.sqs";
    /// A batch of 1 MiB in all, with room for the escapes of JSON.
    const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;

    async fn call(&self, verb: &str, base_url: &str, body: &[u8]) -> Result<Value, ApiError> {
        verbs::call(&self.0, verb, base_url, body).await
    }
}
