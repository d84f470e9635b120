//! The functions as the dispatcher calls them: the same handlers, with the same JSON, as on AWS.

use crate::queue::{EventSource, Handler, HandlerError, ObjectEvent, SourceError};
use crate::s3::S3Store;
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;
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

/// The outbox of the S3 server, as the dispatcher reads it.
pub(crate) struct Outbox(pub(crate) Arc<S3Store>);

#[async_trait]
impl EventSource for Outbox {
    async fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<ObjectEvent>, SourceError> {
        let events = self.0.events_after(sequence, limit).await;
        let events = events.map_err(|error| SourceError(error.to_string()))?;
        Ok(events
            .into_iter()
            .map(|event| ObjectEvent {
                sequence: event.sequence,
                event_name: event.kind.name(),
                bucket: event.bucket,
                key: event.key,
                version_id: event.version_id,
                bytes: event.bytes,
                etag: event.etag,
                event_time: event.event_time,
            })
            .collect())
    }

    async fn acknowledge(&self, up_to: u64) -> Result<(), SourceError> {
        self.0.acknowledge_events(up_to).await.map_err(|error| SourceError(error.to_string()))
    }

    async fn notified(&self) {
        self.0.event_notify().notified().await;
    }
}
