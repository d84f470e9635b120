//! The events of a source held against the policies in force at their times: findings, by the thousand, on a thread
//! that may take its time. Everything it needs is handed over; it reads and writes nothing.

use crate::in_force::Compiled;
use crate::step::Cause;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trustwatch_casework::{AcademicYear, evidence_key, subject_key};
use trustwatch_lake::{
    EventRow, FindingRow, FindingsWriter, Part, PartLimits, PartRef, event_batches, event_row,
};
use trustwatch_model::{Attribution, Finding, SchoolId, Severity, SourceId};
use trustwatch_policy::{Hit, Roster, Timeline, fold_login};

/// Findings of one source that are kept. Beyond it only severe ones are, up to twice as many: a flood of small
/// matters must not push out a grave one, nor fill the memory.
const FINDINGS_MAX: u64 = 100_000;

/// What judges one source.
pub(crate) struct Bench {
    pub(crate) school: SchoolId,
    /// The feed's format, whose category words the policy translates.
    pub(crate) product: String,
    /// Name of what is judged.
    pub(crate) id: SourceId,
    pub(crate) arrived_at: i64,
    pub(crate) timeline: Arc<Timeline>,
    pub(crate) policies: BTreeMap<u32, Arc<Compiled>>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) years: BTreeMap<AcademicYear, [u8; 32]>,
    pub(crate) limits: PartLimits,
}

/// Findings of a source so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Findings that somebody may be told of.
    pub(crate) kept: u64,
    /// Marks for trends, which take no place from those.
    marks: u64,
    pub(crate) left_out: u64,
}

/// The versions that may judge events between two times.
pub(crate) fn versions_between(timeline: &Timeline, first: i64, last: i64, arrived_at: i64) -> BTreeSet<u32> {
    let begins_between = |from: i64| first < from && from <= last.min(arrived_at);
    let later = timeline.versions.iter().filter(|entry| begins_between(entry.effective_from));
    let later = later.map(|entry| entry.version);
    timeline.in_force(first, arrived_at).into_iter().chain(later).collect()
}

impl Bench {
    /// The findings of one events part, if there are any.
    pub(crate) fn part(
        &self,
        entry: &PartRef,
        bytes: Bytes,
        tally: &mut Tally,
    ) -> Result<Option<Part>, Cause> {
        let mut writer = FindingsWriter::new(self.school.as_str(), entry.date, &self.limits)?;
        let versions =
            versions_between(&self.timeline, entry.first_event_at, entry.last_event_at, self.arrived_at);
        for batch in event_batches(bytes)? {
            let batch = batch?;
            // Hits of each version, in the order of rows; of each row the version in force keeps its own.
            let mut rows: BTreeMap<usize, Vec<FindingRow>> = BTreeMap::new();
            for version in &versions {
                let compiled = self.compiled(*version)?;
                let hits = compiled.judge.batch(&batch, &self.product, &self.roster);
                for hit in hits.map_err(|error| Cause::Stored(error.to_string()))? {
                    let event = event_row(&batch, hit.row)?;
                    if self.timeline.in_force(event.event_at, self.arrived_at) == Some(*version) {
                        rows.entry(hit.row).or_default().push(self.finding(compiled, hit, event)?);
                    }
                }
            }
            for row in rows.into_values().flatten() {
                if tally.takes(row.finding.severity) {
                    writer.push(row)?;
                }
            }
        }
        Ok(writer.finish()?)
    }

    fn compiled(&self, version: u32) -> Result<&Compiled, Cause> {
        let compiled = self.policies.get(&version).map(AsRef::as_ref);
        compiled.ok_or_else(|| Cause::Stored(format!("policy {version} was not loaded")))
    }

    fn finding(&self, compiled: &Compiled, hit: Hit, event: EventRow) -> Result<FindingRow, Cause> {
        let rule = compiled.policy.rules.get(hit.rule).ok_or(Cause::Worker)?;
        let key = self.years.get(&AcademicYear::of(event.event_at)?).ok_or(Cause::Worker)?;
        let EventRow { event_at, line, attribution, mut shown } = event;
        let (attribution, name) = subject_of(attribution, &shown);
        let subject = subject_key(key, &self.school, attribution, &name);
        let is_named = attribution == Attribution::User;
        let person = is_named.then(|| self.roster.person(self.school.as_str(), &name, event_at)).flatten();
        if let Some(person) = person {
            shown.year_group.clone_from(&person.year_group);
            shown.form.clone_from(&person.form);
        }
        let finding = Finding {
            source_id: self.id.clone(),
            line,
            event_at,
            rule: rule.id.clone(),
            category: rule.category.clone(),
            policy: compiled.policy.version,
            severity: hit.severity,
            threshold: hit.threshold,
            grid_ms: hit.grid_ms,
            audience: hit.audience,
            subject_role: person.and_then(|person| person.role),
            attribution,
            thing: evidence_key(key, &rule.id, &subject, &hit.thing),
            subject,
            matched: hit.matched,
            factors: hit.factors,
        };
        Ok(FindingRow { finding, shown })
    }
}

/// Whom a finding is laid to, and the name that tells this subject from others. Where the line lacks what it says it
/// can be laid to, the next coarser stands in; without any the school's unattributed traffic is one subject.
fn subject_of(attribution: Attribution, shown: &trustwatch_lake::Shown) -> (Attribution, String) {
    let login = || shown.user_name.as_deref().map(fold_login);
    let device = || shown.device_name.as_deref().map(str::to_lowercase);
    let named = match attribution {
        Attribution::User | Attribution::SharedLogin => login().map(|name| (attribution, name)),
        Attribution::Device | Attribution::Address => None,
    };
    let device = || {
        (attribution != Attribution::Address).then(device).flatten().map(|name| (Attribution::Device, name))
    };
    let address = || (Attribution::Address, shown.source_ip.clone().unwrap_or_default());
    named.or_else(device).unwrap_or_else(address)
}

impl Tally {
    fn takes(&mut self, severity: Severity) -> bool {
        let most = if severity >= Severity::HIGH { 2 * FINDINGS_MAX } else { FINDINGS_MAX };
        let kept = if severity == Severity::TREND { &mut self.marks } else { &mut self.kept };
        let takes = *kept < most;
        *if takes { kept } else { &mut self.left_out } += 1;
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_small_matters_pushes_out_no_grave_one() {
        let mut tally = Tally::default();
        let mut taken = |severity, times: u64| (0..times).filter(|_| tally.takes(severity)).count() as u64;
        assert_eq!(taken(Severity::TREND, FINDINGS_MAX + 5), FINDINGS_MAX);
        assert_eq!(taken(Severity::LOW, FINDINGS_MAX + 5), FINDINGS_MAX);
        assert_eq!(taken(Severity::MEDIUM, 1), 0);
        assert_eq!(taken(Severity::HIGH, FINDINGS_MAX + 5), FINDINGS_MAX);
        assert_eq!(tally.left_out, 16);
    }
}
