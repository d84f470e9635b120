//! The proof that the versions of a key cover each other: what is said to be a repeat stands in an older version that
//! delivered it, and what a file broke off with was delivered once, by the first version that did or by one that went on.

use crate::arrival::{Arrival, Older, versions_around};
use crate::chain::compare;
use crate::commit::Context;
use crate::grow::Shared;
use crate::step::{At, StepError};
use crate::tail::is_final_before;
use crate::verify::finished;
use trustwatch_lake::{BrokenOff, Manifest, Stage};
use trustwatch_model::{HeldLine, ObjectVersion};

/// What a version says of itself.
pub(crate) struct Told<'t> {
    pub(crate) version: &'t ObjectVersion,
    pub(crate) manifest: &'t Manifest,
    pub(crate) tail: Option<&'t Manifest>,
    pub(crate) is_last_ended: bool,
    /// Versions of its key that are no longer there.
    pub(crate) gone: &'t [Manifest],
}

impl Told<'_> {
    /// Whether a version that delivered lines and is gone came between an older one, if there is any, and this one.
    fn follows_what_is_gone(&self, older: Option<&ObjectVersion>) -> bool {
        let since = older.map_or(i64::MIN, |older| older.arrived_at);
        let came = self.gone.iter().filter(|gone| gone.is_complete()).map(|gone| gone.source.arrived_at);
        came.into_iter().any(|at| since <= at && at <= self.version.arrived_at)
    }
}

/// What is wrong between a version that was read and the versions around it. Those that nobody has finished are findings
/// of their own when they are late; until then nothing is said of what depends on them.
pub(crate) async fn chain_problems(context: &Context, told: &Told<'_>) -> Result<Vec<String>, StepError> {
    let mut problems = Vec::new();
    let arrival = Arrival::from(told.version);
    let id = arrival.source_id();
    let Some(mut around) = versions_around(context, &arrival).await.at("list versions", id.as_str())? else {
        return Ok(problems);
    };
    match before(context, &mut around.older, id.as_str()).await? {
        Before::Unfinished => {}
        Before::Nothing if told.follows_what_is_gone(None) => {}
        Before::Finished(older, _) if told.follows_what_is_gone(Some(&older)) => {}
        Before::Nothing => start(told, &mut problems),
        Before::Finished(older, manifest) => match compare(context, &older, told.version, id.as_str()).await?
        {
            Ok(shared) => follow(context, told, (&older, &manifest), shared, &mut problems).await?,
            Err(_) => problems.push("the version before it cannot be read".to_owned()),
        },
    }
    match (&told.manifest.held, told.tail) {
        (Some(held), Some(tail)) => settled(context, told, held, tail, &around.newer, &mut problems).await?,
        (None, Some(_)) => problems.push("a last line was settled that it does not hold".to_owned()),
        (_, None) => {}
    }
    Ok(problems)
}

/// The nearest older version that was not set aside.
enum Before {
    Nothing,
    /// What comes before is not known yet.
    Unfinished,
    Finished(ObjectVersion, Box<Manifest>),
}

async fn before(context: &Context, older: &mut Older, id: &str) -> Result<Before, StepError> {
    while let Some(version) = older.next(context).await.at("look back", id)? {
        match known(context, Stage::Normalise, &version).await? {
            Some(manifest) if manifest.is_complete() => {
                return Ok(Before::Finished(version, Box::new(manifest)));
            }
            Some(_) => {}
            None => return Ok(Before::Unfinished),
        }
    }
    Ok(Before::Nothing)
}

/// The manifest of a stage that is finished. One that cannot be read is a finding of its own version.
async fn known(
    context: &Context,
    stage: Stage,
    version: &ObjectVersion,
) -> Result<Option<Manifest>, StepError> {
    let found = finished(context, stage, version, &Arrival::from(version).source_id()).await?;
    Ok(found.unwrap_or(None))
}

