//! The outbox of the embedded S3 server as a source of events.

use async_trait::async_trait;

use super::pump::{EventSource, SourceError};
use super::s3_event::ObjectEvent;
use crate::s3::{S3Store, StoreError};

#[async_trait]
impl EventSource for S3Store {
    async fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<ObjectEvent>, SourceError> {
        let events = S3Store::events_after(self, sequence, limit).await?;
        let ours = events.into_iter().map(|event| ObjectEvent {
            sequence: event.sequence,
            event_name: event.kind.name(),
            bucket: event.bucket,
            key: event.key,
            version_id: event.version_id,
            bytes: event.bytes,
            etag: event.etag,
            event_time: event.event_time,
        });
        Ok(ours.collect())
    }

    async fn acknowledge(&self, up_to: u64) -> Result<(), SourceError> {
        Ok(self.acknowledge_events(up_to).await?)
    }

    async fn notified(&self) {
        self.event_notify().notified().await;
    }
}

impl From<StoreError> for SourceError {
    /// The store's errors speak of its files and codes, never of a bucket or a key, so their text may be logged.
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}
