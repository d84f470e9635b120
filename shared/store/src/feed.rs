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

/// What became of an object, for its feed to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// When it arrived: microseconds since 1970 UTC.
    pub at: i64,
    /// Source; settles which is the later when two are of the same time.
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
}

/// Days that an object is shown as set aside: a school year and the summer after it. It is counted for good.
const SET_ASIDE_DAYS: i64 = 400;

/// Sort keys of what was set aside of a feed begin with this.
fn set_aside_of(feed: &str) -> String {
    format!("ASIDE#{feed}#")
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

    /// Shows this object as the latest of its feed, unless a later one is shown already: it does not matter in which
    /// order they come.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn show_latest(&self, school: &str, feed: &str, shown: &Shown) -> Result<(), StoreError> {
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .key("PK", text(format!("SCHOOL#{school}")))
            .key("SK", text(format!("FEED#{feed}")))
            .condition_expression(
                "attribute_not_exists(last_object_at) OR last_object_at < :at \
                 OR (last_object_at = :at AND last_object_source < :source)",
            )
            .update_expression(
                "SET last_object_at = :at, last_object_source = :source, last_object = :detail",
            )
            .expression_attribute_values(":at", number(shown.at))
            .expression_attribute_values(":source", text(&shown.source_id))
            .expression_attribute_values(":detail", text(&shown.detail));
        unless_changed(update.send().await.map_err(|error| StoreError::of("show_latest", error)))
    }

    /// Shows an object that was set aside: each has an item of its own, however often this is called.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn show_set_aside(&self, school: &str, feed: &str, shown: &Shown) -> Result<(), StoreError> {
        let place = format!("{}{:020}#{}", set_aside_of(feed), shown.at, shown.source_id);
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .key("PK", text(format!("SCHOOL#{school}")))
            .key("SK", text(place))
            .update_expression(
                "SET set_aside_at = :at, source_id = :source, detail = :detail, expires_at = :expires",
            )
            .expression_attribute_values(":at", number(shown.at))
            .expression_attribute_values(":source", text(&shown.source_id))
            .expression_attribute_values(":detail", text(&shown.detail))
            .expression_attribute_values(":expires", number(shown.at / 1_000_000 + SET_ASIDE_DAYS * 86_400));
        update.send().await.map(drop).map_err(|error| StoreError::of("show_set_aside", error))
    }

    /// The objects of a feed that were set aside last, the latest first.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn set_aside(&self, school: &str, feed: &str, max: u16) -> Result<Vec<Shown>, StoreError> {
        let query = self
            .dynamodb
            .query()
            .table_name(&self.names.table)
            .key_condition_expression("PK = :school AND begins_with(SK, :feed)")
            .expression_attribute_values(":school", text(format!("SCHOOL#{school}")))
            .expression_attribute_values(":feed", text(set_aside_of(feed)))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::from(max));
        let answer = query.send().await.map_err(|error| StoreError::of("set_aside", error))?;
        let shown = |item: &Item| {
            Some(Shown {
                at: get_number(item, "set_aside_at")?,
                source_id: get_text(item, "source_id")?,
                detail: get_text(item, "detail")?,
            })
        };
        Ok(answer.items().iter().filter_map(shown).collect())
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
    }
}
