//! The events of one manifest to findings, and the findings to alerts.

use crate::alert::{About, contribute};
use crate::arrival::Arrival;
use crate::commit::Context;
use crate::due::again_due;
use crate::in_force::roster_key;
use crate::judge::{Bench, Tally, versions_between};
use crate::notification::Notified;
use crate::step::{At, Cause, StepError};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use trustwatch_casework::{AcademicYear, Cell, ENTRIES_MAX, contributions};
use trustwatch_lake::{
    FindingRow, JudgePins, JudgedManifest, JudgedOf, Manifest, SCHEMA_NUMBER, keys, read_findings,
};
use trustwatch_model::{Finding, RuleId, SchoolId, Severity, SourceId, SubjectKey};
use trustwatch_store::{Claim, ClaimRequest, Finish, PutOutcome};

/// Whether a key of the lake is that of a manifest whose events are judged.
#[must_use]
pub fn is_to_judge(key: &str) -> bool {
    keys::to_judge(key).is_some()
}

/// How a judgement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// Committed by this call or by another worker meanwhile.
    Committed(Box<JudgedManifest>),
    /// It was finished before.
    Before,
    /// The manifest is no longer there.
    Gone,
    /// No policy was ever published: it is judged when one is.
    NoPolicy,
    /// The key is none of a manifest of events.
    NotEvents,
}

/// Word of the stage in table keys. Each generation is a stage of its own.
pub(crate) fn stage(generation: u32) -> String {
    if generation == 0 { "CLASSIFY".to_owned() } else { format!("CLASSIFY#{generation}") }
}

/// Does what is left to be judged of a manifest: the first judgement, and each later one that somebody began. Whoever
/// dies in one is followed by whoever is told of the manifest again.
///
/// # Errors
/// As [`classify`] has them.
pub async fn judge(context: &Context, arrival: &Arrival) -> Result<Judged, StepError> {
    let mut judged = classify_once(context, arrival, 0).await?;
    let mut generation = 1;
    while judged == Judged::Before && has_begun(context, arrival, generation).await? {
        judged = classify_once(context, arrival, generation).await?;
        generation += 1;
    }
    Ok(judged)
}

async fn has_begun(context: &Context, arrival: &Arrival, generation: u32) -> Result<bool, StepError> {
    let Some((_, of)) = keys::to_judge(&arrival.key) else { return Ok(false) };
    let row = context.store.ledger(&of.id(), &stage(generation)).await;
    Ok(row.at("read ledger", of.id().as_str())?.is_some())
}

/// Judges the events of a manifest, once for each generation, whoever else is told to do the same. Generation 0 is
/// the first judgement; a later one replaces what the source added to alerts before.
///
/// # Errors
/// [`StepError`] says whether to give the message back. The next call goes on from the same pinned inputs.
pub async fn classify(context: &Context, arrival: &Arrival, generation: u32) -> Result<Judged, StepError> {
    // A generation replaces what the one before added, which is brought to its end first.
    for before in 0..generation {
        classify_once(context, arrival, before).await?;
    }
    classify_once(context, arrival, generation).await
}

async fn classify_once(context: &Context, arrival: &Arrival, generation: u32) -> Result<Judged, StepError> {
    let Some((school, of)) = keys::to_judge(&arrival.key) else { return Ok(Judged::NotEvents) };
    let source_id = of.id();
    let id = source_id.as_str();
    let Some(manifest) = context.manifest_at(of.stage, school, of.source_id.as_str()).await? else {
        return Ok(Judged::Gone);
    };
    let Some(pins) = pins_now(context, &manifest).await.at("read what judges", id)? else {
        return Ok(Judged::NoPolicy);
    };
    let stage = stage(generation);
    let now_ms = context.now_ms();
    let notified = Notified { arrival: arrival.clone(), bytes: manifest.source.bytes, arrived_ms: now_ms };
    let again = again_due(&notified, now_ms).at("write message", id)?;
    let pins = serde_json::to_string(&pins).map_err(Cause::Pins).at("write pins", id)?;
    let claim = ClaimRequest {
        source: &source_id,
        stage: &stage,
        pins: &pins,
        counted: false,
        now_ms,
        lease_ms: context.limits.lease_ms,
        alone_since_ms: context.limits.alone_since_ms,
        due: Some(&again),
    };
    let pins = match context.store.claim(&claim).await.at("claim", id)? {
        Claim::Done { .. } => return Ok(Judged::Before),
        Claim::Busy { until_ms } => return Err(StepError::new("claim", id, Cause::Busy { until_ms })),
        Claim::Mine { pins, .. } => serde_json::from_str(&pins).map_err(Cause::Pins).at("read pins", id)?,
    };
    let judged = match context.judged(&manifest.school, &source_id, generation).await? {
        Some(judged) => judged,
        None => commit(context, write_findings(context, &manifest, of, pins, generation).await?).await?,
    };
    add_to_alerts(context, &judged).await?;
    finish(context, &judged, &stage).await.at("finish", id)?;
    Ok(Judged::Committed(Box::new(judged)))
}

