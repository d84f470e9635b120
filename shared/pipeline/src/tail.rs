//! The last line of a version that came without its newline: held for a day, then settled.

use crate::account::Rules;
use crate::arrival::{Arrival, SourcePins, Versions};
use crate::commit::Context;
use crate::grow::SharedError;
use crate::normalise::{Done, Written, compare, is_routed, write_lines};
use crate::step::{At, Cause, StepError};
use trustwatch_lake::{FeedPin, Manifest, Outcome, Stage};
use trustwatch_model::{Counts, ObjectVersion, SkipCounts};
use trustwatch_store::Claim;

/// After so long without a later version a file is final.
pub const TAIL_AFTER_MS: i64 = 24 * 3_600_000;
/// How much later a held line is settled. A version that arrived in the last moment must be visible by then: an
/// upload in parts carries the time at which it began, and `Last-Modified` has whole seconds.
const TAIL_GRACE_MS: i64 = 3_600_000;

/// Whether a version came so late that the older one was final: what that broke off with is its own to deliver.
pub(crate) const fn is_final_before(older: &ObjectVersion, newer: &ObjectVersion) -> bool {
    newer.arrived_at - older.arrived_at > TAIL_AFTER_MS * 1_000
}

/// When the held line of a version is settled: milliseconds since 1970 UTC.
pub(crate) const fn final_ms(version: &ObjectVersion) -> i64 {
    version.arrived_at / 1_000 + TAIL_AFTER_MS + TAIL_GRACE_MS
}

/// Settles the held line of a version that is otherwise done, if its time has come: until then a duplicate message
/// finds nothing to do.
pub(crate) async fn settle_when_final(
    context: &Context,
    arrival: &Arrival,
    versions: &Versions,
) -> Result<Done, StepError> {
    if context.now_ms() < final_ms(&versions.this) {
        return Ok(Done::Before);
    }
    settle_version(context, arrival, versions).await?;
    let source_id = arrival.source_id();
    let done = context.store.settle_due(&source_id, Stage::Normalise.table_key()).await;
    done.at("settle due", source_id.as_str())?;
    Ok(Done::Settled)
}

async fn settle_version(context: &Context, arrival: &Arrival, versions: &Versions) -> Result<(), StepError> {
    let source_id = arrival.source_id();
    let id = source_id.as_str();
    let Some(body) = context.find_manifest(Stage::Normalise, &versions.this).await? else { return Ok(()) };
    let (Some(held), Ok(feed)) = (&body.held, &body.pins.feed) else { return Ok(()) };
    let source = SourcePins::new(&versions.this, body.pins.clone());
    let stage = Stage::Tail;
    // As in `normalise`: a manifest from before the first claim is older than the ledger row, and was counted.
    let before = context.find_manifest(stage, &versions.this).await?;
    let (attempt, counted) = match context.claim(stage, &source, before.is_some(), None).await? {
        Claim::Done { .. } => return Ok(()),
        Claim::Busy { until_ms } => return Err(StepError::new("claim tail", id, Cause::Busy { until_ms })),
        Claim::Mine { attempt, counted, .. } => (attempt, counted),
    };
    let earlier = if attempt == 1 { before } else { context.find_manifest(stage, &versions.this).await? };
    let manifest = match earlier {
        Some(manifest) => manifest,
        None => {
            let manifest = write_tail(context, &source, feed, versions, held.line).await?;
            context.commit(&source, manifest).await?.manifest
        }
    };
    context.finish(&source, &manifest, None, counted).await
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
    // The later version first: it is one comparison, where the older ones may be many.
    let delivered = match continued_by(context, source, feed, versions).await? {
        Some(by) => Some(by),
        None => delivered_before(context, &versions.this, &versions.older, feed, id).await?,
    };
    if let Some(by) = delivered {
        let skipped = SkipCounts { repeat: 1, ..SkipCounts::default() };
        let counts = Counts { lines: 1, skipped, ..Counts::default() };
        return Ok(Manifest { counts, repeats: Some(by), ..empty });
    }
    let rules = Rules { repeat_lines: 0, hold_last: false, only_line: Some(line) };
    let written: Result<Written, _> = write_lines(context, source, feed, &versions.this, rules).await?;
    let written = written.map_err(|reason| Cause::Stored(format!("the object became {}", reason.code())));
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
