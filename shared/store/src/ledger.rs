//! The ledger: who works on a source, from which inputs, and whether it is done.
//!
//! The lease only saves work. What keeps the data right is that parts are named by their content and that the
//! manifest is put if absent: a worker whose lease ran out can do no harm.

use crate::due::{Due, REMOVE_DUE, SET_DUE};
use crate::error::failed_conditions;
use crate::{Store, StoreError, Tally};
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use std::collections::HashMap;
use trustwatch_model::SourceId;

/// Days that a finished ledger row stays: longer than any message can still come back.
const LEDGER_DAYS: i64 = 60;
/// Of a row to which somebody has to come back: longer than any system is off.
const LEDGER_DAYS_WITH_DUE: i64 = 730;
/// A transaction takes at most 100 items; the ledger, the feed and the quota need three.
const DAYS_PER_TRANSACTION: usize = 90;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What came of asking for a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is ours until the lease ends.
    Mine {
        /// Inputs as the first claim wrote them down.
        pins: String,
        /// 1 for the first claim.
        attempt: u64,
        /// Whether the first claim said that the feed has counted this source.
        counted: bool,
    },
    /// Another worker has it until then (milliseconds since 1970 UTC).
    Busy {
        /// End of its lease.
        until_ms: i64,
    },
    /// It is finished.
    Done {
        /// Whether a later step waits in the due index.
        is_due: bool,
    },
}

/// What asks for a source.
#[derive(Debug, Clone)]
pub struct ClaimRequest<'a> {
    /// Source.
    pub source: &'a SourceId,
    /// Stage.
    pub stage: &'a str,
    /// Inputs, which only the first claim writes down.
    pub pins: &'a str,
    /// Whether the feed has counted this source before its ledger row was there. Only the first claim says so.
    pub counted: bool,
    /// Milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// How long others are kept away.
    pub lease_ms: i64,
    /// No worker that claimed before this is still alive, whatever its lease says: milliseconds since 1970 UTC.
    pub alone_since_ms: i64,
    /// When the source is looked after if nobody finishes it. Each claim puts it off; `finish` takes it out.
    pub due: Option<&'a Due>,
}

/// A row of the day index: readers find the sources of a school-day by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayEntry {
    /// UTC day, `YYYY-MM-DD`.
    pub date: String,
    /// Rows of this source on this day.
    pub rows: u64,
}

/// The end of a stage for one source.
#[derive(Debug, Clone)]
pub struct Finish<'a> {
    /// Source.
    pub source: &'a SourceId,
    /// Stage.
    pub stage: &'a str,
    /// Word for the outcome.
    pub outcome: &'static str,
    /// Milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// School of the day index.
    pub school: &'a str,
    /// Days that the source has events on.
    pub days: &'a [DayEntry],
    /// What to add to the feed. Absent when it may have been added before.
    pub tally: Option<&'a Tally>,
    /// A later step that this one leaves behind.
    pub due: Option<&'a Due>,
}

/// Whether this call finished the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// Yes, and it was counted.
    Now,
    /// Somebody had done so before; nothing was counted.
    Before,
}

/// A ledger row, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// `pinned`, `claimed` or `done`.
    pub state: String,
    /// Claims so far.
    pub attempts: u64,
    /// Word for the outcome, once done.
    pub outcome: Option<String>,
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn get_text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

pub(crate) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|text| text.parse().ok())
}

/// The key of the ledger row of a stage.
pub(crate) fn ledger_key(source: &SourceId, stage: &str) -> Item {
    Item::from([("PK".to_owned(), text(format!("SRC#{source}"))), ("SK".to_owned(), text(stage))])
}

