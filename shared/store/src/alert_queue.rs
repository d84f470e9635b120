//! Alerts in the queues that people read: entries of a sparse index, by partition and place.

use crate::alert::queue_item;
use crate::ledger::{Item, get_text, text};
use crate::{QueueItem, Store, StoreError};
use trustwatch_model::AlertId;

/// Name of the sparse index of queue entries: partition `queue`, sorted by `queue_order`.
pub const QUEUE_INDEX: &str = "queue";

/// An entry of a queue, with its alert. Entries of all queues are ordered by place, then alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueEntry {
    /// Place in the queue.
    pub order: String,
    /// Alert.
    pub alert: AlertId,
    /// What a list shows.
    pub row: String,
}

/// A stretch of a queue.
#[derive(Debug, Clone, Copy)]
pub struct QueueRange<'a> {
    /// Queue and status.
    pub partition: &'a str,
    /// The first place, counted in.
    pub first: &'a str,
    /// The last place, counted in.
    pub last: &'a str,
    /// Only entries behind this one.
    pub behind: Option<(&'a str, &'a AlertId)>,
}

impl Store {
    /// The first entries of a stretch, and whether there may be more: at least `entries_min` of them where there are
    /// so many, and never only a part of those that share a place. The index may lag behind a write by a moment.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn queue_range(
        &self,
        range: &QueueRange<'_>,
        entries_min: usize,
    ) -> Result<(Vec<QueueEntry>, bool), StoreError> {
        let first = range.behind.map_or(range.first, |(order, _)| order.max(range.first));
        let (mut found, mut next): (Vec<QueueEntry>, Option<Item>) = (Vec::new(), None);
        // A range that ends before it begins is refused by the table.
        if first > range.last {
            return Ok((found, false));
        }
        loop {
            let (page, more) = self.queue_page(range, first, entries_min, next).await?;
            let is_behind = |entry: &QueueEntry| {
                range.behind.is_none_or(|behind| (entry.order.as_str(), &entry.alert) > behind)
            };
            found.extend(page.into_iter().filter(is_behind));
            if more.is_none() {
                return Ok((found, false));
            }
            // Entries of one place may reach over the border of a page, in any order among themselves.
            let enough = found.get(entries_min.saturating_sub(1)).map(|entry| entry.order.clone());
            if let Some(enough) =
                enough.filter(|enough| found.last().is_some_and(|last| last.order > *enough))
            {
                found.retain(|entry| entry.order <= enough);
                return Ok((found, true));
            }
            next = more;
        }
    }

    async fn queue_page(
        &self,
        range: &QueueRange<'_>,
        first: &str,
        entries_min: usize,
        start: Option<Item>,
    ) -> Result<(Vec<QueueEntry>, Option<Item>), StoreError> {
        const VERB: &str = "queue_page";
        let page = self
            .dynamodb
            .query()
            .table_name(&self.names.table)
            .index_name(QUEUE_INDEX)
            .key_condition_expression("queue = :queue AND queue_order BETWEEN :first AND :last")
            .expression_attribute_values(":queue", text(range.partition))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(range.last))
            // One more tells whether the last place is whole.
            .limit(i32::try_from(entries_min).unwrap_or(i32::MAX).saturating_add(1))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::of(VERB, error))?;
        let entry = |item: &Item| {
            let alert = get_text(item, "PK").and_then(|key| AlertId::parse(key.strip_prefix("ALERT#")?));
            let alert = alert.ok_or_else(|| StoreError::fault(VERB, "AlertId"))?;
            let QueueItem { order, row, .. } = queue_item(item);
            Ok(QueueEntry { order, alert, row })
        };
        let entries = page.items.unwrap_or_default().iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        Ok((entries, page.last_evaluated_key))
    }
}
