//! The proof that nothing is lost or doubled: every raw object is counted again, from its bytes, against its
//! manifest, its parts, its rejects and the day index.

use crate::arrival::{Arrival, SourcePins};
use crate::commit::Context;
use crate::lines::{fault_of, open};
use crate::step::{At, Cause, StepError};
use crate::tail::final_ms;
use crate::verify_chain::{Told, chain_problems};
use crate::verify_judged::judged;
use serde::Serialize;
use std::collections::BTreeMap;
use trustwatch_formats::{LineReader, ReadError};
use trustwatch_lake::{JudgedOf, Manifest, Outcome, Stage, read_part, reject_lines, sha256_hex};
use trustwatch_model::{Counts, ObjectVersion, QuarantineReason, SourceId};

/// Something that does not balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Source.
    pub source_id: String,
    /// Key of the raw object.
    pub key: String,
    /// What is wrong, with both figures.
    pub problem: String,
}

/// What `verify` counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Raw versions.
    pub objects: u64,
    /// Versions that were set aside as a whole.
    pub quarantined: u64,
    /// Versions that have not been normalised, or not judged yet.
    pub pending: u64,
    /// The account of all lines, counted from parts and rejects.
    pub counts: Counts,
    /// Events that rules found.
    pub found: u64,
    /// What does not balance.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether every line of everything that was worked on has its place, and nothing waits for too long.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.findings.is_empty() && self.counts.balances()
    }
}

/// Counts everything again.
///
/// Memory: the line numbers of one object.
///
/// # Errors
/// [`StepError`] when something cannot be read at all; what can be read and is wrong is a [`Finding`].
pub async fn verify(context: &Context) -> Result<Report, StepError> {
    let mut report = Report::default();
    let mut next = None;
    loop {
        let page = context.store.raw_versions("", next.as_deref()).await.at("list raw", "-")?;
        for version in &page.entries {
            report.objects += 1;
            verify_version(context, version, &mut report).await?;
        }
        next = page.next;
        if next.is_none() {
            return Ok(report);
        }
    }
}

async fn verify_version(
    context: &Context,
    version: &ObjectVersion,
    report: &mut Report,
) -> Result<(), StepError> {
    let source_id = Arrival::from(version).source_id();
    let finding = |problem| Finding { source_id: source_id.to_string(), key: version.key.clone(), problem };
    let found = match finished(context, Stage::Normalise, version, &source_id).await? {
        Ok(manifest) => {
            finished(context, Stage::Tail, version, &source_id).await?.map(|tail| (manifest, tail))
        }
        Err(problem) => Err(problem),
    };
    let (manifest, tail) = match found {
        Ok((Some(manifest), tail)) => (manifest, tail),
        Ok((None, _)) => {
            report.pending += 1;
            if context.now_ms() > version.arrived_at / 1_000 + WORKED_ON_BY_MS {
                let problem = "it came more than an hour ago and is not worked on: see whether `trustwatch up` runs, \
                               and what waits in the queues with `trustwatch feed show`";
                report.findings.push(finding(problem.to_owned()));
            }
            return Ok(());
        }
        Err(problem) => {
            report.findings.push(finding(problem));
            return Ok(());
        }
    };
    if manifest.held.is_some() && tail.is_none() && context.now_ms() > final_ms(version) + WORKED_ON_BY_MS {
        report.findings.push(finding("its last line is held for more than 26 hours".to_owned()));
    }
    if let Outcome::Quarantined { reason } = &manifest.outcome {
        report.quarantined += 1;
        if let Some(problem) = wrongly_set_aside(context, version, &manifest, reason).await? {
            report.findings.push(finding(problem));
        }
        return Ok(());
    }
    let mut check = Check { context, version, source_id, problems: Vec::new(), lines: Vec::new() };
    let is_last_ended = check.source(&manifest, tail.as_ref()).await?;
    let told = Told { version, manifest: &manifest, tail: tail.as_ref(), is_last_ended };
    check.problems.extend(chain_problems(context, &told).await?);
    let mut is_pending = false;
    for manifest in [Some(&manifest), tail.as_ref()].into_iter().flatten() {
        let of = JudgedOf { stage: manifest.stage, source_id: check.source_id.clone() };
        let judged = judged(context, of, manifest).await?;
        check.problems.extend(judged.problems);
        report.found += judged.findings;
        is_pending |= judged.is_pending;
        let since_ms = match manifest.stage {
            Stage::Normalise => version.arrived_at / 1_000,
            Stage::Tail => final_ms(version),
        };
        if judged.is_pending && context.now_ms() > since_ms + WORKED_ON_BY_MS {
            check.problems.push("its events wait to be judged for more than an hour".to_owned());
        }
    }
    report.pending += u64::from(is_pending);
    let Check { problems, source_id, .. } = check;
    report.findings.extend(problems.into_iter().map(|problem| Finding {
        source_id: source_id.to_string(),
        key: version.key.clone(),
        problem,
    }));
    report.counts += manifest.counts;
    if let Some(tail) = tail {
        report.counts += Counts { lines: 0, ..tail.counts };
        report.counts.held -= manifest.counts.held.min(report.counts.held);
    }
    Ok(())
}

