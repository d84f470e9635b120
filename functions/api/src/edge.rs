//! What holds for every route: limits, headers of answers, what is no route, and one line in the log for each request.

use crate::Api;
use crate::problem::Problem;
use crate::refusal::Code;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use std::time::Instant;

/// Longest body that is read, in bytes: a step of a reviewer has some tens.
pub const BODY_BYTES_MAX: usize = 16 * 1024;
/// Longest path and query, in bytes: the longest cursor and every other parameter fit.
pub const TARGET_BYTES_MAX: usize = 4 * 1024;

pub(crate) fn around(router: Router<Api>) -> Router<Api> {
    router
        .fallback(|| async {
            Problem::new(Code::NoSuchRoute, "there is no such route: see /v1/openapi.json")
        })
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::NoSuchMethod, "this route has no such method: see /v1/openapi.json")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(limited))
        .layer(from_fn(told))
}

async fn limited(request: Request, next: Next) -> Response {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > TARGET_BYTES_MAX {
        let detail = format!("path and query have {target} bytes: at most {TARGET_BYTES_MAX} are read");
        return Problem::new(Code::TooLong, detail).into_response();
    }
    next.run(request).await
}

/// The log has the route and never the address: an id or a parameter has no place in it.
async fn told(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let request_id = match request.extensions().get() {
        Some(RequestContext::ApiGatewayV2(gateway)) => gateway.request_id.clone().unwrap_or_default(),
        _ => String::new(),
    };
    let began = Instant::now();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // What is answered is about people: nobody on the way keeps it, and no browser guesses what it is.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (status, route) = (response.status().as_u16(), route.as_deref().unwrap_or("-"));
    tracing::info!(request_id, %method, route, status, took_ms, "request answered");
    response
}
