//! The last line of a version that came without its newline: held for a day, then settled.

use crate::account::Rules;
use crate::arrival::{Arrival, SourcePins, Versions, pins_now};
use crate::chain::{delivering, shared};
use crate::commit::Context;
use crate::lines::{Written, write_lines};
use crate::normalise::Done;
use crate::step::{At, Cause, StepError};
use trustwatch_lake::{BrokenOff, FeedPin, Manifest, Outcome, Stage};
use trustwatch_model::{Counts, ObjectVersion, SkipCounts};
use trustwatch_store::Claim;

/// After so long without a later version a file is final.
pub const TAIL_AFTER_MS: i64 = 24 * 3_600_000;
/// How much later a held line is settled. A version that arrived in the last moment must be visible by then: an
/// upload in parts carries the time at which it began, and `Last-Modified` has whole seconds.
const TAIL_GRACE_MS: i64 = 3_600_000;

/// Whether a version came so late that the file was final: what it broke off with is delivered by the first version
/// that did.
pub(crate) const fn is_final_before(first: &BrokenOff, newer: &ObjectVersion) -> bool {
    newer.arrived_at - first.arrived_at > TAIL_AFTER_MS * 1_000
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
    let ended_by = ended_by(context, source, versions).await?;
    if let Some(by) = ended_by {
        let skipped = SkipCounts { repeat: 1, ..SkipCounts::default() };
        let counts = Counts { lines: 1, skipped, ..Counts::default() };
        return Ok(Manifest { counts, repeats: Some(by), ..empty });
    }
    let rules = Rules { repeat_lines: 0, hold_last: false, only_line: Some(line) };
    let written: Result<Written, _> = write_lines(context, source, feed, &versions.this, rules).await?;
    let written = written.map_err(|reason| Cause::Stored(format!("the object became {}", reason.code())));
    Ok(written.at("read held line", id)?.into_manifest(empty))
}

/// The later version that goes on where this one breaks off, if it came before the file was final. Versions in between
/// that break off as this one does say nothing new.
async fn ended_by(
    context: &Context,
    source: &SourcePins,
    versions: &Versions,
) -> Result<Option<String>, StepError> {
    let (this, id) = (&versions.this, source.source_id.as_str());
    let first = BrokenOff::from(this);
    let mut last = this.clone();
    // S3 may give a version its place when it is complete and its time when it began: so one that came too late may
    // stand before one that came in time.
    let until = this.arrived_at + (TAIL_AFTER_MS + TAIL_GRACE_MS) * 1_000;
    for newer in versions.newer.iter().take_while(|newer| newer.arrived_at <= until) {
        // It came later, perhaps because the settings were mended: it is read by those of its own time.
        let pins = pins_now(context, newer).await?;
        let Some(newer) = delivering(context, pins, newer.clone()).await? else { continue };
        let says_the_same = newer.manifest.is_some_and(|newer| newer.broken_off.as_ref() == Some(&first));
        if !says_the_same {
            let shared = shared(context, &last, &newer.version, id).await?;
            if !shared.tail_same {
                let in_time = shared.continued && !is_final_before(&first, &newer.version);
                return Ok(in_time.then_some(newer.version.version_id));
            }
        }
        last = newer.version;
    }
    if versions.is_crowded && versions.newer.last().is_some_and(|newest| newest.arrived_at <= until) {
        // The versions that are kept do not reach to the end of its time.
        let versions_max = context.limits.versions_max;
        return Err(StepError::new("look ahead", id, Cause::Crowded { versions_max }));
    }
    Ok(None)
}
