//! What a feed shows of itself: counters that change once per source, and the latest of what happened.

use crate::error::unless_changed;
use crate::ledger::{Item, get_number, get_text, number, text};
use crate::{Store, StoreError};
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use std::collections::BTreeMap;

/// What one source adds to the counters of its feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// School, or `_unroutable`.
    pub school: String,
    /// Feed, or `_unroutable`.
    pub feed: String,
    /// UTC day of its arrival, `YYYY-MM-DD`, for the quota.
    pub arrived: String,
    /// Stored bytes.
    pub bytes: u64,
    /// Counters by name: `objects`, `lines`, `events`, `rejects_malformed`, ….
    pub counts: BTreeMap<String, u64>,
}

/// The latest of a kind, so that it does not matter in which order things come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// `object` or `quarantine`.
    pub kind: &'static str,
    /// When: microseconds since 1970 UTC.
    pub at: i64,
    /// Source; settles which is the latest when two are of the same time.
    pub source_id: String,
    /// What to show.
    pub detail: String,
}

/// A feed as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeedItem {
    /// School.
    pub school: String,
    /// Feed.
    pub feed: String,
    /// Counters by name.
    pub counts: BTreeMap<String, u64>,
    /// Arrival of the latest object: microseconds since 1970 UTC.
    pub last_object_at: Option<i64>,
    /// What became of it: `complete`, `quarantined`, or what to set for a header that is not known.
    pub last_object: Option<String>,
    /// Arrival of the latest object that was set aside.
    pub last_quarantine_at: Option<i64>,
    /// What was wrong with it and what to do.
    pub last_quarantine: Option<String>,
    /// Its source id.
    pub last_quarantine_source: Option<String>,
}

/// Counters are attributes of their own with this prefix, so that one update can add to many.
const COUNTER: &str = "n_";

impl Store {
    pub(crate) fn tally_updates(&self, tally: &Tally) -> Result<Vec<TransactWriteItem>, StoreError> {
        let fault = |_| StoreError::fault("finish", "Construction");
        let school = text(format!("SCHOOL#{}", tally.school));
        let mut updates = Vec::new();
        let mut adds = Vec::new();
        let mut feed = Update::builder()
            .table_name(&self.names.table)
            .key("PK", school.clone())
            .key("SK", text(format!("FEED#{}", tally.feed)));
        for (place, (name, count)) in tally.counts.iter().filter(|(_, count)| **count > 0).enumerate() {
            adds.push(format!("#n{place} :n{place}"));
            feed = feed
                .expression_attribute_names(format!("#n{place}"), format!("{COUNTER}{name}"))
                .expression_attribute_values(format!(":n{place}"), number(count));
        }
        if !adds.is_empty() {
            let feed = feed.update_expression(format!("ADD {}", adds.join(", "))).build().map_err(fault)?;
            updates.push(TransactWriteItem::builder().update(feed).build());
        }
        let quota = Update::builder()
            .table_name(&self.names.table)
            .key("PK", school)
            .key("SK", text(format!("QUOTA#{}", tally.arrived)))
            .update_expression("ADD bytes_used :bytes")
            .expression_attribute_values(":bytes", number(tally.bytes))
            .build()
            .map_err(fault)?;
        updates.push(TransactWriteItem::builder().update(quota).build());
        Ok(updates)
    }

    /// Shows this as the latest of its kind, unless something later is shown already.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn show_latest(&self, school: &str, feed: &str, latest: &Latest) -> Result<(), StoreError> {
        let kind = latest.kind;
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .key("PK", text(format!("SCHOOL#{school}")))
            .key("SK", text(format!("FEED#{feed}")))
            .condition_expression(
                "attribute_not_exists(#at) OR #at < :at OR (#at = :at AND #source < :source)",
            )
            .update_expression("SET #at = :at, #source = :source, #detail = :detail")
            .expression_attribute_names("#at", format!("last_{kind}_at"))
            .expression_attribute_names("#source", format!("last_{kind}_source"))
            .expression_attribute_names("#detail", format!("last_{kind}"))
            .expression_attribute_values(":at", number(latest.at))
            .expression_attribute_values(":source", text(&latest.source_id))
            .expression_attribute_values(":detail", text(&latest.detail));
        unless_changed(update.send().await.map_err(|error| StoreError::of("show_latest", error)))
    }

    /// Bytes of this school that arrived on this UTC day and were accounted for.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn quota_used(&self, school: &str, arrived: &str) -> Result<u64, StoreError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.names.table)
            .key("PK", text(format!("SCHOOL#{school}")))
            .key("SK", text(format!("QUOTA#{arrived}")))
            .send()
            .await
            .map_err(|error| StoreError::of("quota_used", error))?;
        Ok(answer.item.and_then(|item| get_number(&item, "bytes_used")).unwrap_or(0))
    }

    /// The feeds of a school that have delivered anything.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn feeds(&self, school: &str) -> Result<Vec<FeedItem>, StoreError> {
        let mut items = self
            .dynamodb
            .query()
            .table_name(&self.names.table)
            .key_condition_expression("PK = :school AND begins_with(SK, :feed)")
            .expression_attribute_values(":school", text(format!("SCHOOL#{school}")))
            .expression_attribute_values(":feed", text("FEED#"))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            found.push(feed_item(school, &item.map_err(|error| StoreError::of("feeds", error))?));
        }
        Ok(found)
    }
}

fn feed_item(school: &str, item: &Item) -> FeedItem {
    let counts = item
        .keys()
        .filter_map(|name| {
            let short = name.strip_prefix(COUNTER)?;
            Some((short.to_owned(), get_number(item, name)?))
        })
        .collect();
    FeedItem {
        school: school.to_owned(),
        feed: get_text(item, "SK").unwrap_or_default().trim_start_matches("FEED#").to_owned(),
        counts,
        last_object_at: get_number(item, "last_object_at"),
        last_object: get_text(item, "last_object"),
        last_quarantine_at: get_number(item, "last_quarantine_at"),
        last_quarantine: get_text(item, "last_quarantine"),
        last_quarantine_source: get_text(item, "last_quarantine_source"),
    }
}
