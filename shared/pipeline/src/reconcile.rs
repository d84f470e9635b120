//! The safety net under the events: every raw version without a manifest is queued again.

use crate::arrival::Arrival;
use crate::commit::Context;
use crate::lane::{Lane, choose_lane};
use crate::notification::{Notified, write_notification};
use crate::step::{At, StepError};
use std::collections::{HashMap, HashSet};
use trustwatch_lake::{Stage, keys};
use trustwatch_model::{ObjectVersion, RawKey};

/// What a run of reconcile found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Versions in the raw bucket.
    pub versions: u64,
    /// Versions that were queued again.
    pub queued: u64,
}

/// Queues every raw version that has no manifest and arrived at least `settled_ms` ago (those before are likely
/// still on their way).
///
/// Memory: the source ids of one school's manifests at a time, about 100 bytes each.
///
/// # Errors
/// [`StepError`] of a listing or of a send; what was queued stays queued, and the next run does the rest.
pub async fn reconcile(context: &Context, settled_ms: i64) -> Result<Reconciled, StepError> {
    let mut found = Reconciled::default();
    // Keys come in order, so that the manifests of one school are needed at a time; objects without a school
    // that we know lie between them.
    let mut committed: HashMap<String, HashSet<String>> = HashMap::new();
    let mut next = None;
    loop {
        let page = context.store.raw_versions("", next.as_deref()).await.at("list raw", "-")?;
        for version in &page.entries {
            found.versions += 1;
            let id = Arrival::from(version).source_id();
            let school = RawKey::parse(&version.key).map(|key| key.school.to_string()).ok();
            committed.retain(|name, _| name == keys::UNROUTABLE || Some(name) == school.as_ref());
            let mut done = false;
            for name in school.iter().map(String::as_str).chain([keys::UNROUTABLE]) {
                if !committed.contains_key(name) {
                    committed.insert(name.to_owned(), manifests(context, name).await?);
                }
                done |= committed.get(name).is_some_and(|ids| ids.contains(id.as_str()));
            }
            let age_ms = context.now_ms() - version.arrived_at / 1_000;
            if !done && age_ms >= settled_ms {
                queue_again(context, version, age_ms).await?;
                found.queued += 1;
            }
        }
        next = page.next;
        if next.is_none() {
            return Ok(found);
        }
    }
}

async fn manifests(context: &Context, school: &str) -> Result<HashSet<String>, StepError> {
    let prefix = keys::manifests(Stage::Normalise, Some(school));
    let (mut ids, mut next) = (HashSet::new(), None);
    loop {
        let page = context.store.keys(&context.store.names().lake, &prefix, next.as_deref()).await;
        let page = page.at("list manifests", "-")?;
        ids.extend(page.entries.iter().filter_map(|(key, _)| {
            key.strip_prefix(&prefix).and_then(|name| name.strip_suffix(".json")).map(str::to_owned)
        }));
        next = page.next;
        if next.is_none() {
            return Ok(ids);
        }
    }
}

async fn queue_again(context: &Context, version: &ObjectVersion, age_ms: i64) -> Result<(), StepError> {
    let names = context.store.names();
    let queue = match choose_lane(&context.limits.lanes, version.bytes, age_ms, 0) {
        Lane::Live => &names.normalise_queue,
        Lane::Backfill => &names.backfill_queue,
    };
    let arrival = Arrival::from(version);
    let notified = Notified { arrival, bytes: version.bytes, arrived_ms: version.arrived_at / 1_000 };
    send(context, queue, &notified).await
}

/// Hands an object on to the backfill queue.
///
/// # Errors
/// [`StepError`] of the send; the message it came with must then come again.
pub async fn send_to_backfill(context: &Context, notified: &Notified) -> Result<(), StepError> {
    send(context, &context.store.names().backfill_queue, notified).await
}

async fn send(context: &Context, queue: &str, notified: &Notified) -> Result<(), StepError> {
    let id = notified.arrival.source_id();
    let body = write_notification(notified).at("write message", id.as_str())?;
    context.store.send(queue, &body).await.at("send message", id.as_str())
}
