//! The versions of a key as a chain: which of them deliver lines, what two of them share, and who was first to break
//! off as the last one does.
//!
//! Manifests answer where there are any. Where there is none, the bytes give the same answer, so that it does not matter
//! which version is worked on first.

use crate::arrival::{Older, SourcePins};
use crate::commit::Context;
use crate::grow::{Shared, SharedError, shared_lines};
use crate::lines::{fault_of, open};
use crate::step::{At, Cause, StepError};
use trustwatch_formats::{LineReader, ReadError};
use trustwatch_lake::{BrokenOff, FeedPin, Manifest, Pins, Stage};
use trustwatch_model::ObjectVersion;

/// A version that was not set aside, and will not be.
#[derive(Debug)]
pub(crate) struct Delivering {
    pub(crate) version: ObjectVersion,
    /// What it says of its account, where it was worked on.
    pub(crate) manifest: Option<Manifest>,
}

/// Whether a version delivers its lines. One that nobody has claimed yet is pinned to these inputs here, so that it does
/// later what is said of it now.
pub(crate) async fn delivering(
    context: &Context,
    now: SourcePins,
    version: ObjectVersion,
) -> Result<Option<Delivering>, StepError> {
    // Its manifest says whether it was set aside, also when the ledger has forgotten it.
    if let Some(manifest) = context.find_manifest(Stage::Normalise, &version).await? {
        let is_complete = manifest.is_complete();
        return Ok(is_complete.then_some(Delivering { version, manifest: Some(manifest) }));
    }
    let pins = context.store.pin(&now.source_id, Stage::Normalise.table_key(), &now.to_json()?).await;
    let pins = pins.at("pin version", now.source_id.as_str())?;
    let pinned = SourcePins::pinned(&version, &pins)?;
    let Ok(feed) = &pinned.pins.feed else { return Ok(None) };
    let fault = fault_of(context, &pinned, feed, &version).await?;
    Ok(fault.is_none().then_some(Delivering { version, manifest: None }))
}

/// The nearest older version that delivers its lines. Where nobody has claimed one, it is read by the settings of the
/// newer: their lines are delivered by the one or the other, and not lost between the two.
pub(crate) async fn preceding(
    context: &Context,
    feed: &FeedPin,
    older: &mut Older,
    id: &str,
) -> Result<Option<Delivering>, StepError> {
    while let Some(version) = older.next(context).await.at("look back", id)? {
        let pins = Pins { arrived_at: version.arrived_at, feed: Ok(feed.clone()) };
        let pins = SourcePins::new(&version, pins);
        if let Some(found) = delivering(context, pins, version).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The first of the versions that break off with the same text as this one, which breaks off. The nearest one that
/// was worked on knows; without any each is compared with the one before.
pub(crate) async fn first_broken_off(
    context: &Context,
    feed: &FeedPin,
    version: Delivering,
    older: &mut Older,
    id: &str,
) -> Result<BrokenOff, StepError> {
    let mut first = version;
    loop {
        if let Some(manifest) = first.manifest {
            let missing = || Cause::Stored("an older version does not say that it breaks off".to_owned());
            return manifest.broken_off.ok_or_else(missing).at("look back", id);
        }
        let Some(before) = preceding(context, feed, older, id).await? else {
            return Ok(BrokenOff::from(&first.version));
        };
        if !shared(context, &before.version, &first.version, id).await?.tail_same {
            return Ok(BrokenOff::from(&first.version));
        }
        first = before;
    }
}

/// What two versions share that both deliver their lines.
pub(crate) async fn shared(
    context: &Context,
    older: &ObjectVersion,
    newer: &ObjectVersion,
    id: &str,
) -> Result<Shared, StepError> {
    match compare(context, older, newer, id).await? {
        Ok(shared) => Ok(shared),
        Err(SharedError::Older(error) | SharedError::Newer(error)) => {
            Err(unreadable("compare versions", id, error))
        }
    }
}

/// An error of a version that was read before.
pub(crate) fn unreadable(step: &'static str, id: &str, error: ReadError) -> StepError {
    StepError::new(step, id, Cause::Stored(format!("a version that was read cannot be read again: {error}")))
}

/// Compares two versions of a key.
pub(crate) async fn compare(
    context: &Context,
    older: &ObjectVersion,
    newer: &ObjectVersion,
    id: &str,
) -> Result<Result<Shared, SharedError>, StepError> {
    let (older, _fetch_older) = open(context, older, id).await?;
    let (newer, _fetch_newer) = open(context, newer, id).await?;
    let compared = tokio::task::spawn_blocking(move || {
        shared_lines(&mut LineReader::new(older), &mut LineReader::new(newer))
    });
    match compared.await.map_err(|_| Cause::Worker).at("compare versions", id)? {
        Err(SharedError::Older(ReadError::Io(error)) | SharedError::Newer(ReadError::Io(error))) => {
            Err(StepError::new("compare versions", id, Cause::Body(error)))
        }
        compared => Ok(compared),
    }
}
