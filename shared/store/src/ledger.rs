//! The ledger: who works on a source, from which inputs, and whether it is done.
//!
//! The lease only saves work. What keeps the data right is that parts are named by their content and that the
//! manifest is put if absent: a worker whose lease ran out can do no harm.

use crate::{DUE_INDEX, Store, StoreError, Tally, Trouble};
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use std::collections::HashMap;
use trustwatch_model::SourceId;

/// Days that a finished ledger row stays: longer than any message can still come back.
const LEDGER_DAYS: i64 = 60;
/// A transaction takes at most 100 items; the ledger, the feed and the quota need three.
const DAYS_PER_TRANSACTION: usize = 90;
/// Items that are due lie in this many partitions of the index.
const DUE_SHARDS: u32 = 4;

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
    },
    /// Another worker has it until then (milliseconds since 1970 UTC).
    Busy {
        /// End of its lease.
        until_ms: i64,
    },
    /// It is finished.
    Done,
}

/// Inputs of a source that somebody else wants to rely on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Inputs as they were first written down.
    pub pins: String,
    /// Whether the source was ever claimed, as far as the ledger knows: its rows expire.
    pub is_claimed: bool,
}

/// A row of the day index: readers find the sources of a school-day by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayEntry {
    /// UTC day, `YYYY-MM-DD`.
    pub date: String,
    /// Rows of this source on this day.
    pub rows: u64,
}

/// When something has to be done about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Stage to run.
    pub stage: &'static str,
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// What the stage needs to begin.
    pub payload: String,
}

/// An item of the due index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueItem {
    /// Source.
    pub source_id: String,
    /// Stage to run.
    pub stage: String,
    /// What the stage needs to begin.
    pub payload: String,
}

/// The end of a stage for one source.
#[derive(Debug, Clone)]
pub struct Finish<'a> {
    /// Source.
    pub source: &'a SourceId,
    /// Stage.
    pub stage: &'static str,
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

fn source_key(source: &str) -> AttributeValue {
    text(format!("SRC#{source}"))
}

impl Store {
    /// Asks for a source. The first claim writes `pins` down; every later one gets those back.
    ///
    /// # Errors
    /// [`StoreError`] of the call. A cut-off call may have claimed: the lease then ends by itself.
    pub async fn claim(
        &self,
        source: &SourceId,
        stage: &'static str,
        pins: &str,
        now_ms: i64,
        lease_ms: i64,
    ) -> Result<Claim, StoreError> {
        const VERB: &str = "claim";
        let answer = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .key("PK", source_key(source.as_str()))
            .key("SK", text(stage))
            .condition_expression("attribute_not_exists(PK) OR (#state <> :done AND lease_until < :now)")
            .update_expression(
                "SET #state = :claimed, lease_until = :until, pins = if_not_exists(pins, :pins) ADD attempts :one",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":claimed", text("claimed"))
            .expression_attribute_values(":now", number(now_ms))
            .expression_attribute_values(":until", number(now_ms + lease_ms))
            .expression_attribute_values(":pins", text(pins))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                let pins = get_text(&item, "pins").ok_or_else(|| StoreError::fault(VERB, "NoPins"))?;
                Ok(Claim::Mine { pins, attempt: get_number(&item, "attempts").unwrap_or(1) })
            }
            Err(error) => {
                let held = error.as_service_error().and_then(|error| match error {
                    aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException(
                        failed,
                    ) => Some(failed.item.clone().unwrap_or_default()),
                    _ => None,
                });
                match held {
                    Some(item) if get_text(&item, "state").as_deref() == Some("done") => Ok(Claim::Done),
                    Some(item) => {
                        Ok(Claim::Busy { until_ms: get_number(&item, "lease_until").unwrap_or(now_ms) })
                    }
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
    ) -> Result<Pinned, StoreError> {
        const VERB: &str = "pin";
        let answer = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .key("PK", source_key(source.as_str()))
            .key("SK", text(stage))
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
        let pins = get_text(&item, "pins").ok_or_else(|| StoreError::fault(VERB, "NoPins"))?;
        Ok(Pinned { pins, is_claimed: get_text(&item, "state").is_some_and(|state| state != "pinned") })
    }

    /// The inputs that were written down for a source, if any.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn pins(&self, source: &SourceId, stage: &str) -> Result<Option<String>, StoreError> {
        Ok(self.ledger_item(source, stage).await?.and_then(|item| get_text(&item, "pins")))
    }

