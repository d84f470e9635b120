//! The function `api`: the JSON API over HTTP.

use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// The answer of `GET /v1/health`.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// `ok` when the function can answer.
    pub status: &'static str,
    /// Version of this build.
    pub version: &'static str,
}

/// All routes.
pub fn router() -> Router {
    Router::new().route("/v1/health", get(health))
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
