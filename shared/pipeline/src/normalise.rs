//! One version of one raw object to events, rejects and its manifest.

use crate::account::Rules;
use crate::arrival::{Arrival, SourcePins, Versions, pins_now, versions_around};
use crate::chain::{compare, first_broken_off, preceding, unreadable};
use crate::commit::{Committed, Context};
use crate::due::{again_due, tail_due};
use crate::grow::SharedError;
use crate::lines::{quarantine_reason, write_lines};
use crate::notification::Notified;
use crate::step::{At, Cause, StepError};
use crate::tail::{is_final_before, settle_when_final};
use trustwatch_lake::{BrokenOff, FeedPin, Manifest, Outcome, Stage};
use trustwatch_model::QuarantineReason;
use trustwatch_store::Claim;

/// How an arrival ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Committed by this call or by another worker meanwhile.
    Committed(Box<Committed>),
    /// It was finished before, and its held line is now settled.
    Settled,
    /// It was finished before.
    Before,
    /// The version is no longer there: somebody deleted it, and its certificate says so.
    Gone,
}

/// Does what is left to be done for one version of a raw object, once, whoever else is told to do the same: it is
/// normalised, and when that is long done and its last line was held, the line is settled.
///
/// # Errors
/// [`StepError`] says whether to give the message back. After an error nothing half-done can be seen by readers,
/// and the next call goes on from the same pinned inputs.
pub async fn normalise(context: &Context, arrival: &Arrival) -> Result<Done, StepError> {
    let (stage, source_id) = (Stage::Normalise, arrival.source_id());
    let id = source_id.as_str();
    let Some(versions) = versions_around(context, arrival).await.at("list versions", id)? else {
        context.store.settle_due(&source_id, stage.table_key()).await.at("forget source", id)?;
        return Ok(Done::Gone);
    };
    let source = pins_now(context, &versions.this).await?;
    // Looked for before the claim: one that is found although nobody claimed the source is older than its ledger row.
    let before = context.find_manifest(stage, &versions.this).await?;
    // It was worked on from the pins that it names, whatever the settings are now.
    let pins = before.as_ref().map_or_else(|| source.pins.clone(), |manifest| manifest.pins.clone());
    let source = SourcePins::new(&versions.this, pins);
    let again = again_due(&Notified::from(&versions.this), context.now_ms()).at("write message", id)?;
    let (source, attempt, counted) =
        match context.claim(stage, &source, before.is_some(), Some(&again)).await? {
            Claim::Done { is_due: true } => return settle_when_final(context, arrival, &versions).await,
            Claim::Done { is_due: false } => return Ok(Done::Before),
            Claim::Busy { until_ms } => return Err(StepError::new("claim", id, Cause::Busy { until_ms })),
            Claim::Mine { pins, attempt, counted } => {
                (SourcePins::pinned(&versions.this, &pins)?, attempt, counted)
            }
        };
    // The first claim of all need not look again; for a later one somebody may have committed meanwhile.
    let earlier = if attempt == 1 { before } else { context.find_manifest(stage, &versions.this).await? };
    let committed = match earlier {
        Some(manifest) => Committed { manifest, ours: false },
        None => {
            let manifest = write_source(context, &source, &versions).await?;
            context.commit(&source, manifest).await?
        }
    };
    let due = tail_due(&committed.manifest).at("note the held line", id)?;
    context.finish(&source, &committed.manifest, due.as_ref(), counted).await?;
    Ok(Done::Committed(Box::new(committed)))
}

/// Writes the parts of a source and returns the manifest that will make them visible.
async fn write_source(
    context: &Context,
    source: &SourcePins,
    versions: &Versions,
) -> Result<Manifest, StepError> {
    let quarantine = |reason| {
        context.empty_manifest(Stage::Normalise, source, &versions.this, Outcome::Quarantined { reason })
    };
    let feed = match &source.pins.feed {
        Ok(feed) => feed,
        Err(reason) => return Ok(quarantine(reason.clone())),
    };
    let repeats = match repeats(context, source, feed, versions).await? {
        Ok(repeats) => repeats,
        Err(reason) => return Ok(quarantine(reason)),
    };
    let hold_last = repeats.broken_off.is_none();
    let rules = Rules { repeat_lines: repeats.lines, hold_last, only_line: None };
    let written = match write_lines(context, source, feed, &versions.this, rules).await? {
        Ok(written) => written,
        Err(reason) => return Ok(quarantine(reason)),
    };
    let manifest = context.empty_manifest(Stage::Normalise, source, &versions.this, Outcome::Complete);
    let first = written.held.as_ref().map(|_| BrokenOff::from(&versions.this));
    let broken_off = repeats.broken_off.or(first);
    Ok(Manifest { repeats: repeats.of, broken_off, ..written.into_manifest(manifest) })
}

/// The lines that older versions deliver.
#[derive(Debug, Default)]
struct Repeats {
    lines: u64,
    of: Option<String>,
    /// Where this version breaks off as older ones do: the first of them.
    broken_off: Option<BrokenOff>,
}

/// Compares with the nearest older version that was not set aside.
async fn repeats(
    context: &Context,
    source: &SourcePins,
    feed: &FeedPin,
    versions: &Versions,
) -> Result<Result<Repeats, QuarantineReason>, StepError> {
    let id = source.source_id.as_str();
    let mut older = versions.older.clone();
    let Some(before) = preceding(context, feed, &mut older, id).await? else {
        return Ok(Ok(Repeats::default()));
    };
    let shared = match compare(context, &before.version, &versions.this, id).await? {
        Ok(shared) => shared,
        Err(SharedError::Newer(error)) => {
            return quarantine_reason(error).at("compare versions", id).map(Err);
        }
        Err(SharedError::Older(error)) => return Err(unreadable("compare versions", id, error)),
    };
    let of = Some(before.version.version_id.clone());
    let (mut lines, mut broken_off) = (shared.lines, None);
    if shared.tail_same {
        // It says nothing that was not said before.
        lines += 1;
        broken_off = Some(first_broken_off(context, feed, before, &mut older, id).await?);
    } else if shared.tail_ended {
        // What older versions broke off with may have been delivered as it stood.
        let first = first_broken_off(context, feed, before, &mut older, id).await?;
        lines += u64::from(is_final_before(&first, &versions.this));
    }
    Ok(Ok(Repeats { lines, of: of.filter(|_| lines > 0), broken_off }))
}
