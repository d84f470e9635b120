//! Judging again: a roster that was mended reaches what was judged by the old one.

use crate::arrival::Arrival;
use crate::classify::{Judged, classify, stage};
use crate::commit::Context;
use crate::in_force::roster_key;
use crate::step::{At, StepError};
use futures::TryStreamExt as _;
use trustwatch_lake::{Stage, keys};
use trustwatch_model::SchoolId;

/// Judges everything of a school again that was last judged by another roster than today's, each once. The policy that
/// was in force at an event's time judges it as before. Returns how many files of events were judged again.
///
/// # Errors
/// [`StepError`] of a step; what was judged again until then stays so, and the next call goes on.
pub async fn judge_again(context: &Context, school: &SchoolId) -> Result<u64, StepError> {
    let names = context.store.names();
    let roster = context.store.version_of(&names.config, &roster_key(school.as_str())).await;
    let roster = roster.at("read roster", "-")?;
    let mut again = 0;
    for of in [Stage::Normalise, Stage::Tail] {
        let prefix = keys::manifests(of, Some(school.as_str()));
        let mut manifests = context.store.all_keys(&names.lake, &prefix);
        while let Some((key, _)) = manifests.try_next().await.at("list manifests", "-")? {
            let arrival = Arrival::in_lake(context, key);
            if let Some(generation) = next_generation(context, &arrival, roster.as_deref()).await? {
                let judged = classify(context, &arrival, generation).await?;
                again += u64::from(matches!(judged, Judged::Committed(_)));
            }
        }
    }
    Ok(again)
}

/// The generation that would judge by this roster. `None` where the last one did, or where nobody has judged yet: that
/// is on its way.
async fn next_generation(
    context: &Context,
    arrival: &Arrival,
    roster: Option<&str>,
) -> Result<Option<u32>, StepError> {
    let Some((school, of)) = keys::to_judge(&arrival.key) else { return Ok(None) };
    let (id, mut generation) = (of.id(), 0);
    let mut last = None;
    while let Some(judged) = context.judged(school, &id, generation).await? {
        last = Some(judged);
        generation += 1;
    }
    // One that was begun and has no manifest yet is pinned to its roster, and ends here.
    let begun = context.store.ledger(&id, &stage(generation)).await.at("read ledger", id.as_str())?.is_some();
    Ok(last.filter(|last| begun || last.pins.roster.as_deref() != roster).map(|_| generation))
}
