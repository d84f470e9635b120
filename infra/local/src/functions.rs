//! The functions as the dispatcher calls them: the same handlers, with the same JSON, as on AWS.

use crate::queue::{Handler, HandlerError};
use async_trait::async_trait;
use serde_json::Value;
use trustwatch_pipeline::Context;

/// `normalise`.
pub(crate) struct Normalise(pub(crate) trustwatch_normalise::Function);

#[async_trait]
impl Handler for Normalise {
    async fn call(&self, event: Value) -> Result<Value, HandlerError> {
        let event = serde_json::from_value(event).map_err(envelope)?;
        let answer = trustwatch_normalise::handle(event, &self.0).await;
        serde_json::to_value(answer).map_err(envelope)
    }
}

/// `classify`.
pub(crate) struct Classify(pub(crate) Context);

#[async_trait]
impl Handler for Classify {
    async fn call(&self, event: Value) -> Result<Value, HandlerError> {
        let event = serde_json::from_value(event).map_err(envelope)?;
        serde_json::to_value(trustwatch_classify::handle(event, &self.0).await).map_err(envelope)
    }
}

/// `compact`.
pub(crate) struct Compact(pub(crate) Context);

#[async_trait]
impl Handler for Compact {
    async fn call(&self, event: Value) -> Result<Value, HandlerError> {
        let job = serde_json::from_value(event).map_err(envelope)?;
        let done = trustwatch_compact::handle(job, &self.0).await;
        let done = done.map_err(|error| HandlerError::new("StepError", error.to_string()))?;
        serde_json::to_value(done).map_err(envelope)
    }
}

fn envelope(error: serde_json::Error) -> HandlerError {
    HandlerError::new("Envelope", error.to_string())
}