    async fn ledger_item(&self, source: &SourceId, stage: &str) -> Result<Option<Item>, StoreError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.names.table)
            .key("PK", source_key(source.as_str()))
            .key("SK", text(stage))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::of("ledger", error))?;
        Ok(answer.item)
    }

    /// Reads a ledger row.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn ledger(&self, source: &SourceId, stage: &str) -> Result<Option<LedgerEntry>, StoreError> {
        Ok(self.ledger_item(source, stage).await?.map(|item| LedgerEntry {
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
            Err(error) => {
                use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as E;
                // The ledger row is the only item with a condition, and it stands first.
                let done = error.as_service_error().is_some_and(|error| match error {
                    E::TransactionCanceledException(cancelled) => cancelled
                        .cancellation_reasons()
                        .first()
                        .is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed")),
                    _ => false,
                });
                if done { Ok(Finished::Before) } else { Err(StoreError::of(VERB, error)) }
            }
        }
    }

    fn ledger_done(&self, finish: &Finish<'_>) -> Result<TransactWriteItem, StoreError> {
        let mut set =
            "SET #state = :done, outcome = :outcome, finished_at = :now, expires_at = :expires".to_owned();
        let mut update = Update::builder()
            .table_name(&self.names.table)
            .key("PK", source_key(finish.source.as_str()))
            .key("SK", text(finish.stage))
            .condition_expression("attribute_not_exists(#state) OR #state <> :done")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":outcome", text(finish.outcome))
            .expression_attribute_values(":now", number(finish.now_ms))
            .expression_attribute_values(":expires", number(finish.now_ms / 1_000 + LEDGER_DAYS * 86_400));
        if let Some(due) = finish.due {
            set.push_str(
                ", due_shard = :shard, due_at = :due_at, due_stage = :due_stage, due_payload = :payload",
            );
            update = update
                .expression_attribute_values(":shard", text(due_shard(finish.source.as_str())))
                .expression_attribute_values(":due_at", number(due.at_ms))
                .expression_attribute_values(":due_stage", text(due.stage))
                .expression_attribute_values(":payload", text(&due.payload));
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

    /// Takes an item out of the due index, because its step is done.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn settle_due(&self, source: &SourceId, stage: &'static str) -> Result<(), StoreError> {
        let update = self
            .dynamodb
            .update_item()
            .table_name(&self.names.table)
            .key("PK", source_key(source.as_str()))
            .key("SK", text(stage))
            .condition_expression("attribute_exists(PK)")
            .update_expression("REMOVE due_shard, due_at, due_stage, due_payload");
        match update.send().await.map_err(|error| StoreError::of("settle_due", error)) {
            // A ledger row that has expired since has left the index too.
            Err(error) if error.trouble == Trouble::Condition => Ok(()),
            answer => answer.map(|_| ()),
        }
    }

    /// Everything that is due at this time, shard by shard.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn due(&self, now_ms: i64) -> Result<Vec<DueItem>, StoreError> {
        let mut found = Vec::new();
        for shard in 0..DUE_SHARDS {
            let mut start = None;
            loop {
                let page = self
                    .dynamodb
                    .query()
                    .table_name(&self.names.table)
                    .index_name(DUE_INDEX)
                    .key_condition_expression("due_shard = :shard AND due_at <= :now")
                    .expression_attribute_values(":shard", text(shard.to_string()))
                    .expression_attribute_values(":now", number(now_ms))
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(|error| StoreError::of("due", error))?;
                for item in page.items.unwrap_or_default() {
                    let source = get_text(&item, "PK").unwrap_or_default();
                    found.push(DueItem {
                        source_id: source.trim_start_matches("SRC#").to_owned(),
                        stage: get_text(&item, "due_stage").unwrap_or_default(),
                        payload: get_text(&item, "due_payload").unwrap_or_default(),
                    });
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// The sources of a school-day, as `<STAGE>#<source_id>` with their rows.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn day(&self, school: &str, date: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .dynamodb
                .query()
                .table_name(&self.names.table)
                .key_condition_expression("PK = :day")
                .expression_attribute_values(":day", text(format!("DAY#{school}#{date}")))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::of("day", error))?;
            for item in page.items.unwrap_or_default() {
                found.push((
                    get_text(&item, "SK").unwrap_or_default(),
                    get_number(&item, "rows").unwrap_or(0),
                ));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

fn due_shard(source: &str) -> String {
    // Source ids are hex digits of a hash: any digit spreads them evenly.
    let digit = source.chars().next().and_then(|digit| digit.to_digit(16)).unwrap_or(0);
    (digit % DUE_SHARDS).to_string()
}
