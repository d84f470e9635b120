//! The SQL of the queue: each function is one step inside a transaction of [`super::store`].
//!
//! A message is visible when `visible_ms` is not in the future; that one number carries the delay of a send, the
//! hold of a receive and the pause before a retry. `delivery` counts up whenever a former receipt must stop working
//! and never goes back, which is what makes an old receipt harmless.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::error::QueueError;
use super::message::{Depth, NewMessage, Receipt, Received, Sent, new_id};
use super::spec::QueueSpec;
use crate::durability::Durability;

/// A message that became a dead letter.
pub(super) struct Buried {
    pub(super) id: String,
    pub(super) body: String,
}

/// The schema that this version writes.
const SCHEMA: i64 = 1;

const CREATE: &str = "
CREATE TABLE message (
    sequence          INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT    NOT NULL UNIQUE,
    queue             TEXT    NOT NULL,
    body              TEXT    NOT NULL,
    attributes        TEXT    NOT NULL,
    deduplication_key TEXT,
    sent_ms           INTEGER NOT NULL,
    visible_ms        INTEGER NOT NULL,
    first_received_ms INTEGER,
    receives          INTEGER NOT NULL DEFAULT 0,
    delivery          INTEGER NOT NULL DEFAULT 0,
    died_in           TEXT
) STRICT;
CREATE INDEX message_by_visibility ON message (queue, visible_ms, sequence, receives, sent_ms);
CREATE INDEX message_by_key ON message (queue, deduplication_key) WHERE deduplication_key IS NOT NULL;
CREATE INDEX message_by_origin ON message (died_in) WHERE died_in IS NOT NULL;
CREATE TABLE schedule (
    name        TEXT    PRIMARY KEY,
    last_due_ms INTEGER NOT NULL
) STRICT;
";

/// Prepares a connection: settings first, then the schema.
pub(super) fn prepare(connection: &mut Connection, durability: Durability) -> Result<(), QueueError> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // In WAL mode `NORMAL` does not wait for the disk at a commit, `FULL` does.
    let synchronous = match durability {
        Durability::PowerLoss => "FULL",
        Durability::ProcessExit => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA {
        return Err(QueueError::SchemaNewer { found, known: SCHEMA });
    }
    if found == 0 {
        tx.execute_batch(CREATE)?;
        tx.pragma_update(None, "user_version", SCHEMA)?;
    }
    tx.commit()?;
    Ok(())
}

/// `now` plus a duration; far futures stop at the end of time instead of wrapping into the past.
fn after(now: i64, ms: u64) -> i64 {
    now.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX))
}

pub(super) fn send(
    tx: &Transaction<'_>,
    now: i64,
    queue: &str,
    message: &NewMessage,
) -> Result<Sent, QueueError> {
    if let Some(key) = &message.deduplication_key {
        // The body decides, the key only finds: two different bodies under one key are two messages.
        let sql = "SELECT id FROM message WHERE queue = ?1 AND deduplication_key = ?2 AND body = ?3";
        let twin = tx
            .prepare_cached(sql)?
            .query_row(params![queue, key, message.body], |row| row.get(0))
            .optional()?;
        if let Some(id) = twin {
            return Ok(Sent { id, is_new: false });
        }
    }
    let id = new_id();
    let attributes = serde_json::to_string(&message.attributes)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    tx.prepare_cached(
        "INSERT INTO message (id, queue, body, attributes, deduplication_key, sent_ms, visible_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        id,
        queue,
        message.body,
        attributes,
        message.deduplication_key,
        now,
        after(now, message.delay_ms)
    ])?;
    Ok(Sent { id, is_new: true })
}

/// Hands out up to `most` messages, oldest visibility first, so that one that keeps failing goes to the back.
/// Messages that have had all their chances are moved to the dead letters instead; the second value says which.
pub(super) fn receive(
    tx: &Transaction<'_>,
    now: i64,
    spec: &QueueSpec,
    most: usize,
    visibility_ms: u64,
) -> Result<(Vec<Received>, Vec<Buried>), QueueError> {
    let mut buried = Vec::new();
    let fresh = loop {
        let candidates = visible(tx, now, &spec.name, most)?;
        let Some(dead_letter) = &spec.dead_letter else { break candidates };
        let (spent, fresh): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|(_, receives)| *receives >= spec.receives_max);
        if spent.is_empty() {
            break fresh;
        }
        for (sequence, _) in spent {
            buried.push(bury(tx, now, &spec.name, dead_letter, sequence)?);
        }
    };
    let mut out = Vec::with_capacity(fresh.len());
    for (sequence, _) in fresh {
        out.push(hand_out(tx, now, sequence, after(now, visibility_ms))?);
    }
    Ok((out, buried))
}

