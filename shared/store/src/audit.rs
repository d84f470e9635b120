//! Who looked at or changed what: one entry for each request, put before its answer is given.

use crate::alert::{cell_key, construction};
use crate::ledger::{Item, text};
use crate::{Store, StoreError};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use trustwatch_model::AlertId;

/// Where an entry belongs.
#[derive(Debug, Clone, Copy)]
pub enum AuditPlace<'a> {
    /// One alert was read or changed.
    Alert(&'a AlertId),
    /// A list was read, on this day (UTC, `YYYY-MM-DD`).
    Day(&'a str),
}

/// An entry. It is named by the request that caused it, so that a request leaves one, however often it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditItem {
    /// Time of the request (milliseconds since 1970 UTC) and its id, by which entries sort.
    pub name: String,
    /// Opaque id of the principal.
    pub by: String,
    /// What was done, as JSON. It names nobody but by their opaque ids.
    pub what: String,
}

impl Store {
    /// Puts an entry. Putting it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] of the call: what was to be audited must not be answered then.
    pub async fn put_audit(&self, place: &AuditPlace<'_>, item: &AuditItem) -> Result<(), StoreError> {
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.names.table)
            .set_item(Some(key(place, item)))
            .item("by", text(&item.by))
            .item("what", text(&item.what));
        put.send().await.map(|_| ()).map_err(|error| StoreError::of("put_audit", error))
    }

    /// The same, as a part of the transaction that changes what it tells of.
    pub(crate) fn audit_put(
        &self,
        place: &AuditPlace<'_>,
        item: &AuditItem,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.names.table)
            .set_item(Some(key(place, item)))
            .item("by", text(&item.by))
            .item("what", text(&item.what))
            .build();
        Ok(TransactWriteItem::builder().put(put.map_err(construction)?).build())
    }
}

fn key(place: &AuditPlace<'_>, item: &AuditItem) -> Item {
    let sort = format!("AUDIT#{}", item.name);
    match place {
        AuditPlace::Alert(alert) => cell_key(alert, sort),
        AuditPlace::Day(day) => {
            Item::from([("PK".to_owned(), text(format!("READS#{day}"))), ("SK".to_owned(), text(sort))])
        }
    }
}
