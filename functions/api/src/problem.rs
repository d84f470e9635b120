//! Refusals: problem details (RFC 9457) with a `code` for programs and a `detail` for people.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use trustwatch_casework::ReviewError;
use trustwatch_pipeline::{Disposition, RequestError, SignInError, StepError};
use utoipa::ToSchema;

/// Why a request was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: `code` tells problems apart.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// A word for programs.
    #[schema(example = "no_such_alert")]
    code: &'static str,
    /// What is wrong and what to do.
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or_default();
        Self { r#type: "about:blank", title, status: status.as_u16(), code, detail: detail.into() }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        let detail = error.to_string();
        let (status, code) = match error {
            RequestError::NoSuchAlert => (StatusCode::NOT_FOUND, "no_such_alert"),
            RequestError::NoSuchSchool => (StatusCode::NOT_FOUND, "no_such_school"),
            RequestError::NoQueue => (StatusCode::FORBIDDEN, "no_queue"),
            RequestError::NoLogin => (StatusCode::FORBIDDEN, "no_login"),
            RequestError::Cursor(_) => (StatusCode::BAD_REQUEST, "bad_cursor"),
            RequestError::Review(review) => of_review(review),
            RequestError::Step(step) => return step.into(),
        };
        Self::new(status, code, detail)
    }
}

const fn of_review(error: ReviewError) -> (StatusCode, &'static str) {
    match error {
        ReviewError::Stale { .. } => (StatusCode::PRECONDITION_FAILED, "stale"),
        ReviewError::NewEvidence { .. } => (StatusCode::CONFLICT, "new_evidence"),
        ReviewError::NoEpisode => (StatusCode::CONFLICT, "no_episode"),
        ReviewError::Impossible { .. } => (StatusCode::CONFLICT, "impossible"),
        ReviewError::AlreadyYours => (StatusCode::CONFLICT, "already_yours"),
    }
}

/// A fault of ours or of what we stand on: told to the log, not to the caller.
impl From<StepError> for Problem {
    fn from(error: StepError) -> Self {
        let (step, cause) = (error.step, &error.cause);
        if error.disposition == Disposition::Bug {
            tracing::error!(step, %cause, "a request failed");
            let detail = "this is a fault of trustwatch: trust IT finds it in the function's log";
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", detail)
        } else {
            tracing::warn!(step, %cause, "a request could not be answered now");
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_now", "this cannot be answered now: try again")
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Access(error) => Self::new(StatusCode::FORBIDDEN, "no_role", error.to_string()),
            SignInError::NoMap => Self::new(StatusCode::FORBIDDEN, "no_role", error.to_string()),
            SignInError::Map(mistakes) => {
                tracing::error!(%mistakes, "the group map is not used");
                let detail = "the group map of this system has mistakes: trust IT finds them in the log";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_now", detail)
            }
            SignInError::Step(error) => error.into(),
        }
    }
}
