//! The AWS JSON protocol: what SQS and KMS have in common.
//!
//! Each request is a POST whose `X-Amz-Target` names the verb. It must carry a SigV4 signature made with the one
//! access key of the data directory.

mod api_error;
mod sigv4;

pub(crate) use api_error::ApiError;

use crate::queue::new_id;
use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use trustwatch_store::Credentials;

/// A service of this protocol.
#[async_trait]
pub(crate) trait Service: Send + Sync + 'static {
    /// The content type of answers; it names the version of the protocol.
    const CONTENT_TYPE: HeaderValue;
    /// What stands before the verb in the target.
    const TARGET_PREFIX: &'static str;
    /// What stands before the shape of an error.
    const NAMESPACE: &'static str;
    /// The longest request, bytes.
    const REQUEST_BYTES_MAX: usize;

    /// Does what the verb asks for. `base_url` is the address at which the client reached the endpoint.
    async fn call(&self, verb: &str, base_url: &str, body: &[u8]) -> Result<Value, ApiError>;
}

struct Server<S> {
    service: S,
    credentials: Credentials,
}

/// The endpoint, to be served at the root of a port or merged or nested into another router. It answers `POST /`.
pub(crate) fn router<S: Service>(service: S, credentials: Credentials) -> Router {
    Router::new()
        .route("/", post(serve::<S>))
        .layer(DefaultBodyLimit::max(S::REQUEST_BYTES_MAX))
        .with_state(Arc::new(Server { service, credentials }))
}

/// Reads a request.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // The position is enough to find a mistake; the text of serde's message may quote the body.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ApiError::new(
            "SerializationException",
            format!("the request is wrong at line {line}, column {column}"),
        )
    })
}

async fn serve<S: Service>(
    State(server): State<Arc<Server<S>>>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut response = match answer(&server, &method, &uri, &headers, body).await {
        Ok(value) => (StatusCode::OK, value.to_string()).into_response(),
        Err(error) => error.into_response(S::NAMESPACE),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, S::CONTENT_TYPE);
    if let Ok(id) = HeaderValue::from_str(&new_id()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

async fn answer<S: Service>(
    server: &Server<S>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, ApiError> {
    let unread = |_| ApiError::new("SerializationException", "the request could not be read or is too long");
    let body = body.map_err(unread)?;
    sigv4::verify(&server.credentials, method, uri, headers, &body)?;
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    // Each service has its own word for a verb that it does not know, and no verb has no name.
    let verb = target.strip_prefix(S::TARGET_PREFIX).unwrap_or_default();
    server.service.call(verb, &base_url(uri, headers), &body).await
}

/// The address at which the client reached the endpoint; queue URLs begin with it.
fn base_url(uri: &Uri, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}{}", uri.path().trim_end_matches('/'))
}
