//! What judges: the timeline of policies, the policies, the roster of a school and the keys of academic years, each
//! read once and kept for a while.
//!
//! A policy takes effect ten minutes after its publication at the earliest, and nothing is kept for longer than
//! five: so no worker judges by a timeline in which a version is missing that is already in force.

use crate::commit::Context;
use crate::step::Cause;
use bytes::Bytes;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use trustwatch_access::{CursorKey, GroupMap};
use trustwatch_casework::AcademicYear;
use trustwatch_model::SchoolId;
use trustwatch_policy::{InForceFrom, Judge, Policy, Roster, Timeline};
use trustwatch_store::{Object, PutOutcome};

/// How long something that may change is kept.
const KEPT_MS: i64 = 5 * 60_000;
/// How long after its publication a policy takes effect at the earliest.
pub const EFFECTIVE_AFTER_MS: i64 = 10 * 60_000;
/// Most things of a kind that are kept; then all are forgotten.
const KEPT_MAX: usize = 64;

/// Where the timeline lies in the config bucket.
pub(crate) const TIMELINE_KEY: &str = "policy/timeline.json";

fn policy_key(version: u32) -> String {
    format!("policy/{version}.yaml")
}

/// Where the roster of a school lies in the config bucket.
#[must_use]
pub fn roster_key(school: &str) -> String {
    format!("roster/{school}.csv")
}

/// Things that were read, by what they were read by, until a point of time.
#[derive(Debug)]
pub(crate) struct Kept<K, V>(Mutex<HashMap<K, (i64, V)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    pub(crate) fn get(&self, key: &K, now_ms: i64) -> Option<V> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(until_ms, _)| now_ms < *until_ms).map(|(_, value)| value.clone())
    }

    pub(crate) fn keep(&self, key: K, value: V, until_ms: i64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, (until_ms, value));
    }
}

/// A policy that can judge.
pub(crate) struct Compiled {
    /// As it was published.
    pub(crate) policy: Policy,
    /// Compiled.
    pub(crate) judge: Judge,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Compiled").field("version", &self.policy.version).finish_non_exhaustive()
    }
}

/// What a process has read of what judges. Shared by everything that a process does.
#[derive(Debug, Clone, Default)]
pub struct InForce(pub(crate) Arc<Shelves>);

#[derive(Debug, Default)]
pub(crate) struct Shelves {
    timeline: Kept<(), String>,
    timelines: Kept<String, Arc<Timeline>>,
    policies: Kept<u32, Arc<Compiled>>,
    rosters: Kept<(String, String), Arc<Roster>>,
    years: Kept<AcademicYear, [u8; 32]>,
    pub(crate) roster_versions: Kept<String, Option<String>>,
    pub(crate) groups: Kept<(), Arc<GroupMap>>,
    pub(crate) schools: Kept<(), Arc<Vec<SchoolId>>>,
    pub(crate) cursors: Kept<(), CursorKey>,
}

impl Context {
    /// The version id of the timeline as it is, or was up to five minutes ago. `None` before the first publication.
    pub(crate) async fn timeline_now(&self) -> Result<Option<String>, Cause> {
        let (shelf, now_ms) = (&self.in_force.0.timeline, self.now_ms());
        if let Some(version) = shelf.get(&(), now_ms) {
            return Ok(Some(version));
        }
        let found = self.store.version_of(&self.store.names().config, TIMELINE_KEY).await?;
        if let Some(version) = &found {
            shelf.keep((), version.clone(), now_ms + KEPT_MS);
        }
        Ok(found)
    }

    /// A version of the timeline. What a version id names never changes.
    pub(crate) async fn timeline(&self, version_id: &str) -> Result<Arc<Timeline>, Cause> {
        let shelf = &self.in_force.0.timelines;
        if let Some(timeline) = shelf.get(&version_id.to_owned(), self.now_ms()) {
            return Ok(timeline);
        }
        let timeline = Arc::new(parse_timeline(&self.config(TIMELINE_KEY, Some(version_id)).await?)?);
        shelf.keep(version_id.to_owned(), Arc::clone(&timeline), i64::MAX);
        Ok(timeline)
    }

    /// A published policy. A version is put once and never changes.
    pub(crate) async fn policy(&self, version: u32) -> Result<Arc<Compiled>, Cause> {
        let shelf = &self.in_force.0.policies;
        if let Some(policy) = shelf.get(&version, self.now_ms()) {
            return Ok(policy);
        }
        let key = policy_key(version);
        let object = self.config(&key, None).await?;
        let (policy, mistakes) = Policy::published(&String::from_utf8_lossy(&object.bytes))
            .map_err(|mistakes| Cause::Stored(format!("`{key}` is no policy any more: {mistakes}")))?;
        if let [first, ..] = mistakes.as_slice() {
            let (mistakes, line) = (mistakes.as_slice().len(), first.line);
            tracing::error!(
                version,
                mistakes,
                line,
                "the policy in force has what this build calls mistakes: see `trustwatch policy check`, and publish it mended"
            );
        }
        let judge = Judge::new(&policy).map_err(|error| Cause::Stored(format!("`{key}`: {error}")))?;
        let compiled = Arc::new(Compiled { policy, judge });
        shelf.keep(version, Arc::clone(&compiled), i64::MAX);
        Ok(compiled)
    }

