//! What a request asks for, read strictly: what is not known, or not of its form, is refused with a word on what was
//! expected.

use crate::problem::Problem;
use crate::refusal::Code;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Json, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use trustwatch_casework::{Outcome, Status, Transition};
use trustwatch_model::{SchoolId, Severity};
use trustwatch_pipeline::AlertFilter;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

/// Parameters behind `?`.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let asked = Query::<T>::from_request_parts(parts, state).await;
        asked.map(|Query(asked)| Self(asked)).map_err(|error: QueryRejection| {
            Problem::new(Code::BadRequest, format!("the parameters cannot be read: {}", error.body_text()))
        })
    }
}

/// A body in JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Json::<T>::from_request(request, state).await;
        body.map(|Json(body)| Self(body)).map_err(|error: JsonRejection| {
            let code = match error.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
                StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::NotJson,
                StatusCode::UNPROCESSABLE_ENTITY => Code::BadBody,
                _ => Code::BadRequest,
            };
            // The text names fields and places, and repeats what was sent to whoever sent it.
            Problem::new(code, error.body_text())
        })
    }
}

/// Which feeds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeedsAsked {
    /// Of this school; without, of every school that you may see.
    #[param(example = "oak")]
    school: Option<String>,
}

impl FeedsAsked {
    pub(crate) fn school(&self) -> Result<Option<SchoolId>, Problem> {
        school(self.school.as_deref())
    }
}

/// Which alerts, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsAsked {
    /// Of this school; without, of every school that you may see.
    #[param(example = "oak")]
    school: Option<String>,
    /// In this status; without, those that wait to be closed: `open` and `acknowledged`.
    #[param(inline)]
    status: Option<StatusWord>,
    /// Of these severities, 1 to 5, parted by commas; without, all.
    #[param(example = "5,4", pattern = "^[1-5](,[1-5])*$")]
    severity: Option<String>,
    /// Opened then or later: an RFC 3339 time, or a date, which begins at midnight in London.
    #[param(example = "2026-10-19T09:00:00Z", format = DateTime)]
    from: Option<String>,
    /// Opened before: an RFC 3339 time, or a date, whose whole day is left out.
    #[param(example = "2026-10-26T09:00:00Z", format = DateTime)]
    to: Option<String>,
    /// Most alerts of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// `next` of the page before, with all other parameters as they were.
    cursor: Option<String>,
}

/// Where the work on an alert stands.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusWord {
    Open,
    Acknowledged,
    Closed,
}

impl AlertsAsked {
    pub(crate) fn filter(&self) -> Result<AlertFilter, Problem> {
        let statuses = match self.status {
            None => vec![Status::Open, Status::Acknowledged],
            Some(StatusWord::Open) => vec![Status::Open],
            Some(StatusWord::Acknowledged) => vec![Status::Acknowledged],
            Some(StatusWord::Closed) => vec![Status::Closed],
        };
        let (from, to) = (instant("from", self.from.as_deref())?, instant("to", self.to.as_deref())?);
        Ok(AlertFilter {
            school: school(self.school.as_deref())?,
            statuses,
            severities: severities(self.severity.as_deref())?,
            opened_from_ms: from.unwrap_or(0),
            opened_to_ms: to.unwrap_or(i64::MAX),
        })
    }

    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(default);
        let fits = (1..=most).contains(&limit);
        fits.then_some(limit)
            .ok_or_else(|| Problem::new(Code::BadRequest, format!("`limit` is `{limit}`: use 1 to {most}")))
    }

    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

/// A text that is no school's id is answered like a school that does not exist.
fn school(text: Option<&str>) -> Result<Option<SchoolId>, Problem> {
    let no_such = |_| trustwatch_pipeline::RequestError::NoSuchSchool.into();
    text.map(SchoolId::new).transpose().map_err(no_such)
}

fn severities(text: Option<&str>) -> Result<BTreeSet<Severity>, Problem> {
    let text = text.unwrap_or("1,2,3,4,5");
    let levels = text.split(',').map(|level| level.parse().ok().and_then(Severity::new));
    levels.collect::<Option<_>>().ok_or_else(|| {
        Problem::new(
            Code::BadRequest,
            format!("`severity` is `{text}`: expected numbers from 1 to 5 like `4,5`"),
        )
    })
}

/// Milliseconds since 1970 UTC.
fn instant(name: &str, text: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let day = || {
        let date = text.parse::<Date>().ok().filter(|_| text.len() == "2026-10-19".len())?;
        let midnight = date.to_zoned(TimeZone::get("Europe/London").ok()?).ok()?;
        Some(midnight.timestamp())
    };
    let at = text.parse::<Timestamp>().ok().or_else(day);
    let expected = "a time like 2026-10-19T09:00:00Z or a date like 2026-10-19";
    let at = at.ok_or_else(|| {
        Problem::new(Code::BadRequest, format!("`{name}` is `{text}`: expected {expected}"))
    })?;
    Ok(Some(at.as_millisecond()))
}

/// A reviewer's step.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(tag = "transition", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TransitionAsked {
    /// Take the alert.
    Acknowledge {},
    /// Close it.
    Close {
        /// What came of it.
        outcome: OutcomeWord,
    },
    /// Open a closed one again.
    Reopen {},
}

impl TransitionAsked {
    /// Says in the description that a step has no other fields: what serde refuses for variants, utoipa tells of
    /// structs alone.
    pub(crate) fn close(description: &mut OpenApi) {
        let components = description.components.as_mut();
        let schema = components.and_then(|components| components.schemas.get_mut(&*Self::name()));
        if let Some(RefOr::T(Schema::OneOf(steps))) = schema {
            for step in &mut steps.items {
                if let RefOr::T(Schema::Object(step)) = step {
                    step.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
                }
            }
        }
    }
}

/// What came of an alert.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeWord {
    /// Nothing of the kind happened.
    FalsePositive,
    /// It happened and needs nothing.
    NoFurtherAction,
    /// It happened and was dealt with here.
    Confirmed,
    /// Somebody else goes on with it, in another system or service.
    HandedOver,
}

impl From<TransitionAsked> for Transition {
    fn from(asked: TransitionAsked) -> Self {
        match asked {
            TransitionAsked::Acknowledge {} => Self::Acknowledge,
            TransitionAsked::Reopen {} => Self::Reopen,
            TransitionAsked::Close { outcome } => Self::Close(match outcome {
                OutcomeWord::FalsePositive => Outcome::FalsePositive,
                OutcomeWord::NoFurtherAction => Outcome::NoFurtherAction,
                OutcomeWord::Confirmed => Outcome::Confirmed,
                OutcomeWord::HandedOver => Outcome::HandedOver,
            }),
        }
    }
}
