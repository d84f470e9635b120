//! The commit of a stage: parts first, then ONE manifest, then index and ledger.

use crate::arrival::{Arrival, SourcePins};
use crate::step::{At, Cause, StepError};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use trustwatch_lake::{Manifest, Outcome, Part, PartLimits, PartRef, RejectFile, SCHEMA_NUMBER, Stage, keys};
use trustwatch_model::{Counts, ObjectVersion, RawKey};
use trustwatch_store::{Claim, ClaimRequest, DayEntry, Due, Finish, PutOutcome, Shown, Store, Tally};

/// Tells the time. On AWS and on one machine the system's clock; in tests whatever is needed.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// What a use-case works with.
#[derive(Clone)]
pub struct Context {
    /// Where things are kept.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Bounds.
    pub limits: Limits,
    /// Name and version of this build, and the number of how it reads, for manifests.
    pub writer: String,
    /// What judges, as it was read.
    pub in_force: crate::InForce,
}

impl Context {
    /// What a process begins with: nothing that judges has been read yet.
    #[must_use]
    pub fn new(store: Store, clock: Clock, limits: Limits, writer: &str) -> Self {
        let writer = format!("{writer}, reading {}", trustwatch_formats::READING);
        Self { store, clock, limits, writer, in_force: crate::InForce::default() }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock)().as_millisecond()
    }
}

/// Bounds of the use-cases.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a claim keeps others away: a little longer than the function may run.
    pub lease_ms: i64,
    /// When the only process that works on these data began, where there is but one: milliseconds since 1970 UTC. Who
    /// claimed something before is gone. 0 where workers come and go by themselves.
    pub alone_since_ms: i64,
    /// Parts.
    pub parts: PartLimits,
    /// Lanes.
    pub lanes: crate::LaneLimits,
    /// Subjects whose alerts are written at a time, under one rule each.
    pub subjects_at_once: usize,
    /// Versions of a key before and after one that are looked at: two a minute for a day. Before it only those are
    /// that were set aside, or that nobody has worked on yet and that say the same. Beyond, the work is refused
    /// ([`Cause::Crowded`]) and not decided by what can be seen: nothing is lost and nothing doubled.
    pub versions_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let (parts, lanes) = (PartLimits::default(), crate::LaneLimits::default());
        Self { lease_ms: 70_000, alone_since_ms: 0, parts, lanes, subjects_at_once: 16, versions_max: 3_000 }
    }
}

/// How a stage of a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The manifest that counts: ours, or that of the worker who was first.
    pub manifest: Manifest,
    /// Whether ours was put.
    pub ours: bool,
}

impl Context {
    pub(crate) async fn put_part(&self, part: Part) -> Result<(), trustwatch_store::StoreError> {
        // Somebody may have put the same bytes before: the name is the content.
        self.store
            .put_new(&self.store.names().lake, &part.entry.key, Bytes::from(part.bytes))
            .await
            .map(|_| ())
    }

    pub(crate) async fn put_rejects(&self, file: RejectFile) -> Result<(), trustwatch_store::StoreError> {
        self.store
            .put_new(&self.store.names().lake, &file.entry.key, Bytes::from(file.bytes))
            .await
            .map(|_| ())
    }

