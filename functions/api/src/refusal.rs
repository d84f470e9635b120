//! The words of refusals, each with its status, and which of them a route may answer.

use crate::problem::Problem;
use axum::http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Each word with its status and what it means.
macro_rules! codes {
    ($($code:ident $status:ident $meaning:literal,)+) => {
        /// A word for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$code => StatusCode::$status,)+
                }
            }

            const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => $meaning,)+
                }
            }
        }
    };
}

codes! {
    BadRequest BAD_REQUEST "The parameters or the body cannot be read",
    BadBody UNPROCESSABLE_ENTITY "The body is JSON, and no step",
    BadCursor BAD_REQUEST "The cursor is not of this list, or is older than a day: begin again without one",
    IfMatch BAD_REQUEST "`If-Match` is no tag that an alert was read with",
    IfMatchMissing PRECONDITION_REQUIRED "`If-Match` is missing",
    NoToken UNAUTHORIZED "The token is missing or does not hold",
    NoRole FORBIDDEN "No group of the caller has a role here",
    NoLogin FORBIDDEN "The token names no login, so that nobody can tell whose case is the caller's own",
    NoQueue FORBIDDEN "No role of the caller works alerts there",
    NoFeeds FORBIDDEN "No role of the caller looks after feeds there",
    NoSuchRoute NOT_FOUND "There is no such route",
    NoSuchMethod METHOD_NOT_ALLOWED "The route has no such method",
    NoSuchAlert NOT_FOUND "No such alert, or none that the caller may see",
    NoSuchSchool NOT_FOUND "No such school, or none that the caller may see",
    AlreadyYours CONFLICT "The caller took the alert before",
    Impossible CONFLICT "The step does not lead on from where the alert stands",
    NewEvidence CONFLICT "Evidence came in since the alert was read",
    NoEpisode CONFLICT "Nothing is open",
    Stale PRECONDITION_FAILED "Another reviewer was faster",
    TooLarge PAYLOAD_TOO_LARGE "The body is too long",
    TooLong URI_TOO_LONG "Path and query are too long",
    NotJson UNSUPPORTED_MEDIA_TYPE "The body is not said to be JSON",
    Fault INTERNAL_SERVER_ERROR "A fault of trustwatch",
    NotNow SERVICE_UNAVAILABLE "It cannot be answered now: try again",
}

/// What every route that needs a token may answer.
const EVERY: &[Code] = &[Code::NoToken, Code::NoRole, Code::TooLong, Code::Fault, Code::NotNow];

/// Each set of refusals with the routes that answer them.
macro_rules! refusals {
    ($($name:ident: $($code:ident)*;)+) => {
        $(
            pub(crate) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    described(&[$(Code::$code),*])
                }
            }
        )+
    };
}

refusals! {
    OfAnybody: ;
    OfFeeds: BadRequest NoFeeds NoSuchSchool;
    OfAlerts: BadRequest BadCursor NoQueue NoLogin NoSuchSchool;
    OfAlert: NoLogin NoSuchAlert;
    OfStep: BadRequest BadBody IfMatch IfMatchMissing NoLogin NoSuchAlert AlreadyYours Impossible NewEvidence NoEpisode
        Stale TooLarge NotJson;
}

fn described(own: &[Code]) -> BTreeMap<String, RefOr<Response>> {
    let mut meanings: BTreeMap<StatusCode, Vec<String>> = BTreeMap::new();
    for code in EVERY.iter().chain(own) {
        let word = serde_json::to_value(code).unwrap_or_default();
        let meaning = format!("`{}`: {}", word.as_str().unwrap_or_default(), code.meaning());
        meanings.entry(code.status()).or_default().push(meaning);
    }
    let response = |meanings: Vec<String>| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
        let response = ResponseBuilder::new().description(meanings.join(". "));
        RefOr::T(response.content("application/problem+json", content).build())
    };
    meanings.into_iter().map(|(status, meanings)| (status.as_str().to_owned(), response(meanings))).collect()
}
