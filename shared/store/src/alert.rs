//! Alert cells: what each source adds to one is put once, and the cell itself is written only as it was read.
//!
//! The state of a cell follows from its own contributions and from those of the cell of the next window. So every
//! contribution raises the revision of its own cell and of the cell before, in one transaction; and whoever writes
//! a cell does so on the condition that its revision is still the one that was read. A worker that read too early
//! can therefore not overwrite what a later one concluded.

use crate::audit::{AuditItem, AuditPlace};
use crate::due::{DueKind, shard};
use crate::error::failed_conditions;
use crate::ledger::{Item, get_number, get_text, number, text};
use crate::{PutOutcome, Store, StoreError};
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};
use futures::stream::{self, BoxStream, StreamExt as _};
use std::collections::BTreeMap;
use trustwatch_model::{AlertId, SourceId};

/// How often a put is tried again because the cell before came into being meanwhile.
const TRIES_MAX: usize = 5;

/// What one source adds to one cell.
#[derive(Debug, Clone)]
pub struct ContributionPut<'a> {
    /// Cell.
    pub cell: &'a AlertId,
    /// The cell of the window before, which has to be looked at again, too.
    pub before: &'a AlertId,
    /// What the cell is about. Only the first contribution writes it down.
    pub about: &'a str,
    /// Source.
    pub source: &'a SourceId,
    /// How often the source was judged again: a later generation replaces an earlier one.
    pub generation: u32,
    /// The contribution.
    pub body: &'a str,
}

/// A contribution as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContributionItem {
    /// Generation.
    pub generation: u32,
    /// The contribution.
    pub body: String,
}

/// A cell as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellItem {
    /// Raised by every write. 0 where there is no cell.
    pub rev: u64,
    /// What the cell is about.
    pub about: String,
    /// The alert, once something was concluded.
    pub alert: Option<String>,
    /// Contributions by source.
    pub contributions: BTreeMap<SourceId, ContributionItem>,
    /// Entries in queues, by name of the queue.
    pub queues: BTreeMap<String, QueueItem>,
}

/// An alert in a queue that people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItem {
    /// Partition of the queue: its name and the status.
    pub partition: String,
    /// Place in it, as text that sorts so.
    pub order: String,
    /// What a list shows.
    pub row: String,
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyItem {
    /// Name among those of the alert: `<episode>#<step>`.
    pub name: String,
    /// When: milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// A cell to write as it was concluded.
#[derive(Debug, Clone)]
pub struct CellWrite<'a> {
    /// Cell.
    pub cell: &'a AlertId,
    /// The cell as it was read.
    pub seen: &'a CellItem,
    /// The alert.
    pub alert: &'a str,
    /// The queues that it stands in from now on, by name; it leaves all others.
    pub queues: &'a BTreeMap<String, QueueItem>,
    /// What is to be sent.
    pub notify: &'a [NotifyItem],
    /// Who changed it; detection leaves no entry.
    pub audit: Option<&'a AuditItem>,
}

/// Whether a cell was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellWritten {
    /// Yes.
    Now,
    /// Somebody wrote it since it was read: read it again.
    Changed,
}

pub(crate) fn cell_key(cell: &AlertId, sort: impl Into<String>) -> Item {
    Item::from([("PK".to_owned(), text(format!("ALERT#{cell}"))), ("SK".to_owned(), text(sort))])
}

const META: &str = "META";
const SOURCE: &str = "SRC#";
pub(crate) const QUEUE: &str = "QUEUE#";

impl Store {
    /// Puts a contribution where there is none of this source, or one of an earlier generation.
    ///
    /// # Errors
    /// [`StoreError`] of a call. A cut-off call may have put: put again and take `Exists` as done.
    pub async fn put_contribution(&self, put: &ContributionPut<'_>) -> Result<PutOutcome, StoreError> {
        const VERB: &str = "put_contribution";
        for _ in 0..TRIES_MAX {
            let items = vec![
                self.contribution_itself(put)?,
                self.cell_touched(put)?,
                self.cell_before_touched(put, self.cell_exists(put.before).await?)?,
            ];
            let answer = self.dynamodb.transact_write_items().set_transact_items(Some(items)).send().await;
            let Err(error) = answer else { return Ok(PutOutcome::Created) };
            match failed_conditions(error.as_service_error()).as_slice() {
                [true, ..] => return Ok(PutOutcome::Exists),
                [_, _, true] => {}
                _ => return Err(StoreError::of(VERB, error)),
            }
        }
        Err(StoreError::contended(VERB))
    }

