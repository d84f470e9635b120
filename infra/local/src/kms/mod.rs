//! KMS over HTTP for the real AWS SDK: the two verbs of envelope encryption, under one key a data directory.
//!
//! The key never leaves the directory: it is in `kms.json` there, readable by its owner alone. Whoever loses that
//! file loses every data key that was made under it, as with a key that is deleted in AWS.

mod context;
mod master;
mod verbs;

use crate::aws_json::{self, ApiError, Service};
use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderValue;
use serde_json::Value;
use trustwatch_store::Credentials;

pub use master::MasterKey;

/// Another name of the key, as a template gives it in AWS.
pub const ALIAS: &str = "alias/trustwatch";

/// The endpoint, to be served at the root of a port.
pub fn router(key: MasterKey, credentials: Credentials) -> Router {
    aws_json::router(Kms(key), credentials)
}

struct Kms(MasterKey);

#[async_trait]
impl Service for Kms {
    const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
    const TARGET_PREFIX: &'static str = "TrentService.";
    const NAMESPACE: &'static str = "com.amazonaws.kms";
    /// A ciphertext of 6144 bytes and a context of 8192, with room for base64 and the escapes of JSON.
    const REQUEST_BYTES_MAX: usize = 128 * 1024;

    async fn call(&self, verb: &str, _base_url: &str, body: &[u8]) -> Result<Value, ApiError> {
        verbs::call(&self.0, verb, body)
    }
}