    /// A version of a school's roster; without one nobody is known. Rows with mistakes were shown when it was put.
    pub(crate) async fn roster(&self, school: &str, version_id: Option<&str>) -> Result<Arc<Roster>, Cause> {
        let Some(version_id) = version_id else { return Ok(Arc::default()) };
        let (shelf, name) = (&self.in_force.0.rosters, (school.to_owned(), version_id.to_owned()));
        if let Some(roster) = shelf.get(&name, self.now_ms()) {
            return Ok(roster);
        }
        let object = self.config(&roster_key(school), Some(version_id)).await?;
        let roster = Arc::new(Roster::parse(&object.bytes).0);
        shelf.keep(name, Arc::clone(&roster), i64::MAX);
        Ok(roster)
    }

    /// The roster of a school as it is, or was up to five minutes ago.
    pub(crate) async fn roster_now(&self, school: &str) -> Result<Arc<Roster>, Cause> {
        let (shelf, now_ms) = (&self.in_force.0.roster_versions, self.now_ms());
        let version_id = match shelf.get(&school.to_owned(), now_ms) {
            Some(version_id) => version_id,
            None => {
                let found = self.store.version_of(&self.store.names().config, &roster_key(school)).await?;
                shelf.keep(school.to_owned(), found.clone(), now_ms + KEPT_MS);
                found
            }
        };
        self.roster(school, version_id.as_deref()).await
    }

    /// The key of an academic year. It may be destroyed, so it is not kept for long.
    pub(crate) async fn year_key(&self, year: AcademicYear) -> Result<[u8; 32], Cause> {
        let (shelf, now_ms) = (&self.in_force.0.years, self.now_ms());
        if let Some(key) = shelf.get(&year, now_ms) {
            return Ok(key);
        }
        let key = self.store.year_key(&year.to_string()).await?;
        shelf.keep(year, key, now_ms + KEPT_MS);
        Ok(key)
    }

    async fn config(&self, key: &str, version_id: Option<&str>) -> Result<Object, Cause> {
        let found = self.store.read_version(&self.store.names().config, key, version_id).await?;
        found.ok_or_else(|| Cause::Stored(format!("`{key}` is gone from the config bucket")))
    }
}

fn parse_timeline(object: &Object) -> Result<Timeline, Cause> {
    serde_json::from_slice(&object.bytes)
        .map_err(|error| Cause::Stored(format!("`{TIMELINE_KEY}` cannot be read: {error}")))
}

/// Why something that judges cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The store, or what is stored.
    #[error(transparent)]
    Cause(#[from] Cause),
    /// The policy has mistakes.
    #[error("{0}")]
    Mistakes(#[from] trustwatch_policy::Mistakes),
    /// A version of this number was published with other words.
    #[error("version `{0}` is published with another text: give this one the next number")]
    Taken(u32),
    /// Somebody else published at the same time.
    #[error("somebody else published at the same time: look at what is in force and try again")]
    Contended,
}

/// Puts a policy in force from a point of time (microseconds since 1970 UTC) on. Publishing the same again changes
/// nothing.
///
/// The first policy of all judges what came before it, too, so it takes effect at once.
///
/// # Errors
/// [`PublishError`]; nothing that has a mistake is put in force.
pub async fn publish(context: &Context, yaml: &str, effective_from: i64) -> Result<u32, PublishError> {
    let policy = Policy::parse(yaml)?;
    let (store, names) = (&context.store, context.store.names());
    let (config, key) = (&names.config, policy_key(policy.version));
    let body = Bytes::from(yaml.to_owned());
    if store.put_new(config, &key, body.clone()).await.map_err(Cause::from)? == PutOutcome::Exists {
        let there = context.config(&key, None).await?;
        if there.bytes != body {
            return Err(PublishError::Taken(policy.version));
        }
    }
    let found = store.read(config, TIMELINE_KEY).await.map_err(Cause::from)?;
    let mut timeline = found.as_ref().map(parse_timeline).transpose()?.unwrap_or_default();
    if timeline.versions.last().is_some_and(|last| last.version == policy.version) {
        return Ok(policy.version);
    }
    let earliest = (context.now_ms() + EFFECTIVE_AFTER_MS) * 1_000;
    let effective_from = if found.is_some() { effective_from.max(earliest) } else { effective_from };
    timeline.versions.push(InForceFrom { version: policy.version, effective_from });
    let json = serde_json::to_vec(&timeline).map_err(Cause::Pins)?;
    let etag = found.as_ref().map(|object| object.etag.as_str());
    match store.replace(config, TIMELINE_KEY, Bytes::from(json), etag).await.map_err(Cause::from)? {
        PutOutcome::Created => Ok(policy.version),
        PutOutcome::Exists => Err(PublishError::Contended),
    }
}

/// Puts the roster of a school. Returns what was read of it, and the mistakes of rows that were left out.
///
/// # Errors
/// [`PublishError`] of the store.
pub async fn put_roster(
    context: &Context,
    school: &SchoolId,
    csv: Vec<u8>,
) -> Result<(Roster, trustwatch_policy::Mistakes), PublishError> {
    let read = Roster::parse(&csv);
    let (config, key) = (&context.store.names().config, roster_key(school.as_str()));
    let found = context.store.read(config, &key).await.map_err(Cause::from)?;
    let etag = found.as_ref().map(|object| object.etag.as_str());
    match context.store.replace(config, &key, Bytes::from(csv), etag).await.map_err(Cause::from)? {
        PutOutcome::Created => Ok(read),
        PutOutcome::Exists => Err(PublishError::Contended),
    }
}
