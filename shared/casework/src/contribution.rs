//! What one source adds to one cell: its evidence, small enough for an item of the table.

use crate::cell::{check, window_ms};
use crate::thin::{Mark, Thinning, thin};
use crate::{CaseworkError, Cell};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use trustwatch_model::{
    Attribution, Audience, Distinct, Finding, RuleId, SchoolId, Severity, SourceId, SubjectKey, SubjectRole,
    Threshold,
};

/// Most entries of a contribution. Enough to be exact, whatever other files bring, for every threshold for which
/// `2 × count × (grid / within)` stays below it: three in ten minutes all day long take 864.
pub const ENTRIES_MAX: usize = 1_600;
/// Most different judgements of a contribution.
pub const JUDGEMENTS_MAX: usize = 64;
/// Most different reasons of a contribution; entries beyond it go without words.
pub const REASONS_MAX: usize = 32;
/// Most texts of one kind that a reason keeps.
pub const TEXTS_MAX: usize = 8;
/// Longest text that is kept, in bytes.
pub const TEXT_BYTES_MAX: usize = 64;
/// Things are told apart by the first 32 hex digits of their MACs, as subjects are.
const THING_DIGITS: usize = 32;

/// The contributions to one cell: one of each source, a later one replaces.
pub type Contributions = BTreeMap<SourceId, Contribution>;

/// How an event was judged, apart from what it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Judgement {
    /// Severity for the audience.
    #[serde(rename = "s")]
    pub severity: Severity,
    /// What the event needs beside it.
    #[serde(rename = "t")]
    pub threshold: Threshold,
    /// Version of the policy.
    #[serde(rename = "p")]
    pub policy: u32,
    /// Whom it concerns.
    #[serde(rename = "a")]
    pub audience: Audience,
    /// What the subject is at the school.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub subject_role: Option<SubjectRole>,
    /// Whom the line can be laid to.
    #[serde(rename = "b")]
    pub attribution: Attribution,
    /// Category of the rule, at most [`TEXT_BYTES_MAX`].
    #[serde(rename = "c")]
    pub category: String,
}

/// Why it matched, for the reader: at most [`TEXTS_MAX`] texts of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Reason {
    #[serde(rename = "m")]
    matched: Vec<String>,
    #[serde(rename = "f")]
    factors: Vec<String>,
}

/// An entry as stored: µs, line, and rows of the three tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row(i64, u64, u16, u16, Option<u16>);

/// One event in a contribution: several findings of one second and one thing under one threshold, of which the most
/// severe and then the earliest stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Source of the line.
    pub source: &'a SourceId,
    /// Line, from 1.
    pub line: u64,
    /// Microseconds since 1970 UTC.
    pub at: i64,
    /// MAC of the thing that matched.
    pub thing: &'a str,
    /// How it was judged.
    pub judgement: &'a Judgement,
    /// What matched, for the reader; empty where there was no room.
    pub matched: &'a [String],
    /// What changed the severity, for the reader; empty where there was no room.
    pub factors: &'a [String],
}

impl Entry<'_> {
    /// The second of the event, which with its thing tells it apart from others.
    pub(crate) const fn second(&self) -> i64 {
        self.at.div_euclid(1_000_000)
    }
}

/// What one source adds to one cell. Equal findings make equal contributions, in whatever order they come.
///
/// Values that many entries share stand in tables, so that even the largest stays far below the 400 KB of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Tables", into = "Tables")]
pub struct Contribution(Tables);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tables {
    #[serde(rename = "src")]
    source: SourceId,
    #[serde(rename = "j")]
    judgements: Vec<Judgement>,
    #[serde(rename = "r")]
    reasons: Vec<Reason>,
    #[serde(rename = "t")]
    things: Vec<String>,
    #[serde(rename = "e")]
    rows: Vec<Row>,
    #[serde(rename = "lo")]
    left_out: u64,
    #[serde(rename = "th")]
    thinning: Option<Thinning>,
}