/// Sequence and receive count of the first visible messages.
fn visible(tx: &Transaction<'_>, now: i64, queue: &str, most: usize) -> Result<Vec<(i64, u32)>, QueueError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = tx.prepare_cached(
        "SELECT sequence, receives FROM message WHERE queue = ?1 AND visible_ms <= ?2
         ORDER BY visible_ms, sequence LIMIT ?3",
    )?;
    let rows = statement.query_map(params![queue, now, most], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn hand_out(tx: &Transaction<'_>, now: i64, sequence: i64, visible_ms: i64) -> Result<Received, QueueError> {
    let mut statement = tx.prepare_cached(
        "UPDATE message
         SET receives = receives + 1, delivery = delivery + 1, visible_ms = ?2,
             first_received_ms = COALESCE(first_received_ms, ?3)
         WHERE sequence = ?1
         RETURNING id, delivery, body, attributes, sent_ms, first_received_ms, receives, died_in",
    )?;
    let received = statement.query_row(params![sequence, visible_ms, now], |row| {
        let id: String = row.get(0)?;
        let attributes: String = row.get(3)?;
        let attributes = serde_json::from_str(&attributes).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(3, rusqlite::types::Type::Text, error.into())
        })?;
        Ok(Received {
            receipt: Receipt::handle(&id, row.get(1)?),
            id,
            body: row.get(2)?,
            attributes,
            sent_ms: row.get(4)?,
            first_received_ms: row.get(5)?,
            receives: row.get(6)?,
            died_in: row.get(7)?,
        })
    })?;
    Ok(received)
}

/// Moves one message to the dead letters. It keeps its id, its key and the time of its send, as in SQS.
fn bury(
    tx: &Transaction<'_>,
    now: i64,
    queue: &str,
    dead_letter: &str,
    sequence: i64,
) -> Result<Buried, QueueError> {
    let mut statement = tx.prepare_cached(
        "UPDATE message
         SET queue = ?2, died_in = ?3, visible_ms = ?4, receives = 0, first_received_ms = NULL,
             delivery = delivery + 1
         WHERE sequence = ?1
         RETURNING id, body",
    )?;
    let buried = |row: &rusqlite::Row<'_>| Ok(Buried { id: row.get(0)?, body: row.get(1)? });
    Ok(statement.query_row(params![sequence, dead_letter, queue, now], buried)?)
}

/// Deletes the dead letters whose bodies say so.
pub(super) fn delete_dead(
    tx: &Transaction<'_>,
    is_needless: impl Fn(&str) -> bool,
) -> Result<usize, QueueError> {
    let mut statement = tx.prepare_cached("SELECT sequence, body FROM message WHERE died_in IS NOT NULL")?;
    let dead = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let dead: Vec<(i64, String)> = dead.collect::<Result<_, _>>()?;
    let needless: Vec<_> = dead.into_iter().filter(|(_, body)| is_needless(body)).collect();
    for (sequence, _) in &needless {
        tx.prepare_cached("DELETE FROM message WHERE sequence = ?1")?.execute([sequence])?;
    }
    Ok(needless.len())
}

/// Deletes by receipt. A message that is gone already is a success, because a client repeats a request whose answer
/// was lost; a message that was handed out again since is an error, because someone else holds it.
pub(super) fn delete(tx: &Transaction<'_>, queue: &str, receipt: &Receipt) -> Result<(), QueueError> {
    let deleted = tx
        .prepare_cached("DELETE FROM message WHERE queue = ?1 AND id = ?2 AND delivery = ?3")?
        .execute(params![queue, receipt.id, receipt.delivery])?;
    if deleted == 0 && exists(tx, &receipt.id)? {
        return Err(QueueError::ReceiptStale);
    }
    Ok(())
}