/// What is wrong with setting a version aside: it has events all the same, or its bytes can be read.
async fn wrongly_set_aside(
    context: &Context,
    version: &ObjectVersion,
    manifest: &Manifest,
    reason: &QuarantineReason,
) -> Result<Option<String>, StepError> {
    if !manifest.parts.is_empty() || manifest.counts != Counts::default() {
        return Ok(Some("it was set aside as a whole and has lines all the same".to_owned()));
    }
    let is_of_bytes = matches!(
        reason,
        QuarantineReason::Damaged { .. }
            | QuarantineReason::Expansion { .. }
            | QuarantineReason::Scattered { .. }
    );
    let Some(feed) = manifest.pins.feed.as_ref().ok().filter(|_| is_of_bytes) else { return Ok(None) };
    let pins = SourcePins::new(version, manifest.pins.clone());
    let fault = fault_of(context, &pins, feed, version).await?;
    Ok(fault.is_none().then(|| format!("it was set aside ({}) and can be read", reason.code())))
}

/// What nobody has worked on so long after its time is no longer on its way.
const WORKED_ON_BY_MS: i64 = 3_600_000;

/// The manifest of a stage, once its worker has written down what follows from it: until then it is on its way, and
/// the due index brings it back. What cannot be read as a manifest is a finding, told by the inner error.
pub(crate) async fn finished(
    context: &Context,
    stage: Stage,
    version: &ObjectVersion,
    source_id: &SourceId,
) -> Result<Result<Option<Manifest>, String>, StepError> {
    let row = context.store.ledger(source_id, stage.table_key()).await;
    if row.at("read ledger", source_id.as_str())?.is_some_and(|row| row.state == "claimed") {
        return Ok(Ok(None));
    }
    match context.find_manifest(stage, version).await {
        Err(StepError { cause: Cause::Manifest(error), .. }) => {
            Ok(Err(format!("its manifest cannot be read: {error}")))
        }
        found => found.map(Ok),
    }
}

/// The check of one source: collects every problem instead of stopping at the first.
struct Check<'c> {
    context: &'c Context,
    version: &'c ObjectVersion,
    source_id: SourceId,
    problems: Vec<String>,
    /// Line numbers of events and rejects.
    lines: Vec<u64>,
}