impl TryFrom<Tables> for Contribution {
    type Error = CaseworkError;
    fn try_from(tables: Tables) -> Result<Self, CaseworkError> {
        let whole = Self(tables);
        // An entry that is silently skipped would be evidence lost.
        if whole.entries().count() == whole.0.rows.len() {
            Ok(whole)
        } else {
            Err(CaseworkError::Torn(whole.0.source))
        }
    }
}

impl From<Contribution> for Tables {
    fn from(contribution: Contribution) -> Self {
        contribution.0
    }
}

impl Contribution {
    /// The source.
    #[must_use]
    pub const fn source(&self) -> &SourceId {
        &self.0.source
    }

    /// How many entries found no room. Other files cannot make an alert of them that the kept ones do not make:
    /// see [`Thinning`].
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.0.left_out
    }

    /// How entries were left out; `None` when none was.
    #[must_use]
    pub const fn thinning(&self) -> Option<Thinning> {
        self.0.thinning
    }

    /// The entries, in order of time.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.0.rows.iter().filter_map(|row| self.entry(row))
    }

    fn entry(&self, Row(at, line, thing, judgement, reason): &Row) -> Option<Entry<'_>> {
        let reason = match reason {
            Some(reason) => Some(self.0.reasons.get(usize::from(*reason))?),
            None => None,
        };
        Some(Entry {
            source: &self.0.source,
            line: *line,
            at: *at,
            thing: self.0.things.get(usize::from(*thing))?,
            judgement: self.0.judgements.get(usize::from(*judgement))?,
            matched: reason.map_or(&[], |reason| &reason.matched),
            factors: reason.map_or(&[], |reason| &reason.factors),
        })
    }
}

/// Packs the findings of one source into one contribution for each cell that they fall into, in the order of cells.
/// Trend marks (severity 1) are counted elsewhere and contribute nothing.
///
/// `entries_max` is [`ENTRIES_MAX`] wherever contributions are stored. Memory is of the order of the findings.
///
/// # Errors
/// [`CaseworkError`] when a finding is of another source, or judged by a rule that cells cannot serve.
pub fn contributions(
    school: &SchoolId,
    source: &SourceId,
    findings: &[Finding],
    entries_max: usize,
) -> Result<Vec<(Cell, Contribution)>, CaseworkError> {
    let mut cells: BTreeMap<(&RuleId, &SubjectKey, i64, i64), Vec<&Finding>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.severity > Severity::TREND) {
        if finding.source_id != *source {
            return Err(CaseworkError::OtherSource {
                expected: source.clone(),
                found: finding.source_id.clone(),
            });
        }
        check(finding)?;
        let key = (&finding.rule, &finding.subject, finding.grid_ms, window_ms(finding));
        cells.entry(key).or_default().push(finding);
    }
    let packed = cells.into_iter().map(|((rule, subject, grid_ms, window_ms), findings)| {
        let cell =
            Cell { school: school.clone(), rule: rule.clone(), subject: subject.clone(), grid_ms, window_ms };
        let contribution = pack(&cell, source, findings, entries_max);
        (cell, contribution)
    });
    Ok(packed.collect())
}

fn pack(cell: &Cell, source: &SourceId, findings: Vec<&Finding>, entries_max: usize) -> Contribution {
    let events = distinct(findings);
    let marks: Vec<Mark<'_>> = events.iter().map(|finding| mark(finding)).collect();
    let (kept, mut thinning) = thin(&marks, cell.window_ms / 1_000, cell.grid_ms / 1_000, entries_max);
    let kept: Vec<&Finding> = kept.into_iter().filter_map(|at| events.get(at).copied()).collect();

    let mut things = Table::new(usize::from(u16::MAX));
    let mut judgements = Table::new(JUDGEMENTS_MAX);
    let mut reasons = Table::new(REASONS_MAX);
    // Where a table is too small, the most severe come first.
    let mut by_severity = kept.clone();
    by_severity.sort_by_key(|finding| Reverse(finding.severity));
    for finding in by_severity {
        judgements.row_of(judgement(finding));
        reasons.row_of(reason(finding));
    }
    let rows = kept.iter().copied().filter_map(|finding| {
        let judgement = judgements.row_of(judgement(finding))?;
        let thing = things.row_of(thing(finding))?;
        Some(Row(finding.event_at, finding.line, thing, judgement, reasons.row_of(reason(finding))))
    });
    let rows: Vec<Row> = rows.collect();
    if rows.len() < kept.len() {
        thinning = Some(Thinning { slot_s: cell.grid_ms / 1_000, count: 0 });
    }
    Contribution(Tables {
        source: source.clone(),
        left_out: (events.len() - rows.len()) as u64,
        judgements: judgements.rows,
        reasons: reasons.rows,
        things: things.rows.into_iter().map(str::to_owned).collect(),
        rows,
        thinning,
    })
}