    fn contribution_itself(&self, put: &ContributionPut<'_>) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.names.table)
            .set_item(Some(cell_key(put.cell, format!("{SOURCE}{}", put.source))))
            .item("generation", number(put.generation))
            .item("body", text(put.body))
            .condition_expression("attribute_not_exists(PK) OR generation < :generation")
            .expression_attribute_values(":generation", number(put.generation))
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(construction)?).build())
    }

    fn cell_touched(&self, put: &ContributionPut<'_>) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.names.table)
            .set_key(Some(cell_key(put.cell, META)))
            .update_expression("SET about = if_not_exists(about, :about) ADD rev :one")
            .expression_attribute_values(":about", text(put.about))
            .expression_attribute_values(":one", number(1))
            .build();
        Ok(TransactWriteItem::builder().update(update.map_err(construction)?).build())
    }

    /// Raises the revision of the cell before, or makes sure that there still is none: a cell without contributions
    /// has no state that could change.
    fn cell_before_touched(
        &self,
        put: &ContributionPut<'_>,
        exists: bool,
    ) -> Result<TransactWriteItem, StoreError> {
        let (table, key) = (&self.names.table, cell_key(put.before, META));
        let item = TransactWriteItem::builder();
        Ok(if exists {
            let update = Update::builder()
                .table_name(table)
                .set_key(Some(key))
                .condition_expression("attribute_exists(PK)")
                .update_expression("ADD rev :one")
                .expression_attribute_values(":one", number(1));
            item.update(update.build().map_err(construction)?).build()
        } else {
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key))
                .condition_expression("attribute_not_exists(PK)");
            item.condition_check(check.build().map_err(construction)?).build()
        })
    }

    async fn cell_exists(&self, cell: &AlertId) -> Result<bool, StoreError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.names.table)
            .set_key(Some(cell_key(cell, META)))
            .consistent_read(true)
            .projection_expression("rev")
            .send()
            .await
            .map_err(|error| StoreError::of("cell_exists", error))?;
        Ok(answer.item.is_some())
    }

    /// Reads a cell with all its contributions, strongly. One that does not exist has revision 0.
    ///
    /// The cell's own item comes before its contributions, so that a revision is never newer than they are.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn cell(&self, cell: &AlertId) -> Result<CellItem, StoreError> {
        const VERB: &str = "cell";
        let mut items = self
            .dynamodb
            .query()
            .table_name(&self.names.table)
            // Past the audit trail, which only grows, and up to the last contribution.
            .key_condition_expression("PK = :cell AND SK BETWEEN :first AND :last")
            .expression_attribute_values(":cell", text(format!("ALERT#{cell}")))
            .expression_attribute_values(":first", text(META))
            .expression_attribute_values(":last", text(format!("{SOURCE}~")))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = CellItem::default();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| StoreError::of(VERB, error))?;
            let sort = get_text(&item, "SK").unwrap_or_default();
            if sort == META {
                found.rev = get_number(&item, "rev").unwrap_or(0);
                found.about = get_text(&item, "about").unwrap_or_default();
                found.alert = get_text(&item, "alert");
            } else if let Some(source) = sort.strip_prefix(SOURCE) {
                let source = SourceId::parse(source).ok_or_else(|| StoreError::fault(VERB, "SourceId"))?;
                found.contributions.insert(source, contribution_item(&item));
            } else if let Some(queue) = sort.strip_prefix(QUEUE) {
                found.queues.insert(queue.to_owned(), queue_item(&item));
            }
        }
        Ok(found)
    }

    /// Every contribution that says something, of all cells, in no order: for the proof, which looks at the whole table.
    pub fn all_contributions(&self) -> BoxStream<'_, Result<(AlertId, SourceId), StoreError>> {
        const VERB: &str = "all_contributions";
        let filter = "begins_with(PK, :alert) AND begins_with(SK, :source) AND body <> :nothing";
        let items =
            self.scan_alerts(VERB, filter, [(":alert", "ALERT#"), (":source", SOURCE), (":nothing", "")]);
        let named = |item: Item| {
            let source = get_text(&item, "SK").and_then(|key| SourceId::parse(key.strip_prefix(SOURCE)?));
            alert_named(&item).zip(source).ok_or_else(|| StoreError::fault(VERB, "Names"))
        };
        items.map(move |item| item.and_then(named)).boxed()
    }

    /// Every alert, in no order, once for its own item and once for each of its places in queues, one after the
    /// other: for the proof, which looks at the whole table.
    pub fn all_alerts(&self) -> BoxStream<'_, Result<AlertId, StoreError>> {
        const VERB: &str = "all_alerts";
        let filter = "begins_with(PK, :alert) AND (SK = :meta OR begins_with(SK, :queue))";
        let items =
            self.scan_alerts(VERB, filter, [(":alert", "ALERT#"), (":meta", META), (":queue", QUEUE)]);
        let named = |item: Item| alert_named(&item).ok_or_else(|| StoreError::fault(VERB, "Names"));
        items.map(move |item| item.and_then(named)).boxed()
    }

    fn scan_alerts(
        &self,
        verb: &'static str,
        filter: &str,
        values: [(&str, &str); 3],
    ) -> BoxStream<'_, Result<Item, StoreError>> {
        let scan = self.dynamodb.scan().table_name(&self.names.table).filter_expression(filter);
        let scan = values
            .into_iter()
            .fold(scan, |scan, (name, value)| scan.expression_attribute_values(name, text(value)));
        let items =
            scan.projection_expression("PK, SK").consistent_read(true).into_paginator().items().send();
        let items = stream::unfold(items, |mut items| async move { Some((items.next().await?, items)) });
        items.map(move |item| item.map_err(|error| StoreError::of(verb, error))).boxed()
    }

    /// Writes what was concluded of a cell, if nobody has written it since it was read: the alert, its places in
    /// queues, what is to be sent and who did it, in one transaction.
    ///
    /// # Errors
    /// [`StoreError`] of the call. A cut-off call may have written: read again.
    pub async fn write_cell(&self, write: &CellWrite<'_>) -> Result<CellWritten, StoreError> {
        let update = Update::builder()
            .table_name(&self.names.table)
            .set_key(Some(cell_key(write.cell, META)))
            .condition_expression("rev = :seen")
            .update_expression("SET alert = :alert ADD rev :one")
            .expression_attribute_values(":seen", number(write.seen.rev))
            .expression_attribute_values(":alert", text(write.alert))
            .expression_attribute_values(":one", number(1))
            .build()
            .map_err(construction)?;
        let mut items = vec![TransactWriteItem::builder().update(update).build()];
        for (name, item) in
            write.queues.iter().filter(|(name, item)| write.seen.queues.get(*name) != Some(*item))
        {
            items.push(self.queue_put(write.cell, name, item)?);
        }
        for name in write.seen.queues.keys().filter(|name| !write.queues.contains_key(*name)) {
            let key = cell_key(write.cell, format!("{QUEUE}{name}"));
            let delete = Delete::builder().table_name(&self.names.table).set_key(Some(key)).build();
            items.push(TransactWriteItem::builder().delete(delete.map_err(construction)?).build());
        }
        for item in write.notify {
            items.push(self.notify_put(write.cell, item)?);
        }
        if let Some(audit) = write.audit {
            items.push(self.audit_put(&AuditPlace::Alert(write.cell), audit)?);
        }
        let answer = self.dynamodb.transact_write_items().set_transact_items(Some(items)).send().await;
        match answer {
            Ok(_) => Ok(CellWritten::Now),
            Err(error) => match failed_conditions(error.as_service_error()).as_slice() {
                [true, ..] => Ok(CellWritten::Changed),
                _ => Err(StoreError::of("write_cell", error)),
            },
        }
    }

    fn queue_put(
        &self,
        cell: &AlertId,
        name: &str,
        item: &QueueItem,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.names.table)
            .set_item(Some(cell_key(cell, format!("{QUEUE}{name}"))))
            .item("queue", text(&item.partition))
            .item("queue_order", text(&item.order))
            .item("row", text(&item.row))
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(construction)?).build())
    }

    fn notify_put(&self, cell: &AlertId, item: &NotifyItem) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.names.table)
            .set_item(Some(cell_key(cell, format!("NOTIFY#{}", item.name))))
            .item("due_shard", text(shard(DueKind::Notify, cell.as_str())))
            .item("due_at", number(item.at_ms))
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(construction)?).build())
    }
}

pub(crate) fn construction(_: aws_smithy_types::error::operation::BuildError) -> StoreError {
    StoreError::fault("transaction", "Construction")
}

fn alert_named(item: &Item) -> Option<AlertId> {
    AlertId::parse(get_text(item, "PK")?.strip_prefix("ALERT#")?)
}

fn contribution_item(item: &Item) -> ContributionItem {
    ContributionItem {
        generation: get_number(item, "generation").unwrap_or(0),
        body: get_text(item, "body").unwrap_or_default(),
    }
}

pub(crate) fn queue_item(item: &Item) -> QueueItem {
    QueueItem {
        partition: get_text(item, "queue").unwrap_or_default(),
        order: get_text(item, "queue_order").unwrap_or_default(),
        row: get_text(item, "row").unwrap_or_default(),
    }
}