    /// The manifest of a version, whether or not its school was known when it was worked on.
    pub(crate) async fn find_manifest(
        &self,
        stage: Stage,
        version: &ObjectVersion,
    ) -> Result<Option<Manifest>, StepError> {
        let source_id = Arrival::from(version).source_id();
        let school = RawKey::parse(&version.key).map(|key| key.school.to_string()).ok();
        for school in school.iter().map(String::as_str).chain([keys::UNROUTABLE]) {
            if let Some(manifest) = self.manifest_at(stage, school, source_id.as_str()).await? {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    /// The manifest of a stage at the place where it lies for a school.
    pub(crate) async fn manifest_at(
        &self,
        stage: Stage,
        school: &str,
        id: &str,
    ) -> Result<Option<Manifest>, StepError> {
        self.read_manifest(&keys::manifest(stage, school, id), id).await
    }

    /// A manifest by its key; an error names `id`.
    pub(crate) async fn read_manifest(&self, key: &str, id: &str) -> Result<Option<Manifest>, StepError> {
        let object = self.store.read(&self.store.names().lake, key).await.at("read manifest", id)?;
        object.map(|object| Manifest::from_json(&object.bytes)).transpose().at("read manifest", id)
    }

    /// Asks for a stage of a source.
    pub(crate) async fn claim(
        &self,
        stage: Stage,
        source: &SourcePins,
        counted: bool,
        due: Option<&Due>,
    ) -> Result<Claim, StepError> {
        let request = ClaimRequest {
            source: &source.source_id,
            stage: stage.table_key(),
            pins: &source.to_json()?,
            counted,
            now_ms: self.now_ms(),
            lease_ms: self.limits.lease_ms,
            alone_since_ms: self.limits.alone_since_ms,
            due,
        };
        self.store.claim(&request).await.at("claim", source.source_id.as_str())
    }

    /// Puts the manifest where there is none; where there is one, that one counts.
    pub(crate) async fn commit(
        &self,
        source: &SourcePins,
        manifest: Manifest,
    ) -> Result<Committed, StepError> {
        let id = source.source_id.as_str();
        if !manifest.counts.balances() {
            return Err(StepError::new("commit", id, Cause::Unbalanced(format!("{:?}", manifest.counts))));
        }
        let key = keys::manifest(manifest.stage, &manifest.school, id);
        let bytes = manifest.to_json().at("write manifest", id)?;
        let put = self.store.put_new(&self.store.names().lake, &key, Bytes::from(bytes)).await;
        match put.at("put manifest", id)? {
            PutOutcome::Created => Ok(Committed { manifest, ours: true }),
            PutOutcome::Exists => {
                let theirs = self.manifest_at(manifest.stage, &manifest.school, id).await?;
                let theirs = theirs.ok_or(Cause::Unbalanced("a manifest was there and is gone".to_owned()));
                let theirs = theirs.at("read manifest", id)?;
                if theirs.counts != manifest.counts {
                    // Both worked from the same pins: one of the two builds is wrong, and a person has to look.
                    tracing::error!(
                        source_id = id,
                        ours = manifest.writer,
                        theirs = theirs.writer,
                        "two workers counted the lines of a source differently"
                    );
                }
                Ok(Committed { manifest: theirs, ours: false })
            }
        }
    }

    /// Writes what follows from a committed manifest: the latest of the feed, the day index, the counters and
    /// the end of the ledger row. `counted_before` when the counters may already hold this source.
    pub(crate) async fn finish(
        &self,
        source: &SourcePins,
        manifest: &Manifest,
        due: Option<&Due>,
        counted_before: bool,
    ) -> Result<(), StepError> {
        let id = source.source_id.as_str();
        if manifest.stage == Stage::Normalise {
            self.show(source, manifest).await.at("show feed", id)?;
        }
        let tally = tally(manifest);
        let finish = Finish {
            source: &source.source_id,
            stage: manifest.stage.table_key(),
            outcome: outcome_word(&manifest.outcome),
            now_ms: self.now_ms(),
            school: &manifest.school,
            days: &days(&manifest.parts),
            tally: (!counted_before).then_some(&tally),
            due,
        };
        self.store.finish(&finish).await.at("finish", id)?;
        Ok(())
    }

    async fn show(
        &self,
        source: &SourcePins,
        manifest: &Manifest,
    ) -> Result<(), trustwatch_store::StoreError> {
        let shown =
            |detail| Shown { at: manifest.pins.arrived_at, source_id: source.source_id.to_string(), detail };
        let outcome = manifest.unknown_header.as_deref().unwrap_or(outcome_word(&manifest.outcome));
        self.store.show_latest(&manifest.school, &manifest.feed, &shown(outcome.to_owned())).await?;
        if let Outcome::Quarantined { reason } = &manifest.outcome {
            let detail = format!("{}: {}", reason.code(), reason.advice());
            self.store.show_set_aside(&manifest.school, &manifest.feed, &shown(detail)).await?;
        }
        Ok(())
    }

    /// A manifest with everything but its account.
    pub(crate) fn empty_manifest(
        &self,
        stage: Stage,
        source: &SourcePins,
        version: &ObjectVersion,
        outcome: Outcome,
    ) -> Manifest {
        Manifest {
            schema: SCHEMA_NUMBER,
            stage,
            source_id: source.source_id.clone(),
            school: source.school.clone(),
            feed: source.feed.clone(),
            source: version.clone(),
            outcome,
            counts: Counts::default(),
            repeats: None,
            broken_off: None,
            held: None,
            parts: Vec::new(),
            rejects: Vec::new(),
            rejects_by_reason: BTreeMap::new(),
            unknown_header: None,
            pins: source.pins.clone(),
            writer: self.writer.clone(),
        }
    }
}

/// What an object costs of its school's quota at least: a million empty objects are work, too.
const OBJECT_CHARGE_BYTES: u64 = 64 << 10;

const fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Quarantined { .. } => "quarantined",
    }
}

pub(crate) fn days(parts: &[PartRef]) -> Vec<DayEntry> {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    for part in parts {
        *rows.entry(part.date.to_string()).or_default() += part.rows;
    }
    rows.into_iter().map(|(date, rows)| DayEntry { date, rows }).collect()
}

fn tally(manifest: &Manifest) -> Tally {
    let counts = &manifest.counts;
    let mut by_name = BTreeMap::new();
    let mut add = |name: &str, count: u64| {
        by_name.insert(name.to_owned(), count);
    };
    if manifest.stage == Stage::Normalise {
        add("objects", 1);
        // A held line is counted by the stage that settles it.
        add("lines", counts.lines - counts.held);
        add("quarantined", u64::from(!manifest.is_complete()));
    } else {
        add("lines", counts.lines);
    }
    add("events", counts.events);
    add("rejects", counts.rejects);
    add("skipped_header", counts.skipped.header);
    add("skipped_comment", counts.skipped.comment);
    add("skipped_blank", counts.skipped.blank);
    add("skipped_repeat", counts.skipped.repeat);
    add("skipped_not_web", counts.skipped.not_web);
    for (reason, count) in &manifest.rejects_by_reason {
        add(&format!("rejects_{}", reason.as_str()), *count);
    }
    Tally {
        school: manifest.school.clone(),
        feed: manifest.feed.clone(),
        arrived: utc_day(manifest.pins.arrived_at).to_string(),
        bytes: if manifest.stage == Stage::Normalise {
            manifest.source.bytes.max(OBJECT_CHARGE_BYTES)
        } else {
            0
        },
        counts: by_name,
    }
}

/// The UTC day of a time in microseconds since 1970 UTC. S3 gives no time outside jiff's range.
pub(crate) fn utc_day(at_us: i64) -> jiff::civil::Date {
    let at = jiff::Timestamp::from_microsecond(at_us).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}