/// One finding for each second, thing and threshold, in order of time: the most severe, then the earliest.
fn distinct(mut findings: Vec<&Finding>) -> Vec<&Finding> {
    fn key(finding: &Finding) -> (i64, &str, u32, i64, bool) {
        let Threshold { count, within_ms, distinct } = finding.threshold;
        (mark(finding).second, thing(finding), count, within_ms, distinct == Distinct::Thing)
    }
    // Everything that is stored takes part in the order, so that the order in which findings come does not matter.
    findings.sort_by(|one, other| {
        let whole = |finding: &Finding| {
            (Reverse(finding.severity), finding.event_at, finding.line, Reverse(finding.policy))
        };
        key(one)
            .cmp(&key(other))
            .then_with(|| whole(one).cmp(&whole(other)))
            .then_with(|| (&one.matched, &one.factors).cmp(&(&other.matched, &other.factors)))
    });
    findings.dedup_by(|later, first| key(later) == key(first));
    findings
}

fn mark(finding: &Finding) -> Mark<'_> {
    Mark {
        second: finding.event_at.div_euclid(1_000_000),
        thing: thing(finding),
        threshold: finding.threshold,
        severity: finding.severity,
    }
}

fn thing(finding: &Finding) -> &str {
    // Hex digits end anywhere; should it ever be something else, it is at worst too long.
    finding.thing.get(..THING_DIGITS).unwrap_or(&finding.thing)
}

fn judgement(finding: &Finding) -> Judgement {
    Judgement {
        severity: finding.severity,
        threshold: finding.threshold,
        policy: finding.policy,
        audience: finding.audience,
        subject_role: finding.subject_role,
        attribution: finding.attribution,
        category: clipped(&finding.category),
    }
}

fn reason(finding: &Finding) -> Reason {
    let clip = |texts: &[String]| texts.iter().take(TEXTS_MAX).map(|text| clipped(text)).collect();
    Reason { matched: clip(&finding.matched), factors: clip(&finding.factors) }
}

/// At most [`TEXT_BYTES_MAX`] bytes, without control characters: they mean nothing to a reader and take six bytes
/// each in JSON.
fn clipped(text: &str) -> String {
    let mut clipped = String::new();
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        if clipped.len() + letter.len_utf8() > TEXT_BYTES_MAX {
            break;
        }
        clipped.push(letter);
    }
    clipped
}

/// Different values, each with the row that it stands in.
struct Table<T> {
    rows: Vec<T>,
    numbers: HashMap<T, u16>,
    rows_max: usize,
}

impl<T: Clone + Eq + std::hash::Hash> Table<T> {
    fn new(rows_max: usize) -> Self {
        Self { rows: Vec::new(), numbers: HashMap::new(), rows_max }
    }

    /// The row of a value, added if there is room.
    fn row_of(&mut self, value: T) -> Option<u16> {
        if let Some(number) = self.numbers.get(&value) {
            return Some(*number);
        }
        let number = u16::try_from(self.rows.len()).ok().filter(|_| self.rows.len() < self.rows_max)?;
        self.rows.push(value.clone());
        self.numbers.insert(value, number);
        Some(number)
    }
}
