//! Refusals: problem details (RFC 9457) with a `code` for programs and a `detail` for people.

use crate::refusal::Code;
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
    code: Code,
    /// What is wrong and what to do.
    detail: String,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        let status = code.status();
        let title = status.canonical_reason().unwrap_or_default();
        Self { r#type: "about:blank", title, status: status.as_u16(), code, detail: detail.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
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
        let code = match error {
            RequestError::NoSuchAlert => Code::NoSuchAlert,
            RequestError::NoSuchSchool => Code::NoSuchSchool,
            RequestError::NoQueue => Code::NoQueue,
            RequestError::NoLogin => Code::NoLogin,
            RequestError::Cursor(_) => Code::BadCursor,
            RequestError::Review(review) => of_review(review),
            RequestError::Step(step) => return step.into(),
        };
        Self::new(code, detail)
    }
}

const fn of_review(error: ReviewError) -> Code {
    match error {
        ReviewError::Stale { .. } => Code::Stale,
        ReviewError::NewEvidence { .. } => Code::NewEvidence,
        ReviewError::NoEpisode => Code::NoEpisode,
        ReviewError::Impossible { .. } => Code::Impossible,
        ReviewError::AlreadyYours => Code::AlreadyYours,
    }
}

/// A fault of ours or of what we stand on: told to the log, not to the caller.
impl From<StepError> for Problem {
    fn from(error: StepError) -> Self {
        let (step, cause) = (error.step, error.why());
        if error.disposition == Disposition::Bug {
            tracing::error!(step, cause, "a request failed");
            Self::new(Code::Fault, "this is a fault of trustwatch: trust IT finds it in the function's log")
        } else {
            tracing::warn!(step, cause, "a request could not be answered now");
            Self::new(Code::NotNow, "this cannot be answered now: try again")
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Access(error) => Self::new(Code::NoRole, error.to_string()),
            SignInError::NoMap => Self::new(Code::NoRole, error.to_string()),
            SignInError::Map(mistakes) => {
                tracing::error!(%mistakes, "the group map is not used");
                let detail = "the group map of this system has mistakes: trust IT finds them in the log";
                Self::new(Code::NotNow, detail)
            }
            SignInError::Step(error) => error.into(),
        }
    }
}