/// The inputs as they are now. The first claim decides whether these or earlier ones count.
async fn pins_now(context: &Context, manifest: &Manifest) -> Result<Option<JudgePins>, Cause> {
    let Some(timeline) = context.timeline_now().await? else { return Ok(None) };
    let roster =
        context.store.version_of(&context.store.names().config, &roster_key(&manifest.school)).await?;
    Ok(Some(JudgePins { arrived_at: manifest.pins.arrived_at, timeline, roster }))
}

impl Context {
    /// The manifest of a judgement, if it was committed.
    pub(crate) async fn judged(
        &self,
        school: &str,
        id: &SourceId,
        generation: u32,
    ) -> Result<Option<JudgedManifest>, StepError> {
        let key = keys::judged(school, id, generation);
        let object =
            self.store.read(&self.store.names().lake, &key).await.at("read judgement", id.as_str())?;
        object
            .map(|object| JudgedManifest::from_json(&object.bytes))
            .transpose()
            .at("read judgement", id.as_str())
    }

    /// All findings of a judgement.
    pub(crate) async fn findings(&self, judged: &JudgedManifest) -> Result<Vec<FindingRow>, StepError> {
        let id = judged.source_id.as_str();
        let mut rows = Vec::new();
        for part in &judged.parts {
            rows.extend(read_findings(self.lake_object(&part.key, id).await?).at("read findings", id)?);
        }
        Ok(rows)
    }

    /// A part that a manifest names.
    pub(crate) async fn lake_object(&self, key: &str, id: &str) -> Result<Bytes, StepError> {
        let object = self.store.read(&self.store.names().lake, key).await.at("read part", id)?;
        let gone = || Cause::Stored("a part that the manifest names is gone".to_owned());
        Ok(object.ok_or_else(gone).at("read part", id)?.bytes)
    }
}

async fn write_findings(
    context: &Context,
    manifest: &Manifest,
    of: JudgedOf,
    pins: JudgePins,
    generation: u32,
) -> Result<JudgedManifest, StepError> {
    let source_id = of.id();
    let id = source_id.to_string();
    let mut judged = JudgedManifest {
        schema: SCHEMA_NUMBER,
        source_id,
        generation,
        of,
        school: manifest.school.clone(),
        feed: manifest.feed.clone(),
        events: manifest.counts.events,
        left_out: 0,
        parts: Vec::new(),
        pins,
        writer: context.writer.clone(),
    };
    // What was set aside has no events.
    if manifest.parts.is_empty() {
        return Ok(judged);
    }
    let bench = std::sync::Arc::new(bench(context, manifest, &judged).await.at("read what judges", &id)?);
    let mut tally = Tally::default();
    for part in &manifest.parts {
        let (bytes, entry) = (context.lake_object(&part.key, &id).await?, part.clone());
        let bench = std::sync::Arc::clone(&bench);
        let found = tokio::task::spawn_blocking(move || {
            let found = bench.part(&entry, bytes, &mut tally);
            found.map(|found| (found, tally))
        });
        let found = found.await.map_err(|_| Cause::Worker).at("judge", &id)?.at("judge", &id)?;
        tally = found.1;
        if let Some(part) = found.0 {
            judged.parts.push(part.entry.clone());
            context.put_part(part).await.at("put findings", &id)?;
        }
    }
    judged.left_out = tally.left_out;
    Ok(judged)
}

async fn bench(context: &Context, manifest: &Manifest, judged: &JudgedManifest) -> Result<Bench, Cause> {
    let pins = &judged.pins;
    let feed = manifest.pins.feed.as_ref().map_err(|_| Cause::Stored("events without a feed".to_owned()))?;
    let school = SchoolId::new(&manifest.school).map_err(|error| Cause::Stored(error.to_string()))?;
    let timeline = context.timeline(&pins.timeline).await?;
    let (mut policies, mut years) = (BTreeMap::new(), BTreeMap::new());
    for part in &manifest.parts {
        for version in versions_between(&timeline, part.first_event_at, part.last_event_at, pins.arrived_at) {
            policies.insert(version, context.policy(version).await?);
        }
        for at in [part.first_event_at, part.last_event_at] {
            let year = AcademicYear::of(at)?;
            years.insert(year, context.year_key(year).await?);
        }
    }
    Ok(Bench {
        school,
        product: feed.settings.format.clone(),
        id: judged.source_id.clone(),
        arrived_at: pins.arrived_at,
        timeline,
        policies,
        roster: context.roster(&manifest.school, pins.roster.as_deref()).await?,
        years,
        limits: context.limits.parts,
    })
}

