//! Who calls: from the context that the gateway gives a request, and from nothing else in it.

use crate::Api;
use crate::problem::Problem;
use crate::refusal::Code;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use lambda_http::request::RequestContext;
use std::collections::BTreeMap;
use std::sync::Arc;
use trustwatch_access::{GroupMap, Principal};
use trustwatch_pipeline::{Request, SignedIn, sign_in};

/// A person who has a role here, and the request that they make.
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    groups: Arc<GroupMap>,
    request_id: String,
}

impl Caller {
    pub(crate) fn request<'a>(&'a self, api: &'a Api) -> Request<'a> {
        Request {
            principal: &self.principal,
            groups: &self.groups,
            authoriser: &api.authoriser,
            id: &self.request_id,
        }
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let unverified = || Problem::new(Code::NoToken, "the request needs a token");
        let Some(RequestContext::ApiGatewayV2(gateway)) = parts.extensions.get() else {
            return Err(unverified());
        };
        let request_id = gateway.request_id.clone().ok_or_else(unverified)?;
        let jwt = gateway.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref());
        let claims = jwt.map(|jwt| jwt.claims.clone()).ok_or_else(unverified)?;
        let claims: BTreeMap<String, String> = claims.into_iter().collect();
        let SignedIn { principal, groups } = sign_in(&api.context, &claims).await?;
        Ok(Self { principal, groups, request_id })
    }
}
