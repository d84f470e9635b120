//! The function `api`: the JSON API over HTTP, version 1.
//!
//! The gateway has verified the token when a request comes here. Each route signs its caller in by the token's claims,
//! asks the access policies, and answers JSON, or a problem (RFC 9457) that says what to do. What a person's data is
//! in is audited before it is answered.

mod answer;
mod asked;
mod caller;
mod edge;
mod problem;
mod refusal;
mod routes;

use crate::asked::TransitionAsked;
use crate::problem::Problem;
use crate::refusal::Code;
use axum::Router;
use std::sync::Arc;
use trustwatch_access::{Authoriser, PolicyError};
use trustwatch_pipeline::Context;
use utoipa::OpenApi as _;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use edge::{BODY_BYTES_MAX, TARGET_BYTES_MAX};
pub use routes::PAGE_DEFAULT;

/// What the routes work with.
#[derive(Clone)]
pub struct Api {
    context: Context,
    authoriser: Arc<Authoriser>,
}

impl Api {
    /// Reads the access policies of this build.
    ///
    /// # Errors
    /// [`PolicyError`] when they do not parse.
    pub fn new(context: Context) -> Result<Self, PolicyError> {
        Ok(Self { context, authoriser: Arc::new(Authoriser::new()?) })
    }
}

/// The description of the API as a whole; routes describe themselves.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "trustwatch",
        description = "What the web filters of a multi-academy trust's schools logged, judged by one policy: alerts \
                   for those who safeguard, the state of feeds for those who run them. Every route but `health` and \
                   `openapi.json` needs a token of the trust's directory. Times are RFC 3339 in UTC."
    ),
    components(schemas(Problem, Code))
)]
struct Description;

fn described() -> OpenApiRouter<Api> {
    let mut description = Description::openapi();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = description.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    OpenApiRouter::with_openapi(description)
        .routes(routes!(routes::health))
        .routes(routes!(routes::openapi))
        .routes(routes!(routes::me))
        .routes(routes!(routes::schools))
        .routes(routes!(routes::feeds))
        .routes(routes!(routes::alerts))
        .routes(routes!(routes::alert))
        .routes(routes!(routes::transition))
}

/// The OpenAPI 3.1 description of the API.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    let mut description = described().into_openapi();
    TransitionAsked::close(&mut description);
    description
}

/// All routes.
pub fn router(api: Api) -> Router {
    let (router, _) = described().split_for_parts();
    edge::around(router).with_state(api)
}
