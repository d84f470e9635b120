//! The safety net under the events: every raw version without a manifest is queued again.

use crate::arrival::Arrival;
use crate::commit::Context;
use crate::notification::Notified;
use crate::queue::queue_again;
use crate::step::{At, StepError};
use futures::TryStreamExt as _;
use std::collections::{HashMap, HashSet};
use trustwatch_lake::{Stage, keys};
use trustwatch_model::{RawKey, SourceId};

/// What a run of reconcile found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Versions in the raw bucket.
    pub versions: u64,
    /// Versions that were queued again.
    pub queued: u64,
}

/// Queues every raw version that has no manifest, arrived at least `settled_ms` ago (those after are likely still on
/// their way) and was not claimed: the due index brings back what was claimed. What waits in a queue for longer than
/// that is queued once more by each run, at the cost of a message that finds it done.
///
/// Memory: the source ids of one school's manifests at a time and of all unroutable objects, some 20 bytes each.
///
/// # Errors
/// [`StepError`] of a listing or of a send; what was queued stays queued, and the next run does the rest.
pub async fn reconcile(context: &Context, settled_ms: i64) -> Result<Reconciled, StepError> {
    let mut found = Reconciled::default();
    // Keys come in order, so that the manifests of one school are needed at a time; objects without a school
    // that we know lie between them.
    let mut committed: HashMap<String, HashSet<u128>> = HashMap::new();
    let mut versions = context.store.all_raw_versions("");
    while let Some(version) = versions.try_next().await.at("list raw", "-")? {
        found.versions += 1;
        let id = Arrival::from(&version).source_id();
        let school = RawKey::parse(&version.key).map(|key| key.school.to_string()).ok();
        committed.retain(|name, _| name == keys::UNROUTABLE || Some(name) == school.as_ref());
        let mut done = false;
        for name in school.iter().map(String::as_str).chain([keys::UNROUTABLE]) {
            if !committed.contains_key(name) {
                committed.insert(name.to_owned(), manifests(context, name).await?);
            }
            done |= committed.get(name).zip(number(id.as_str())).is_some_and(|(ids, id)| ids.contains(&id));
        }
        let age_ms = context.now_ms() - version.arrived_at / 1_000;
        if !done && age_ms >= settled_ms && !is_claimed(context, &id).await? {
            queue_again(context, &Notified::from(&version)).await?;
            found.queued += 1;
        }
    }
    Ok(found)
}

async fn is_claimed(context: &Context, id: &SourceId) -> Result<bool, StepError> {
    let row = context.store.ledger(id, Stage::Normalise.table_key()).await.at("read ledger", id.as_str())?;
    Ok(row.is_some_and(|row| row.state == "claimed"))
}

/// A source id as a number: a school may have a million.
fn number(id: &str) -> Option<u128> {
    u128::from_str_radix(id, 16).ok()
}

/// Queues every manifest of events that has no judgement, once there is a policy to judge by. Returns how many.
///
/// # Errors
/// As [`reconcile`].
pub async fn reconcile_judgements(context: &Context) -> Result<u64, StepError> {
    if context.timeline_now().await.at("read what judges", "-")?.is_none() {
        return Ok(0);
    }
    let (mut queued, lake) = (0, &context.store.names().lake);
    for stage in [Stage::Normalise, Stage::Tail] {
        let prefix = keys::manifests(stage, None);
        let mut judged: Option<(String, HashSet<u128>)> = None;
        let mut manifests = context.store.all_keys(lake, &prefix);
        while let Some((key, bytes)) = manifests.try_next().await.at("list manifests", "-")? {
            let Some((school, of)) = keys::to_judge(&key) else { continue };
            if judged.as_ref().is_none_or(|(known, _)| known != school) {
                judged = Some((school.to_owned(), ids(context, &keys::all_judged(Some(school))).await?));
            }
            let is_judged = |(_, ids): &(String, HashSet<u128>)| {
                number(of.id().as_str()).is_some_and(|id| ids.contains(&id))
            };
            if !judged.as_ref().is_some_and(is_judged) {
                let (arrival, arrived_ms) = (Arrival::in_lake(context, key), context.now_ms());
                queue_again(context, &Notified { arrival, bytes, arrived_ms }).await?;
                queued += 1;
            }
        }
    }
    Ok(queued)
}

async fn manifests(context: &Context, school: &str) -> Result<HashSet<u128>, StepError> {
    ids(context, &keys::manifests(Stage::Normalise, Some(school))).await
}

/// The sources that have a manifest under a prefix.
async fn ids(context: &Context, prefix: &str) -> Result<HashSet<u128>, StepError> {
    let mut ids = HashSet::new();
    let mut keys = context.store.all_keys(&context.store.names().lake, prefix);
    while let Some((key, _)) = keys.try_next().await.at("list manifests", "-")? {
        let name = key.strip_prefix(prefix).and_then(|name| name.strip_suffix(".json"));
        ids.extend(name.and_then(number));
    }
    Ok(ids)
}
