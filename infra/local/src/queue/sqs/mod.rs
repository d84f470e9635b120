//! The queue over HTTP for the real AWS SDK: the AWS JSON 1.0 protocol, with the verbs that trustwatch uses.
//!
//! Each request is a POST whose `X-Amz-Target` names the verb. It must carry a SigV4 signature made with the one
//! access key of the data directory.

mod api_error;
mod auth;
mod requests;
mod verbs;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;

use super::message::new_id;
use super::store::QueueStore;
use api_error::ApiError;
pub use trustwatch_store::Credentials;

/// The longest request, bytes: a batch of 1 MiB in all, with room for the escapes of JSON.
const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const TARGET_PREFIX: &str = "AmazonSQS.";

struct Server {
    store: QueueStore,
    credentials: Credentials,
}

/// The endpoint, to be served at the root of a port or merged or nested into another router. It answers `POST /`.
pub fn router(store: QueueStore, credentials: Credentials) -> Router {
    Router::new()
        .route("/", post(serve))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(Arc::new(Server { store, credentials }))
}

async fn serve(
    State(server): State<Arc<Server>>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut response = match answer(&server, &method, &uri, &headers, body).await {
        Ok(value) => (StatusCode::OK, value.to_string()).into_response(),
        Err(error) => error.into_response(),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
    if let Ok(id) = HeaderValue::from_str(&new_id()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}

async fn answer(
    server: &Server,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, ApiError> {
    let body = body.map_err(|_| ApiError::invalid("the request body could not be read or is too long"))?;
    auth::verify(&server.credentials, method, uri, headers, &body)?;
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let verb = target.strip_prefix(TARGET_PREFIX).ok_or_else(|| ApiError::invalid_action(target))?;
    verbs::call(&server.store, verb, &base_url(uri, headers), &body).await
}

/// The address at which the client reached the endpoint; queue URLs begin with it.
fn base_url(uri: &Uri, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}{}", uri.path().trim_end_matches('/'))
}
