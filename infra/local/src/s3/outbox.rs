//! Events of new objects, from the transaction of the object to the acknowledgement of the dispatcher.

use super::{
    S3Store,
    error::{Result, StoreError},
    index::NewVersion,
};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use std::sync::Arc;
use tokio::sync::Notify;

/// Which request made the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// `PutObject`.
    Put,
    /// `CopyObject`.
    Copy,
    /// `CompleteMultipartUpload`.
    CompleteMultipartUpload,
}

impl EventKind {
    const ALL: [Self; 3] = [Self::Put, Self::Copy, Self::CompleteMultipartUpload];

    /// The `eventName` of S3's notification message.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Put => "ObjectCreated:Put",
            Self::Copy => "ObjectCreated:Copy",
            Self::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
        }
    }
}

/// A new object that the dispatcher has not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The order of events; never used twice, also not after a restart.
    pub sequence: u64,
    /// Which request made the object.
    pub kind: EventKind,
    /// The bucket's name.
    pub bucket: String,
    /// The key as it is, not URL-encoded as in S3's notification message.
    pub key: String,
    /// The version id; `None` in a bucket that never had versioning, as in S3's own events.
    pub version_id: Option<String>,
    /// The size of the object.
    pub bytes: u64,
    /// The ETag without its quotes.
    pub etag: String,
    /// When the object was committed, UTC.
    pub event_time: Timestamp,
}

impl S3Store {
    /// Up to `limit` events after `sequence` (0 for all), oldest first.
    ///
    /// # Errors
    ///
    /// When the index cannot be read.
    pub async fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<ObjectEvent>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT sequence, kind, bucket, key, version_id, bytes, etag, event_ms FROM events
                 WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![i64::try_from(sequence).unwrap_or(i64::MAX), limit])?;
            let mut events = Vec::new();
            while let Some(row) = rows.next()? {
                let kind: String = row.get(1)?;
                let kind = EventKind::ALL.into_iter().find(|known| known.name() == kind);
                events.push(ObjectEvent {
                    sequence: row.get::<_, i64>(0)?.cast_unsigned(),
                    kind: kind.ok_or(StoreError::Damaged("the kind of an event"))?,
                    bucket: row.get(2)?,
                    key: row.get(3)?,
                    version_id: row.get(4)?,
                    bytes: row.get::<_, i64>(5)?.cast_unsigned(),
                    etag: row.get(6)?,
                    event_time: Timestamp::from_millisecond(row.get(7)?)
                        .map_err(|_| StoreError::Damaged("the time of an event"))?,
                });
            }
            Ok(events)
        })
        .await
    }

    /// Forgets the events up to and with `up_to`: they are safe with the caller, who had them from
    /// [`S3Store::events_after`]. An event that is not acknowledged comes again after a restart.
    ///
    /// # Errors
    ///
    /// When the index cannot be written.
    pub async fn acknowledge_events(&self, up_to: u64) -> Result<()> {
        let up_to = i64::try_from(up_to).unwrap_or(i64::MAX);
        let forget = move |connection: &Connection, _: &mut _| {
            connection.prepare_cached("DELETE FROM events WHERE sequence <= ?1")?.execute([up_to])?;
            Ok(())
        };
        self.writer.write(None, forget).await
    }

    /// Wakes one waiting dispatcher after each commit that made events. A wake that comes while nobody waits is
    /// kept; several may come as one, so read until [`S3Store::events_after`] returns nothing, then wait.
    #[must_use]
    pub fn event_notify(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }
}

/// Writes the event of `version` in its transaction.
pub(super) fn record(
    connection: &Connection,
    kind: EventKind,
    bucket: &str,
    version: &NewVersion,
    version_id: Option<&str>,
) -> Result<()> {
    let NewVersion { key, bytes, etag, modified_ms, .. } = version;
    connection
        .prepare_cached(
            "INSERT INTO events (kind, bucket, key, version_id, bytes, etag, event_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![kind.name(), bucket, key, version_id, bytes.cast_signed(), etag, modified_ms])?;
    Ok(())
}