fn expect<T: PartialEq + std::fmt::Debug>(problems: &mut Vec<String>, what: &str, found: &T, wanted: &T) {
    if found != wanted {
        problems.push(format!("{what}: found {found:?}, expected {wanted:?}"));
    }
}

/// A version with none before it repeats nothing.
fn start(told: &Told<'_>, problems: &mut Vec<String>) {
    let manifest = told.manifest;
    expect(problems, "repeats without a version before", &manifest.counts.skipped.repeat, &0);
    let own = (!told.is_last_ended).then(|| BrokenOff::from(told.version));
    expect(problems, "who broke off first", &manifest.broken_off, &own);
    expect(problems, "a held last line", &manifest.held.is_some(), &own.is_some());
}

/// A version with one before it repeats what the two share, and no more.
async fn follow(
    context: &Context,
    told: &Told<'_>,
    (older, before): (&ObjectVersion, &Manifest),
    shared: Shared,
    problems: &mut Vec<String>,
) -> Result<(), StepError> {
    let manifest = told.manifest;
    let mut repeats = shared.lines + u64::from(shared.tail_same);
    if let Some(first) = before.broken_off.as_ref().filter(|_| !shared.tail_same) {
        let is_final = is_final_before(first, told.version);
        repeats += u64::from(shared.tail_ended && is_final);
        if shared.continued {
            let version = ObjectVersion {
                version_id: first.version_id.clone(),
                arrived_at: first.arrived_at,
                ..told.version.clone()
            };
            // Until it is settled it is held, which is a finding of its own when it is late.
            if let Some(tail) = known(context, Stage::Tail, &version).await? {
                expect(
                    problems,
                    "what the file broke off with was read as it stood",
                    &tail.repeats.is_none(),
                    &is_final,
                );
            }
        }
    }
    expect(problems, "lines shared with the version before", &manifest.counts.skipped.repeat, &repeats);
    let of = (repeats > 0).then(|| older.version_id.clone());
    expect(problems, "the version that is repeated", &manifest.repeats, &of);
    let own = (!told.is_last_ended).then(|| BrokenOff::from(told.version));
    let first = if shared.tail_same { before.broken_off.clone() } else { own };
    expect(problems, "who broke off first", &manifest.broken_off, &first);
    let is_first = !told.is_last_ended && !shared.tail_same;
    expect(problems, "a held last line", &manifest.held.is_some(), &is_first);
    Ok(())
}

/// A held line that was settled is delivered here, or has a place of its own in the version that went on.
async fn settled(
    context: &Context,
    told: &Told<'_>,
    held: &HeldLine,
    tail: &Manifest,
    newer: &[ObjectVersion],
    problems: &mut Vec<String>,
) -> Result<(), StepError> {
    expect(problems, "lines that were settled", &tail.counts.lines, &1);
    let Some(by) = &tail.repeats else {
        expect(problems, "repeats of a line that nobody else delivers", &tail.counts.skipped.repeat, &0);
        return Ok(());
    };
    expect(problems, "repeats of a line that another version delivers", &tail.counts.skipped.repeat, &1);
    let Some(by) = newer.iter().find(|newer| newer.version_id == *by) else {
        if told.gone.iter().any(|gone| gone.source.version_id == *by && gone.is_complete()) {
            return Ok(());
        }
        problems.push("the version that went on with the held line is gone".to_owned());
        return Ok(());
    };
    let Some(manifest) = known(context, Stage::Normalise, by).await? else { return Ok(()) };
    let id = Arrival::from(told.version).source_id();
    let goes_on = match compare(context, told.version, by, id.as_str()).await? {
        Ok(shared) => shared.continued && !shared.tail_same,
        Err(_) => false,
    };
    let is_in_time = !is_final_before(&BrokenOff::from(told.version), by);
    if !(manifest.is_complete() && goes_on && is_in_time && manifest.counts.skipped.repeat < held.line) {
        problems.push("the held line is left to a version that does not deliver it".to_owned());
    }
    Ok(())
}
