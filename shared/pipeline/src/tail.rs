//! The last line of a version that came without its newline: held for a day, then settled.

use crate::account::Rules;
use crate::arrival::{Arrival, SourcePins, Versions, versions_around};
use crate::commit::Context;
use crate::grow::SharedError;
use crate::normalise::{Written, compare, is_routed, write_lines};
use crate::step::{At, Cause, StepError};
use serde::{Deserialize, Serialize};
use trustwatch_lake::{FeedPin, Manifest, Outcome, Stage};
use trustwatch_model::{Counts, ObjectVersion, SkipCounts};
use trustwatch_store::Claim;

/// After so long without a later version a file is final.
pub const TAIL_AFTER_MS: i64 = 24 * 3_600_000;
/// How much later a held line is settled. A version that arrived in the last moment must be visible by then: an
/// upload in parts carries the time at which it began, and `Last-Modified` has whole seconds.
pub(crate) const TAIL_GRACE_MS: i64 = 3_600_000;

/// Whether a version came so late that the older one was final: what that broke off with is its own to deliver.
pub(crate) const fn is_final_before(older: &ObjectVersion, newer: &ObjectVersion) -> bool {
    newer.arrived_at - older.arrived_at > TAIL_AFTER_MS * 1_000
}

/// What the due item carries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TailPayload {
    bucket: String,
    key: String,
    version_id: String,
}

impl TailPayload {
    pub(crate) fn of(version: &ObjectVersion) -> Self {
        Self {
            bucket: version.bucket.clone(),
            key: version.key.clone(),
            version_id: version.version_id.clone(),
        }
    }
}

/// Settles every held line that is due. Returns how many.
///
/// # Errors
/// The first [`StepError`], after the others were tried: one bad source keeps no other from being settled.
pub async fn settle_due_tails(context: &Context) -> Result<u64, StepError> {
    let due = context.store.due(context.now_ms()).await.at("list due", "-")?;
    let (mut settled, mut failed) = (0, None);
    for item in due.into_iter().filter(|item| item.stage == Stage::Tail.table_key()) {
        let payload: Result<TailPayload, _> = serde_json::from_str(&item.payload);
        let result = match payload.map_err(Cause::Pins).at("read due item", &item.source_id) {
            Ok(payload) => settle(context, &payload).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => settled += 1,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(settled), Err)
}

async fn settle(context: &Context, payload: &TailPayload) -> Result<(), StepError> {
    let arrival = Arrival {
        bucket: payload.bucket.clone(),
        key: payload.key.clone(),
        version_id: payload.version_id.clone(),
    };
    let source_id = arrival.source_id();
    let id = source_id.as_str();
    if let Some(versions) = versions_around(context, &arrival).await.at("list versions", id)? {
        settle_version(context, &arrival, &versions).await?;
    }
    let done = context.store.settle_due(&source_id, Stage::Normalise.table_key()).await;
    done.at("settle due", id)
}

async fn settle_version(context: &Context, arrival: &Arrival, versions: &Versions) -> Result<(), StepError> {
    let source_id = arrival.source_id();
    let id = source_id.as_str();
    let entry = context.store.pins(&source_id, Stage::Normalise.table_key()).await.at("read pins", id)?;
    let Some(pins) = entry else { return Ok(()) };
    let source = SourcePins::pinned(&versions.this, &pins)?;
    let Some(body) = context.manifest(Stage::Normalise, &source).await? else { return Ok(()) };
    let (Some(held), Ok(feed)) = (&body.held, &body.pins.feed) else { return Ok(()) };
    let stage = Stage::Tail;
    // As in `normalise`: a manifest from before the first claim is older than the ledger row, and was counted.
    let before = context.manifest(stage, &source).await?;
    let claim = context
        .store
        .claim(&source_id, stage.table_key(), &source.to_json()?, context.now_ms(), context.limits.lease_ms)
        .await;
    let is_first = match claim.at("claim tail", id)? {
        Claim::Done => return Ok(()),
        Claim::Busy { until_ms } => return Err(StepError::new("claim tail", id, Cause::Busy { until_ms })),
        Claim::Mine { attempt, .. } => attempt == 1,
    };
    let earlier = if is_first { before } else { context.manifest(stage, &source).await? };
    let counted_before = earlier.is_some() && is_first;
    let manifest = match earlier {
        Some(manifest) => manifest,
        None => {
            let manifest = write_tail(context, &source, feed, versions, held.line).await?;
            context.commit(&source, manifest).await?.manifest
        }
    };
    context.finish(&source, &manifest, None, counted_before).await
}

async fn write_tail(
    context: &Context,
    source: &SourcePins,
    feed: &FeedPin,
    versions: &Versions,
    line: u64,
) -> Result<Manifest, StepError> {
    let empty = context.empty_manifest(Stage::Tail, source, &versions.this, Outcome::Complete);
    let id = source.source_id.as_str();
    let delivered = match delivered_before(context, &versions.this, &versions.older, feed, id).await? {
        Some(by) => Some(by),
        None => continued_by(context, source, feed, versions).await?,
    };
    if let Some(by) = delivered {
        let skipped = SkipCounts { repeat: 1, ..SkipCounts::default() };
        let counts = Counts { lines: 1, skipped, ..Counts::default() };
        return Ok(Manifest { counts, repeats: Some(by), ..empty });
    }
    let rules = Rules { repeat_lines: 0, hold_last: false, only_line: Some(line) };
    let written: Result<Written, _> = write_lines(context, source, feed, &versions.this, rules).await?;
    let written = written.map_err(|reason| Cause::Unbalanced(format!("the object became {}", reason.code())));
    Ok(written.at("read held line", id)?.into_manifest(empty))
}

/// The older version that delivered, as it stood, the very line that `this` breaks off with: the nearest one that was
/// final before a version of the same text came. Collectors send an idle file again and again.
pub(crate) async fn delivered_before(
    context: &Context,
    this: &ObjectVersion,
    older: &[ObjectVersion],
    feed: &FeedPin,
    id: &str,
) -> Result<Option<String>, StepError> {
    let mut later = this;
    for older in older {
        if !is_routed(context, older, feed).await? {
            continue;
        }
        match compare(context, older, later, id).await? {
            Ok(shared) if shared.tail_same && is_final_before(older, later) => {
                return Ok(Some(older.version_id.clone()));
            }
            Ok(shared) if shared.tail_same => later = older,
            // A damaged version delivered nothing; the one before it may have.
            Err(SharedError::Older(_)) => {}
            Ok(_) | Err(SharedError::Newer(_)) => return Ok(None),
        }
    }
    Ok(None)
}

/// The later version that ends the held line, if one came before the file was final.
async fn continued_by(
    context: &Context,
    source: &SourcePins,
    feed: &FeedPin,
    versions: &Versions,
) -> Result<Option<String>, StepError> {
    let last = versions.this.arrived_at + TAIL_AFTER_MS * 1_000;
    for newer in versions.newer.iter().take_while(|newer| newer.arrived_at <= last) {
        if !is_routed(context, newer, feed).await? {
            continue;
        }
        match compare(context, &versions.this, newer, source.source_id.as_str()).await? {
            Ok(shared) => return Ok(shared.continued.then(|| newer.version_id.clone())),
            // A damaged version delivered nothing; the next one may.
            Err(SharedError::Newer(_)) => {}
            Err(SharedError::Older(_)) => return Ok(None),
        }
    }
    Ok(None)
}
