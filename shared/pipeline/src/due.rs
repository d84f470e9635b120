//! Work that nobody finished, and work whose time has come: rows of the due index become messages again.

use crate::arrival::Arrival;
use crate::commit::Context;
use crate::notification::{Notified, read_notification, write_notification};
use crate::queue::queue_due_work;
use crate::step::{At, Cause, StepError};
use crate::tail::final_ms;
use trustwatch_lake::Manifest;
use trustwatch_model::ObjectVersion;
use trustwatch_store::{Due, DuePlace, DueRow};

/// A source that was claimed and not finished is queued again after so long. Its message may be hidden for 90 minutes
/// (six times the time-out of the backfill lane) before it comes back by itself.
const AGAIN_AFTER_MS: i64 = 2 * 3_600_000;

/// When a claimed source is looked after, if nobody finishes it: its worker may have died with the manifest put and
/// neither the day index nor the counters written, where nothing else would ever look.
pub(crate) fn again_due(notified: &Notified, now_ms: i64) -> Result<Due, Cause> {
    Ok(Due { at_ms: now_ms + AGAIN_AFTER_MS, message: write_notification(notified)? })
}

/// When the held line of a version is settled.
pub(crate) fn tail_due(manifest: &Manifest) -> Result<Option<Due>, Cause> {
    if manifest.held.is_none() {
        return Ok(None);
    }
    Ok(Some(Due {
        at_ms: final_ms(&manifest.source),
        message: write_notification(&Notified::from(&manifest.source))?,
    }))
}

/// Queues every source that is due. Returns how many.
///
/// # Errors
/// The first [`StepError`], after the others were tried: one bad row keeps no other from being queued.
pub async fn queue_due(context: &Context) -> Result<u64, StepError> {
    queue_rows(context, context.now_ms(), |_| true).await
}

/// Queues every source that was claimed and not finished, however recently: for a machine on which no worker of
/// before can still be alive. Returns how many.
///
/// # Errors
/// As [`queue_due`].
pub async fn queue_unfinished(context: &Context) -> Result<u64, StepError> {
    queue_rows(context, context.now_ms() + AGAIN_AFTER_MS, |row| !row.is_finished).await
}

async fn queue_rows(
    context: &Context,
    until_ms: i64,
    is_wanted: impl Fn(&DueRow) -> bool,
) -> Result<u64, StepError> {
    // What is queued is put off beyond everything that is looked at, or it would be met again behind the cursor.
    let put_off_ms = until_ms + AGAIN_AFTER_MS;
    let (mut queued, mut failed) = (0, None);
    let mut next = Some(DuePlace::default());
    while let Some(place) = next {
        let (rows, after) = context.store.due(until_ms, place).await.at("list due", "-")?;
        for row in rows.iter().filter(|row| is_wanted(row)) {
            match queue_row(context, row, put_off_ms).await {
                Ok(()) => queued += 1,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        next = after;
    }
    failed.map_or(Ok(queued), Err)
}

async fn queue_row(context: &Context, row: &DueRow, put_off_ms: i64) -> Result<(), StepError> {
    let id = row.source_id.as_str();
    for notified in read_notification(&row.due.message).at("read due row", id)? {
        queue_due_work(context, &notified).await?;
    }
    // Put off only now: a row that is queued twice does no harm, one that is not queued would.
    context.store.put_off(row, put_off_ms).await.at("put off", id)
}

impl From<&ObjectVersion> for Notified {
    fn from(version: &ObjectVersion) -> Self {
        let arrival = Arrival::from(version);
        Self { arrival, bytes: version.bytes, arrived_ms: version.arrived_at / 1_000 }
    }
}
