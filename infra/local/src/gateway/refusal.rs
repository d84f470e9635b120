//! What the gateway itself answers when it does not pass a request on (RFC 9457, problem details; RFC 6750,
//! section 3, the challenge).

use super::verifier::Unauthorised;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": detail });
    (status, [(header::CONTENT_TYPE, PROBLEM)], body.to_string()).into_response()
}

/// 401: the token is missing, or does not hold.
pub(super) fn unauthorised(reason: Unauthorised) -> Response {
    // A request without any token is told how to come back, not that its token is bad.
    let challenge = match reason {
        Unauthorised::Missing => "Bearer",
        _ => "Bearer error=\"invalid_token\"",
    };
    let mut response = problem(StatusCode::UNAUTHORIZED, "no_token", &reason.to_string());
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// 400: the address is none.
pub(super) fn bad_request() -> Response {
    problem(StatusCode::BAD_REQUEST, "bad_request", "the host or the path of the request cannot be read")
}

/// 413: more than the function can take.
pub(super) fn too_large() -> Response {
    problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is cut off, or longer than 6 MiB")
}
