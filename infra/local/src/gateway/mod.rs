//! The HTTP gateway: what API Gateway's HTTP API with a JWT authorizer does in front of the function `api`.
//!
//! A request becomes the event of payload format 2.0, and the event becomes the request that `lambda_http` makes of
//! it, so that the function sees no difference between AWS and here. Who asks is known from a token alone, which is
//! verified before the function is called. Tokens come from a development issuer, whose key never leaves the data
//! directory.

mod claims;
mod event;
mod issuer;
mod refusal;
mod verifier;

pub use claims::Claims;
pub use issuer::{AUDIENCE, Issuer};
pub use verifier::{TOKEN_BYTES_MAX, Unauthorised, Verifier};

use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use refusal::{bad_request, too_large, unauthorised};
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt as _;
use trustwatch_pipeline::Clock;

/// The longest body, bytes: what AWS Lambda takes of a request.
pub const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;
/// What may be asked without a token.
const PUBLIC: [&str; 2] = ["/v1/health", "/v1/openapi.json"];

#[derive(Clone)]
struct Gateway {
    api: Router,
    verifier: Arc<Verifier>,
    clock: Clock,
}

/// Puts the gateway in front of the function's router. Serve it with the address of the client as connect info.
pub fn router(api: Router, issuer: &Issuer, url: &str, clock: Clock) -> Router {
    let (configuration, keys) = (issuer.configuration(url), issuer.keys());
    let verifier = Arc::new(Verifier::new(issuer, url));
    Router::new()
        .route("/.well-known/openid-configuration", get(async move || Json(configuration)))
        .route("/.well-known/jwks.json", get(async move || Json(keys)))
        .fallback(forward)
        .with_state(Gateway { api, verifier, clock })
}

async fn forward(
    State(gateway): State<Gateway>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let now = (gateway.clock)();
    let claims = if PUBLIC.contains(&parts.uri.path()) {
        None
    } else {
        match gateway.verifier.verify_headers(&parts.headers, now) {
            Ok(claims) => Some(claims),
            Err(reason) => return unauthorised(reason),
        }
    };
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else { return too_large() };
    let Some(request) = event::as_on_aws(&parts, &body, claims, client, now) else { return bad_request() };
    gateway.api.oneshot(request).await.into_response()
}