impl Check<'_> {
    /// Checks the account of one version against its bytes. Returns whether its last line came with its newline.
    async fn source(&mut self, manifest: &Manifest, tail: Option<&Manifest>) -> Result<bool, StepError> {
        let (raw_lines, is_last_ended) = self.count_raw().await?;
        self.expect("lines of the raw object", raw_lines, manifest.counts.lines);
        if !manifest.counts.balances() {
            self.problems.push(format!("the counts do not balance: {:?}", manifest.counts));
        }
        self.stage(manifest).await?;
        self.places(manifest);
        if let Some(tail) = tail {
            let before = self.lines.len();
            self.stage(tail).await?;
            let held = manifest.held.as_ref().map(|held| held.line);
            if self.lines.iter().skip(before).any(|line| Some(*line) != held) {
                self.problems.push("the held line was settled as another line".to_owned());
            }
        }
        let found = self.lines.len() as u64;
        self.lines.sort_unstable();
        self.lines.dedup();
        self.expect("distinct line numbers", self.lines.len() as u64, found);
        if self.lines.last().is_some_and(|last| *last > raw_lines) {
            self.problems.push(format!("a row names a line beyond the {raw_lines} of the raw object"));
        }
        Ok(is_last_ended)
    }

    /// Repeats stand at the beginning and a held line at the end: no row may name one of them.
    fn places(&mut self, manifest: &Manifest) {
        let repeats = manifest.counts.skipped.repeat;
        if self.lines.iter().any(|line| *line <= repeats) {
            self.problems.push(format!("a row names one of the {repeats} repeated lines"));
        }
        if manifest.held.as_ref().is_some_and(|held| self.lines.contains(&held.line)) {
            self.problems.push("a row names the held line".to_owned());
        }
    }

    async fn stage(&mut self, manifest: &Manifest) -> Result<(), StepError> {
        let id = self.source_id.to_string();
        let lake = &self.context.store.names().lake;
        let (mut events, mut rejects) = (0, 0);
        let mut days: BTreeMap<String, u64> = BTreeMap::new();
        for part in &manifest.parts {
            let Some(object) = self.context.store.read(lake, &part.key).await.at("read part", &id)? else {
                self.problems.push(format!("a part of {} rows is missing", part.rows));
                continue;
            };
            if sha256_hex(&object.bytes) != part.sha256 {
                self.problems.push("a part does not have the bytes that its name says".to_owned());
            }
            let facts = match read_part(object.bytes) {
                Ok(facts) => facts,
                Err(error) => {
                    self.problems.push(format!("a part of {} rows cannot be read: {error}", part.rows));
                    continue;
                }
            };
            self.expect("rows of a part", facts.rows, part.rows);
            let ours = [manifest.school.as_str(), manifest.feed.as_str(), &id];
            if facts.sources.iter().any(|source| *source != ours) {
                self.problems.push("a part holds rows of another school, feed or source".to_owned());
            }
            let days_found = [facts.first_event_at, facts.last_event_at].into_iter().flatten();
            if days_found.map(crate::commit::utc_day).any(|day| day != part.date) {
                self.problems.push(format!("a part of {} holds events of another day", part.date));
            }
            events += facts.rows;
            *days.entry(part.date.to_string()).or_default() += facts.rows;
            self.lines.extend(facts.lines);
        }
        for file in &manifest.rejects {
            let Some(object) = self.context.store.read(lake, &file.key).await.at("read rejects", &id)? else {
                self.problems.push(format!("a file of {} rejects is missing", file.lines));
                continue;
            };
            if sha256_hex(&object.bytes) != file.sha256 {
                self.problems.push("a file of rejects does not have the bytes that its name says".to_owned());
            }
            let lines = match reject_lines(&object.bytes) {
                Ok(lines) => lines,
                Err(error) => {
                    self.problems.push(format!("a file of {} rejects cannot be read: {error}", file.lines));
                    continue;
                }
            };
            rejects += lines.len() as u64;
            self.lines.extend(lines.iter().map(|line| line.line));
        }
        self.expect("events in parts", events, manifest.counts.events);
        self.expect("lines in reject files", rejects, manifest.counts.rejects);
        for (date, rows) in days {
            let index = self.context.store.day(&manifest.school, &date).await.at("read day", &id)?;
            let name = format!("{}#{id}", manifest.stage.table_key());
            let indexed = index.iter().find(|(key, _)| *key == name).map_or(0, |(_, rows)| *rows);
            self.expect(&format!("rows in the index of {date}"), indexed, rows);
        }
        Ok(())
    }

    /// The lines of the raw object, and whether the last one came with its newline.
    async fn count_raw(&mut self) -> Result<(u64, bool), StepError> {
        let id = self.source_id.as_str();
        let (reader, _fetch) = open(self.context, self.version, id).await?;
        let counted = tokio::task::spawn_blocking(move || {
            let (mut lines, mut is_ended) = (LineReader::new(reader), true);
            while let Some(line) = lines.next_line()? {
                is_ended = line.ended;
            }
            Ok((lines.lines(), is_ended))
        });
        match counted.await.map_err(|_| Cause::Worker).at("count lines", id)? {
            Ok(counted) => Ok(counted),
            Err(ReadError::Io(error)) => Err(StepError::new("count lines", id, Cause::Body(error))),
            Err(_) => {
                self.problems.push("the raw object cannot be read, but was not set aside".to_owned());
                Ok((0, true))
            }
        }
    }

    fn expect(&mut self, what: &str, found: u64, wanted: u64) {
        if found != wanted {
            self.problems.push(format!("{what}: found {found}, expected {wanted}"));
        }
    }
}
