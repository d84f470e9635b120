//! The API as people reach it: through the gateway, with tokens of the development issuer, without a socket between.

use crate::system::System;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, header};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::SocketAddr;
use tempfile::TempDir;
use tower::ServiceExt as _;
use trustwatch_local::gateway::{self, AUDIENCE, Issuer};
use trustwatch_pipeline::{Context, put_group_map};

/// Where the issuer says that it is.
const URL: &str = "http://issuer.example";

/// Roles that are held at schools.
pub const SCHOOL_ROLES: [&str; 5] = ["school_it", "dsl", "head", "deputy_head", "governor"];
/// Roles of the whole trust.
pub const TRUST_ROLES: [&str; 4] = ["trust_it", "trust_lead", "dpo", "chair"];

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body; `null` where it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The word for programs of a problem.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The tag that a step needs.
    #[must_use]
    pub fn tag(&self) -> String {
        self.headers[header::ETAG].to_str().unwrap().to_owned()
    }
}

/// The API over a system, and the issuer of its tokens.
pub struct Desk {
    router: Router,
    issuer: Issuer,
    now_s: Box<dyn Fn() -> i64 + Send + Sync>,
    _data: TempDir,
}

impl Desk {
    /// With every role at the schools oak and elm in the group map.
    pub async fn over(system: &System) -> Self {
        Self::of(system, system.context()).await
    }

    /// The same with the API's own way to the store, which a test may stand in.
    pub async fn of(system: &System, context: Context) -> Self {
        put_group_map(&system.context(), |_| groups()).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let issuer = Issuer::open(data.path()).unwrap();
        let api = trustwatch_api::router(trustwatch_api::Api::new(context.clone()).unwrap());
        let router = gateway::router(api, &issuer, URL, context.clock.clone());
        let now_s = Box::new(move || (context.clock)().as_second());
        Self { router, issuer, now_s, _data: data }
    }

    /// A token of somebody with these groups, and a login that may be one that logs know.
    #[must_use]
    pub fn token(&self, groups: &[&str], login: Option<&str>) -> String {
        let name = login.map_or_else(|| groups.join("+"), str::to_owned);
        self.signed(json!({ "groups": groups, "sub": format!("person-{name}"), "preferred_username": name }))
    }

    /// A token with these claims beside those that each has.
    #[must_use]
    pub fn signed(&self, claims: Value) -> String {
        let now_s = (self.now_s)();
        let mut all =
            json!({ "iss": URL, "aud": AUDIENCE, "iat": now_s, "nbf": now_s, "exp": now_s + 3_600 });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.issuer.sign(&all).unwrap()
    }

    /// A token of somebody with one role at oak, or in the trust.
    #[must_use]
    pub fn oak(&self, role: &str) -> String {
        self.token(&[&group(role, "oak")], None)
    }

    /// Sends a request with these headers.
    pub async fn send(&self, line: &str, token: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(format!("http://api.example{target}"));
        request = request.header(header::HOST, "api.example");
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Asks.
    pub async fn get(&self, target: &str, token: &str) -> Answer {
        self.send(&format!("GET {target}"), token, &[], "").await
    }

    /// Takes a step on an alert that was seen at a tag.
    pub async fn step(&self, id: &str, token: &str, tag: &str, step: Value) -> Answer {
        let headers = [("if-match", tag), ("content-type", "application/json")];
        self.send(&format!("POST /v1/alerts/{id}/transitions"), token, &headers, &step.to_string()).await
    }

    /// The alerts that somebody sees in one status.
    pub async fn listed(&self, token: &str, status: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/alerts?status={status}&limit=200"), token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["alerts"].as_array().unwrap().clone()
    }
}

/// The group of a role: the school counts for roles of schools.
#[must_use]
pub fn group(role: &str, school: &str) -> String {
    if SCHOOL_ROLES.contains(&role) { format!("{role}-{school}") } else { role.to_owned() }
}

fn groups() -> String {
    let mut map = "groups:\n".to_owned();
    for role in SCHOOL_ROLES {
        for school in ["oak", "elm"] {
            let _ = writeln!(map, "  {role}-{school}: {{role: {role}, schools: [{school}]}}");
        }
    }
    for role in TRUST_ROLES {
        let _ = writeln!(map, "  {role}: {{role: {role}, schools: all}}");
    }
    map
}