impl Store {
    /// Asks for a source. The first claim writes `pins` and `counted` down; every later one gets those back.
    ///
    /// # Errors
    /// [`StoreError`] of the call. A cut-off call may have claimed: the lease then ends by itself.
    pub async fn claim(&self, request: &ClaimRequest<'_>) -> Result<Claim, StoreError> {
        const VERB: &str = "claim";
        let mut set = "SET #state = :claimed, claimed_at = :now, lease_until = :until, pins = if_not_exists(pins, :pins), \
                       counted = if_not_exists(counted, :counted)"
            .to_owned();
        let mut update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .set_key(Some(ledger_key(request.source, request.stage)))
            .condition_expression(
                "attribute_not_exists(PK) OR (#state <> :done AND (lease_until < :now OR claimed_at < :alone))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":now", number(request.now_ms))
            .expression_attribute_values(":alone", number(request.alone_since_ms))
            .expression_attribute_values(":until", number(request.now_ms + request.lease_ms))
            .expression_attribute_values(":pins", text(request.pins))
            .expression_attribute_values(":counted", AttributeValue::Bool(request.counted))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(due) = request.due {
            set.push_str(SET_DUE);
            for (name, value) in due.values(request.source) {
                update = update.expression_attribute_values(name, value);
            }
        }
        let answer = update.update_expression(set + " ADD attempts :one").send().await;
        match answer {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                let pins = get_text(&item, "pins").ok_or_else(|| StoreError::fault(VERB, "NoPins"))?;
                Ok(Claim::Mine {
                    pins,
                    attempt: get_number(&item, "attempts").unwrap_or(1),
                    counted: item
                        .get("counted")
                        .and_then(|value| value.as_bool().ok())
                        .copied()
                        .unwrap_or(false),
                })
            }
            Err(error) => {
                let held = error.as_service_error().and_then(|error| match error {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                        failed,
                    ) => Some(failed.item.clone().unwrap_or_default()),
                    _ => None,
                });
                match held {
                    Some(item) if get_text(&item, "state").as_deref() == Some("done") => {
                        Ok(Claim::Done { is_due: item.contains_key("due_at") })
                    }
                    Some(item) => Ok(Claim::Busy {
                        until_ms: get_number(&item, "lease_until").unwrap_or(request.now_ms),
                    }),
                    None => Err(StoreError::of(VERB, error)),
                }
            }
        }
    }

    /// Writes the inputs of a source down without claiming it, unless they already are, and returns them.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn pin(
        &self,
        source: &SourceId,
        stage: &'static str,
        pins: &str,
    ) -> Result<String, StoreError> {
        const VERB: &str = "pin";
        let answer = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .set_key(Some(ledger_key(source, stage)))
            .update_expression(
                "SET #state = if_not_exists(#state, :pinned), lease_until = if_not_exists(lease_until, :zero), \
                 pins = if_not_exists(pins, :pins)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":pinned", text("pinned"))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":pins", text(pins))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| StoreError::of(VERB, error))?;
        let item = answer.attributes.unwrap_or_default();
        get_text(&item, "pins").ok_or_else(|| StoreError::fault(VERB, "NoPins"))
    }

    /// Reads a ledger row.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn ledger(&self, source: &SourceId, stage: &str) -> Result<Option<LedgerEntry>, StoreError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.names.table)
            .set_key(Some(ledger_key(source, stage)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::of("ledger", error))?;
        Ok(answer.item.map(|item| LedgerEntry {
            state: get_text(&item, "state").unwrap_or_default(),
            attempts: get_number(&item, "attempts").unwrap_or(0),
            outcome: get_text(&item, "outcome"),
        }))
    }

    /// Ends a stage: day index, feed counters and ledger row, so that the counters change exactly once.
    ///
    /// # Errors
    /// [`StoreError`] of the call. A cut-off call may have finished: finish again and take `Before` as done.
    pub async fn finish(&self, finish: &Finish<'_>) -> Result<Finished, StoreError> {
        const VERB: &str = "finish";
        let mut chunks = finish.days.chunks(DAYS_PER_TRANSACTION).peekable();
        let mut last: &[DayEntry] = &[];
        while let Some(chunk) = chunks.next() {
            if chunks.peek().is_none() {
                last = chunk;
                break;
            }
            let items = self.day_puts(finish, chunk)?;
            let send = self.dynamodb.transact_write_items().set_transact_items(Some(items)).send().await;
            send.map_err(|error| StoreError::of(VERB, error))?;
        }
        let mut items = vec![self.ledger_done(finish)?];
        items.extend(self.day_puts(finish, last)?);
        if let Some(tally) = finish.tally {
            items.extend(self.tally_updates(tally)?);
        }
        let answer = self.dynamodb.transact_write_items().set_transact_items(Some(items)).send().await;
        match answer {
            Ok(_) => Ok(Finished::Now),
            // The ledger row is the only item with a condition, and it stands first.
            Err(error) => match failed_conditions(error.as_service_error()).as_slice() {
                [true, ..] => Ok(Finished::Before),
                _ => Err(StoreError::of(VERB, error)),
            },
        }
    }

    fn ledger_done(&self, finish: &Finish<'_>) -> Result<TransactWriteItem, StoreError> {
        let mut set =
            "SET #state = :done, outcome = :outcome, finished_at = :now, expires_at = :expires".to_owned();
        let days = if finish.due.is_some() { LEDGER_DAYS_WITH_DUE } else { LEDGER_DAYS };
        let mut update = Update::builder()
            .table_name(&self.names.table)
            .set_key(Some(ledger_key(finish.source, finish.stage)))
            .condition_expression("attribute_not_exists(#state) OR #state <> :done")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":outcome", text(finish.outcome))
            .expression_attribute_values(":now", number(finish.now_ms))
            .expression_attribute_values(":expires", number(finish.now_ms / 1_000 + days * 86_400));
        match finish.due {
            // A later step waits, however long the system is off.
            Some(due) => {
                set.push_str(SET_DUE);
                for (name, value) in due.values(finish.source) {
                    update = update.expression_attribute_values(name, value);
                }
            }
            None => set.push_str(REMOVE_DUE),
        }
        let update = update.update_expression(set).build();
        let update = update.map_err(|_| StoreError::fault("finish", "Construction"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn day_puts(&self, finish: &Finish<'_>, days: &[DayEntry]) -> Result<Vec<TransactWriteItem>, StoreError> {
        days.iter()
            .map(|day| {
                let put = Put::builder()
                    .table_name(&self.names.table)
                    .item("PK", text(format!("DAY#{}#{}", finish.school, day.date)))
                    .item("SK", text(format!("{}#{}", finish.stage, finish.source)))
                    .item("rows", number(day.rows))
                    .build();
                let put = put.map_err(|_| StoreError::fault("finish", "Construction"))?;
                Ok(TransactWriteItem::builder().put(put).build())
            })
            .collect()
    }

    /// The sources of a school-day, as `<STAGE>#<source_id>` with their rows.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn day(&self, school: &str, date: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let mut rows = self
            .dynamodb
            .query()
            .table_name(&self.names.table)
            .key_condition_expression("PK = :day")
            .expression_attribute_values(":day", text(format!("DAY#{school}#{date}")))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = rows.next().await {
            let item = item.map_err(|error| StoreError::of("day", error))?;
            found.push((get_text(&item, "SK").unwrap_or_default(), get_number(&item, "rows").unwrap_or(0)));
        }
        Ok(found)
    }
}