/// Sets the deadline of a message that is in flight to `now + visibility_ms`.
pub(super) fn change_visibility(
    tx: &Transaction<'_>,
    now: i64,
    queue: &str,
    receipt: &Receipt,
    visibility_ms: u64,
) -> Result<(), QueueError> {
    let held: Option<(i64, i64)> = tx
        .prepare_cached("SELECT delivery, visible_ms FROM message WHERE queue = ?1 AND id = ?2")?
        .query_row(params![queue, receipt.id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match held {
        // In another queue it was moved since, which makes the receipt as stale as a further receive does.
        None if exists(tx, &receipt.id)? => Err(QueueError::ReceiptStale),
        None => Err(QueueError::NotInFlight),
        Some((delivery, _)) if delivery != receipt.delivery => Err(QueueError::ReceiptStale),
        Some((_, visible_ms)) if visible_ms <= now => Err(QueueError::NotInFlight),
        Some(_) => {
            tx.prepare_cached("UPDATE message SET visible_ms = ?2 WHERE id = ?1")?
                .execute(params![receipt.id, after(now, visibility_ms)])?;
            Ok(())
        }
    }
}

fn exists(tx: &Transaction<'_>, id: &str) -> Result<bool, QueueError> {
    Ok(tx.prepare_cached("SELECT 1 FROM message WHERE id = ?1")?.exists(params![id])?)
}

pub(super) fn depth(tx: &Transaction<'_>, now: i64, spec: &QueueSpec) -> Result<Depth, QueueError> {
    // A message that was never received but is hidden was sent with a delay: a receive is all else that hides.
    let (mut depth, oldest) = tx
        .prepare_cached(
            "SELECT COUNT(*) FILTER (WHERE visible_ms <= ?2),
                    COUNT(*) FILTER (WHERE visible_ms > ?2 AND receives = 0),
                    COUNT(*) FILTER (WHERE visible_ms > ?2 AND receives > 0),
                    COUNT(*) FILTER (WHERE sent_ms < ?3),
                    MIN(sent_ms)
             FROM message WHERE queue = ?1",
        )?
        .query_row(
            params![spec.name, now, now.saturating_sub(i64::try_from(spec.retention_ms).unwrap_or(i64::MAX))],
            |row| {
                let depth = Depth {
                    waiting: row.get(0)?,
                    delayed: row.get(1)?,
                    in_flight: row.get(2)?,
                    overdue: row.get(3)?,
                    ..Depth::default()
                };
                Ok((depth, row.get::<_, Option<i64>>(4)?))
            },
        )?;
    // A clock that was set back can make a message come from the future; its age is then nothing.
    depth.oldest_age_ms = oldest.map(|sent_ms| u64::try_from(now.saturating_sub(sent_ms)).unwrap_or(0));
    depth.dead_letters = tx
        .prepare_cached("SELECT COUNT(*) FROM message WHERE died_in = ?1")?
        .query_row(params![spec.name], |row| row.get(0))?;
    Ok(depth)
}

/// Makes visible what a receive hides. A send that was delayed keeps its delay.
pub(super) fn release_in_flight(tx: &Transaction<'_>, now: i64) -> Result<usize, QueueError> {
    let sql = "UPDATE message SET visible_ms = ?1 WHERE visible_ms > ?1 AND receives > 0";
    Ok(tx.prepare_cached(sql)?.execute(params![now])?)
}

/// The earliest moment at which a message of the queue is or becomes visible.
pub(super) fn next_visible_ms(tx: &Transaction<'_>, queue: &str) -> Result<Option<i64>, QueueError> {
    let next = tx
        .prepare_cached("SELECT MIN(visible_ms) FROM message WHERE queue = ?1")?
        .query_row(params![queue], |row| row.get(0))?;
    Ok(next)
}

/// The queues that hold messages, with how many.
pub(super) fn queues(tx: &Transaction<'_>) -> Result<Vec<(String, u64)>, QueueError> {
    let mut statement = tx.prepare("SELECT queue, COUNT(*) FROM message GROUP BY queue")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn schedule_last_due_ms(tx: &Transaction<'_>, name: &str) -> Result<Option<i64>, QueueError> {
    let sql = "SELECT last_due_ms FROM schedule WHERE name = ?1";
    Ok(tx.prepare_cached(sql)?.query_row(params![name], |row| row.get(0)).optional()?)
}

pub(super) fn schedule_done(tx: &Transaction<'_>, name: &str, due_ms: i64) -> Result<(), QueueError> {
    tx.prepare_cached(
        "INSERT INTO schedule (name, last_due_ms) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET last_due_ms = excluded.last_due_ms",
    )?
    .execute(params![name, due_ms])?;
    Ok(())
}
