//! The routes. Each is a line of the router in the crate's root and says here what it answers.

use crate::answer::{Alerts, Detail, Feed, Feeds, Health, Me, School, Schools, Standing};
use crate::asked::{AlertsAsked, Body, FeedsAsked, Parameters, TransitionAsked};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::refusal::{Code, OfAlert, OfAlerts, OfAnybody, OfFeeds, OfStep};
use crate::{Api, description};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::IntoResponse;
use trustwatch_access::{Action, Decision, IfMatchError, Resource, Revisions};
use trustwatch_casework::{Alert, Revs};
use trustwatch_model::AlertId;
use trustwatch_pipeline::{
    LIMIT_MAX, RequestError, change_alert, feed_health, list_alerts, read_alert, unroutable_health,
    visible_schools,
};

/// Files set aside that are named for a feed: the last ones.
const SET_ASIDE_SHOWN: u16 = 20;

/// Alerts of a page when none says how many.
pub const PAGE_DEFAULT: usize = 50;

/// Whether the API can answer
#[utoipa::path(get, path = "/v1/health", responses((status = 200, body = Health)))]
pub(crate) async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// This description
#[utoipa::path(get, path = "/v1/openapi.json", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(description())
}

/// Who you are here, and what you were granted
#[utoipa::path(get, path = "/v1/me", security(("token" = [])), responses(
    (status = 200, body = Me),
    OfAnybody,
))]
pub(crate) async fn me(caller: Caller) -> Json<Me> {
    Json(Me::from(&caller.principal))
}

/// The schools that you may see
#[utoipa::path(get, path = "/v1/schools", security(("token" = [])), responses(
    (status = 200, body = Schools),
    OfAnybody,
))]
pub(crate) async fn schools(State(api): State<Api>, caller: Caller) -> Result<Json<Schools>, Problem> {
    let visible = visible_schools(&api.context, &caller.request(&api), None).await?;
    let schools = visible.iter().map(|id| School { id: id.to_string() }).collect();
    Ok(Json(Schools { schools }))
}

/// How feeds are: what they delivered, and what could not be read
#[utoipa::path(get, path = "/v1/feeds", params(FeedsAsked), security(("token" = [])), responses(
    (status = 200, body = Feeds),
    OfFeeds,
))]
pub(crate) async fn feeds(
    State(api): State<Api>,
    caller: Caller,
    Parameters(asked): Parameters<FeedsAsked>,
) -> Result<Json<Feeds>, Problem> {
    let may = |action, resource: &Resource| {
        api.authoriser.authorise(&caller.principal, action, resource) == Decision::Allow
    };
    let only = asked.school()?;
    let visible = visible_schools(&api.context, &caller.request(&api), only.as_ref()).await?;
    let mut feeds: Option<Vec<Feed>> = None;
    for school in visible {
        if may(Action::ReadFeeds, &Resource::School(school.clone())) {
            let found = feed_health(&api.context, &school, SET_ASIDE_SHOWN).await?;
            feeds.get_or_insert_default().extend(found.into_iter().map(Feed::from));
        }
    }
    let unroutable = if only.is_none() && may(Action::ReadUnroutable, &Resource::Trust) {
        Some(unroutable_health(&api.context, SET_ASIDE_SHOWN).await?.into_iter().map(Feed::from).collect())
    } else {
        None
    };
    if feeds.is_none() && unroutable.is_none() {
        let detail = "your roles do not look after feeds: ask trust IT if they should";
        return Err(Problem::new(Code::NoFeeds, detail));
    }
    Ok(Json(Feeds { feeds: feeds.unwrap_or_default(), unroutable }))
}

/// The alerts that you may see: the most severe first, of these the oldest first
#[utoipa::path(get, path = "/v1/alerts", params(AlertsAsked), security(("token" = [])), responses(
    (status = 200, body = Alerts),
    OfAlerts,
))]
pub(crate) async fn alerts(
    State(api): State<Api>,
    caller: Caller,
    Parameters(asked): Parameters<AlertsAsked>,
) -> Result<Json<Alerts>, Problem> {
    let (filter, limit) = (asked.filter()?, asked.limit(PAGE_DEFAULT, LIMIT_MAX)?);
    let page = list_alerts(&api.context, &caller.request(&api), &filter, limit, asked.cursor()).await?;
    Ok(Json(Alerts::from(page)))
}

/// An alert with its evidence
///
/// The `ETag` says what you have seen: a step on the alert needs it as `If-Match`.
#[utoipa::path(get, path = "/v1/alerts/{id}", params(("id" = String, Path, description = "Id of the alert")),
    security(("token" = [])), responses(
    (status = 200, body = Detail, headers(("ETag" = String, description = "Revisions of review and evidence"))),
    OfAlert,
))]
pub(crate) async fn alert(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<impl IntoResponse, Problem> {
    let id = alert_id(id)?;
    let view = read_alert(&api.context, &caller.request(&api), &id).await?;
    let tag = tag(&view.alert);
    Ok(([(header::ETAG, tag)], Json(Detail::from(view))))
}

/// Take a step on an alert: acknowledge it, close it with an outcome, or open it again
#[utoipa::path(post, path = "/v1/alerts/{id}/transitions",
    params(
        ("id" = String, Path, description = "Id of the alert"),
        ("If-Match" = String, Header, description = "The `ETag` that the alert was read with"),
    ),
    request_body = TransitionAsked, security(("token" = [])), responses(
    (status = 200, body = Standing, headers(("ETag" = String, description = "Revisions of review and evidence"))),
    OfStep,
))]
pub(crate) async fn transition(
    State(api): State<Api>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    Body(asked): Body<TransitionAsked>,
) -> Result<impl IntoResponse, Problem> {
    let (id, seen) = (alert_id(id)?, seen(&headers)?);
    let request = caller.request(&api);
    let (row, alert) = change_alert(&api.context, &request, &id, asked.into(), seen).await?;
    Ok(([(header::ETAG, tag(&alert))], Json(Standing::of(&id, &row, &alert))))
}

/// A text that is no id is answered like an id that does not exist.
fn alert_id(asked: Result<Path<String>, PathRejection>) -> Result<AlertId, Problem> {
    let id = asked.ok().and_then(|Path(text)| AlertId::parse(&text));
    id.ok_or_else(|| RequestError::NoSuchAlert.into())
}

fn tag(alert: &Alert) -> HeaderValue {
    let revisions = Revisions { review_rev: alert.review_rev, evidence_rev: alert.evidence_rev };
    // Digits, a dash and quotes.
    HeaderValue::from_str(&revisions.to_string()).unwrap_or(HeaderValue::from_static(""))
}

fn seen(headers: &HeaderMap) -> Result<Revs, Problem> {
    let mut given = headers.get_all(header::IF_MATCH).iter();
    let value = match (given.next(), given.next()) {
        (Some(value), None) => value.to_str().map(Some).map_err(|_| IfMatchError::Malformed),
        (Some(_), Some(_)) => Err(IfMatchError::Several),
        (None, _) => Ok(None),
    };
    let revisions = value.and_then(Revisions::from_if_match).map_err(|error| {
        let code = match error {
            IfMatchError::Missing => Code::IfMatchMissing,
            _ => Code::IfMatch,
        };
        Problem::new(code, error.to_string())
    })?;
    Ok(Revs { review: revisions.review_rev, evidence: revisions.evidence_rev })
}