/// Puts the manifest where there is none; where there is one, that one counts.
async fn commit(context: &Context, judged: JudgedManifest) -> Result<JudgedManifest, StepError> {
    let id = judged.source_id.as_str();
    let key = keys::judged(&judged.school, &judged.source_id, judged.generation);
    let bytes = judged.to_json().at("write judgement", id)?;
    let put = context.store.put_new(&context.store.names().lake, &key, Bytes::from(bytes)).await;
    if put.at("put judgement", id)? == PutOutcome::Created {
        return Ok(judged);
    }
    let theirs = context.judged(&judged.school, &judged.source_id, judged.generation).await?;
    theirs
        .ok_or_else(|| Cause::Stored("a judgement was there and is gone".to_owned()))
        .at("read judgement", id)
}

/// What a judgement with these findings adds to alert cells, by cell. A cell that an earlier generation added to, and this one does not,
/// stands there with nothing.
pub(crate) async fn additions(
    context: &Context,
    judged: &JudgedManifest,
    rows: Vec<FindingRow>,
) -> Result<BTreeMap<Cell, (About, String)>, StepError> {
    let id = judged.source_id.as_str();
    let mut all = packed(judged, rows)?;
    if let Some(before) = judged.generation.checked_sub(1) {
        let before = context.judged(&judged.school, &judged.source_id, before).await?;
        let before = before.ok_or_else(|| Cause::Stored("the generation before is gone".to_owned()));
        let before = before.at("read judgement", id)?;
        for (cell, (about, _)) in packed(&before, context.findings(&before).await?)? {
            all.entry(cell).or_insert((about, String::new()));
        }
    }
    Ok(all)
}

fn packed(
    judged: &JudgedManifest,
    rows: Vec<FindingRow>,
) -> Result<BTreeMap<Cell, (About, String)>, StepError> {
    let id = judged.source_id.as_str();
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let school = SchoolId::new(&judged.school).map_err(|error| Cause::Stored(error.to_string()));
    let school = school.at("read findings", id)?;
    let mut abouts: BTreeMap<Cell, About> = BTreeMap::new();
    for row in &rows {
        let cell = Cell::of(&school, &row.finding).map_err(Cause::from).at("pack findings", id)?;
        if !abouts.contains_key(&cell) {
            abouts.insert(cell.clone(), About::of(cell, row));
        }
    }
    let findings: Vec<Finding> = rows.into_iter().map(|row| row.finding).collect();
    let packed = contributions(&school, &judged.source_id, &findings, ENTRIES_MAX);
    let mut all = BTreeMap::new();
    for (cell, contribution) in packed.map_err(Cause::from).at("pack findings", id)? {
        let body = serde_json::to_string(&contribution).map_err(Cause::Pins).at("pack findings", id)?;
        if let Some(about) = abouts.remove(&cell) {
            all.insert(cell, (about, body));
        }
    }
    Ok(all)
}

/// Adds what was found to alerts: the gravest first, so that a child in danger waits for nobody's games, and several at
/// a time. Only cells of one subject under one rule have to do with each other.
async fn add_to_alerts(context: &Context, judged: &JudgedManifest) -> Result<(), StepError> {
    let rows = context.findings(judged).await?;
    let mut gravest: BTreeMap<(RuleId, SubjectKey), Severity> = BTreeMap::new();
    for FindingRow { finding, .. } in &rows {
        let of = gravest.entry((finding.rule.clone(), finding.subject.clone())).or_insert(finding.severity);
        *of = finding.severity.max(*of);
    }
    let mut together: BTreeMap<(RuleId, SubjectKey), Vec<Addition>> = BTreeMap::new();
    for (cell, (about, body)) in additions(context, judged, rows).await? {
        let of = (cell.rule.clone(), cell.subject.clone());
        together.entry(of).or_default().push((cell, about, body));
    }
    let mut together: Vec<_> = together.into_iter().collect();
    together.sort_by_key(|(of, _)| std::cmp::Reverse(gravest.get(of).copied()));
    let added: Vec<_> = together.iter().map(|(_, additions)| add(context, judged, additions)).collect();
    stream::iter(added).buffer_unordered(context.limits.subjects_at_once.max(1)).try_collect().await
}

/// What a judgement adds to one cell.
type Addition = (Cell, About, String);

/// Adds to cells that lie side by side, and concludes each again.
async fn add(context: &Context, judged: &JudgedManifest, additions: &[Addition]) -> Result<(), StepError> {
    let mut to_fold = BTreeSet::new();
    for (cell, about, body) in additions {
        contribute(context, judged, cell, about, body).await?;
        to_fold.extend(cell.to_fold_again());
    }
    // Always, also where everything was there already: a worker may have died between its contribution and this.
    for cell in &to_fold {
        crate::alert::fold_again(context, cell).await?;
    }
    Ok(())
}

async fn finish(context: &Context, judged: &JudgedManifest, stage: &str) -> Result<(), Cause> {
    let finish = Finish {
        source: &judged.source_id,
        stage,
        outcome: "judged",
        now_ms: context.now_ms(),
        school: &judged.school,
        days: &crate::commit::days(&judged.parts),
        tally: None,
        due: None,
    };
    context.store.finish(&finish).await?;
    Ok(())
}
