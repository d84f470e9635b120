//! The due index: rows of the ledger that somebody has to come back to. A row carries the message that tells a worker
//! to do so, whatever is left to be done for its source.

use crate::error::unless_changed;
use crate::ledger::{Item, get_number, get_text, ledger_key, number, text};
use crate::{DUE_INDEX, Store, StoreError};
use aws_sdk_dynamodb::types::AttributeValue;
use trustwatch_model::SourceId;

/// Rows that are due lie in this many partitions of the index.
const DUE_SHARDS: u32 = 4;

/// Rows of a page.
const PAGE: i32 = 100;

pub(crate) const SET_DUE: &str = ", due_shard = :due_shard, due_at = :due_at, due_message = :due_message";
pub(crate) const REMOVE_DUE: &str = " REMOVE due_shard, due_at, due_message";

/// When somebody has to come back to a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The message that is then queued.
    pub message: String,
}

impl Due {
    pub(crate) fn values(&self, source: &SourceId) -> [(&'static str, AttributeValue); 3] {
        [
            (":due_shard", text(shard(DueKind::Source, source.as_str()))),
            (":due_at", number(self.at_ms)),
            (":due_message", text(&self.message)),
        ]
    }
}

/// A row of the due index.
#[derive(Debug, Clone, PartialEq)]
pub struct DueRow {
    /// Source, as the row names it.
    pub source_id: String,
    /// When it is due, and the message.
    pub due: Due,
    /// Whether the stage is done, and a later step waits.
    pub is_finished: bool,
    key: Item,
}

/// Where to go on in the due index.
#[derive(Debug, Clone, Default)]
pub struct DuePlace {
    shard: u32,
    after: Option<Item>,
}

impl Store {
    /// One page of the rows that are due until a time, and where to go on. Begin at `DuePlace::default()`.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn due(
        &self,
        until_ms: i64,
        place: DuePlace,
    ) -> Result<(Vec<DueRow>, Option<DuePlace>), StoreError> {
        let DuePlace { shard, after } = place;
        let page = self
            .dynamodb
            .query()
            .table_name(&self.names.table)
            .index_name(DUE_INDEX)
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", text(partition(DueKind::Source, shard)))
            .expression_attribute_values(":until", number(until_ms))
            .limit(PAGE)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(|error| StoreError::of("due", error))?;
        let rows = page.items.unwrap_or_default().iter().map(due_row).collect();
        let next = match page.last_evaluated_key {
            Some(after) => Some(DuePlace { shard, after: Some(after) }),
            None => (shard + 1 < DUE_SHARDS).then_some(DuePlace { shard: shard + 1, after: None }),
        };
        Ok((rows, next))
    }

    /// Puts a row off, unless it was taken out or put off by somebody else meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn put_off(&self, row: &DueRow, until_ms: i64) -> Result<(), StoreError> {
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .set_key(Some(row.key.clone()))
            .condition_expression("due_at = :seen")
            .update_expression("SET due_at = :until")
            .expression_attribute_values(":seen", number(row.due.at_ms))
            .expression_attribute_values(":until", number(until_ms));
        unless_changed(update.send().await.map_err(|error| StoreError::of("put_off", error)))
    }

    /// Takes a row out of the due index, because its later step is done.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn settle_due(&self, source: &SourceId, stage: &'static str) -> Result<(), StoreError> {
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .set_key(Some(ledger_key(source, stage)))
            // A ledger row that has expired since has left the index too.
            .condition_expression("attribute_exists(PK)")
            .update_expression(REMOVE_DUE);
        unless_changed(update.send().await.map_err(|error| StoreError::of("settle_due", error)))
    }
}

fn due_row(item: &Item) -> DueRow {
    let key = ["PK", "SK"].into_iter().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())));
    DueRow {
        source_id: get_text(item, "PK").unwrap_or_default().trim_start_matches("SRC#").to_owned(),
        due: Due {
            at_ms: get_number(item, "due_at").unwrap_or(0),
            message: get_text(item, "due_message").unwrap_or_default(),
        },
        is_finished: get_text(item, "state").as_deref() == Some("done"),
        key: key.collect(),
    }
}

/// What kind of work is due: each kind has partitions of its own in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DueKind {
    /// A source.
    Source,
    /// Something to send.
    Notify,
}

/// The partition of an id, which is hex digits of a hash: any digit spreads them evenly.
pub(crate) fn shard(kind: DueKind, id: &str) -> String {
    let digit = id.chars().next().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    partition(kind, digit % DUE_SHARDS)
}

fn partition(kind: DueKind, shard: u32) -> String {
    let kind = match kind {
        DueKind::Source => "source",
        DueKind::Notify => "notify",
    };
    format!("{kind}#{shard}")
}
