//! The fold: from the evidence of a cell and of the next one to what the cell is.
//!
//! Time is looked at in whole seconds. An **event** is a second and a thing: what two files, or ten requests, say of
//! the same second and the same thing is one event. Each judgement of an event is laid by its own threshold, that of
//! the policy in force at its time: it is **complete** when the window that ends with its second and is `within`
//! long, both ends counted in, holds at least `count` distinct events (or things).
//!
//! A complete window belongs to the cell of its last event when the evidence of that cell alone completes it, and
//! else to the cell before, in which it began. So the state of a cell depends on its own evidence and on that of the
//! next cell, and on no other; and more evidence in one cell never takes a window of the next away from it. An event
//! that is an alert by itself stays with its own day, whatever happened the evening before.

use crate::thin::window_s;
use crate::{Cell, Contribution, Contributions, Entry};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use trustwatch_model::{
    Attribution, Audience, Distinct, Severity, SourceId, SubjectKey, SubjectRole, Threshold,
};

/// Most evidence that a state lists for the reader.
pub const EVIDENCE_MAX: usize = 64;
/// Most policy versions that a state lists: the latest.
const POLICIES_MAX: usize = 32;

/// What a cell is, by all evidence there is. The default is a cell without an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellState {
    /// The alert, if the cell fires.
    #[serde(rename = "fi")]
    pub firing: Option<Firing>,
    /// A source had more evidence than can be kept, and a threshold that what was kept cannot serve: the cell may
    /// fire where this says that it does not, or be more severe than this says. To be shown as such.
    #[serde(rename = "ap")]
    pub approximate: bool,
}

/// What there is to say of a cell that fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// Highest severity of an event inside a complete window.
    #[serde(rename = "sev")]
    pub severity: Severity,
    /// The second at which the first window was complete: milliseconds since 1970 UTC.
    #[serde(rename = "cr")]
    pub crossed_ms: i64,
    /// The second of the first event inside a complete window: milliseconds since 1970 UTC.
    #[serde(rename = "fst")]
    pub first_ms: i64,
    /// The second of the last event inside a complete window: milliseconds since 1970 UTC.
    #[serde(rename = "lst")]
    pub last_ms: i64,
    /// Distinct events inside complete windows: at least so many, where some were left out.
    #[serde(rename = "n")]
    pub events: u64,
    /// Of these, events of severity 4 or more.
    #[serde(rename = "nh")]
    pub events_high: u64,
    /// Entries of this cell that found no room in their contributions.
    #[serde(rename = "lo")]
    pub left_out: u64,
    /// Whom it concerns, as the latest event was judged.
    #[serde(rename = "aud")]
    pub audience: Audience,
    /// What the subject is at the school, if any event inside a complete window was judged so.
    #[serde(rename = "rol", default, skip_serializing_if = "Option::is_none")]
    pub subject_role: Option<SubjectRole>,
    /// Whom it can be laid to.
    #[serde(rename = "att")]
    pub attribution: Attribution,
    /// Category, as the latest event was judged.
    #[serde(rename = "cat")]
    pub category: String,
    /// Versions of the policy that judged, in rising order.
    #[serde(rename = "pol")]
    pub policies: Vec<u32>,
    /// SHA-256 over everything that a reader would see: 32 hex digits. Two states with the same read the same.
    #[serde(rename = "dig")]
    pub evidence_digest: String,
    /// Evidence for the reader, at most [`EVIDENCE_MAX`]: the most severe and of these the latest, in this order.
    #[serde(rename = "ev")]
    pub evidence: Vec<Evidence>,
}

/// One event for the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Microseconds since 1970 UTC.
    #[serde(rename = "at")]
    pub at: i64,
    /// Source of the line.
    #[serde(rename = "src")]
    pub source: SourceId,
    /// Line, from 1.
    #[serde(rename = "ln")]
    pub line: u64,
    /// MAC of the thing that matched.
    #[serde(rename = "th")]
    pub thing: String,
    /// Severity.
    #[serde(rename = "sev")]
    pub severity: Severity,
    /// Version of the policy that judged.
    #[serde(rename = "pol")]
    pub policy: u32,
    /// What matched.
    #[serde(rename = "m")]
    pub matched: Vec<String>,
    /// What changed the severity.
    #[serde(rename = "f")]
    pub factors: Vec<String>,
}

impl Evidence {
    /// Whether both tell of one event.
    pub(crate) fn is_same_event(&self, other: &Self) -> bool {
        self.at.div_euclid(1_000_000) == other.at.div_euclid(1_000_000) && self.thing == other.thing
    }
}

/// What a cell is, from the contributions to it (`own`) and to the cell after it (`next`).
///
/// Time is of the order of entries × different thresholds; memory of the order of entries.
#[must_use]
pub fn fold(cell: &Cell, own: &Contributions, next: &Contributions) -> CellState {
    let mut entries: Vec<Entry<'_>> =
        own.values().chain(next.values()).flat_map(Contribution::entries).collect();
    // Of several tellings of one event, the first here stands for it: a choice that no order of arrival changes.
    entries.sort_by_key(|entry| {
        let severity = Reverse(entry.judgement.severity);
        (entry.second(), entry.thing, severity, entry.at, entry.source, entry.line, entry.judgement.policy)
    });
    let same_event =
        |one: &Entry<'_>, other: &Entry<'_>| (one.second(), one.thing) == (other.second(), other.thing);
    let events: Vec<Event<'_>> = entries.chunk_by(same_event).filter_map(Event::of).collect();

    let thresholds: HashSet<Threshold> = entries.iter().map(|entry| entry.judgement.threshold).collect();
    let next_s = cell.after().window_ms / 1_000;
    let windows: Vec<Window> =
        thresholds.iter().flat_map(|threshold| complete_windows(&events, threshold, next_s)).collect();
    let approximate = own
        .values()
        .chain(next.values())
        .filter_map(Contribution::thinning)
        .any(|thinning| !thinning.is_exact_for(&thresholds));
    let left_out = own.values().map(Contribution::left_out).sum();
    CellState { firing: firing(&events, windows, left_out), approximate }
}

/// One event with all that was said of it.
struct Event<'a> {
    second: i64,
    thing: &'a str,
    /// The most severe telling.
    best: Entry<'a>,
    tellings: &'a [Entry<'a>],
}

impl<'a> Event<'a> {
    fn of(tellings: &'a [Entry<'a>]) -> Option<Self> {
        let best = *tellings.first()?;
        Some(Self { second: best.second(), thing: best.thing, best, tellings })
    }

    fn is_judged_by(&self, threshold: &Threshold) -> bool {
        self.tellings.iter().any(|telling| telling.judgement.threshold == *threshold)
    }
}

/// A complete window, in seconds, both ends inside.
struct Window {
    from_s: i64,
    to_s: i64,
}

/// The complete windows of one threshold that belong to the cell which ends where `next_s` begins.
fn complete_windows(events: &[Event<'_>], threshold: &Threshold, next_s: i64) -> Vec<Window> {
    let in_both = distinct_in_windows(events, threshold);
    let own = events.partition_point(|event| event.second < next_s);
    let (own, next) = events.split_at(own);
    // An event of this cell finds nothing in the next; the windows of the next cell are those it completes alone.
    let in_next = own.iter().map(|_| 0).chain(distinct_in_windows(next, threshold));
    let counted = events.iter().zip(in_both).zip(in_next);
    counted
        .filter(|((event, both), alone)| {
            event.is_judged_by(threshold) && *both >= threshold.count && *alone < threshold.count
        })
        .map(|((event, _), _)| Window { from_s: event.second - window_s(threshold), to_s: event.second })
        .collect()
}

/// For each event, how many distinct ones the window holds that ends with its second.
fn distinct_in_windows(events: &[Event<'_>], threshold: &Threshold) -> Vec<u32> {
    let mut inside = Inside::new(threshold.distinct);
    let mut entering = events.iter().peekable();
    let mut leaving = events.iter().peekable();
    let mut counts = Vec::with_capacity(events.len());
    for event in events {
        while let Some(entered) = entering.next_if(|other| other.second <= event.second) {
            inside.enter(entered.thing);
        }
        while let Some(left) = leaving.next_if(|other| other.second < event.second - window_s(threshold)) {
            inside.leave(left.thing);
        }
        counts.push(inside.distinct());
    }
    counts
}

/// What a sliding window holds.
struct Inside<'a> {
    counts: Distinct,
    events: u32,
    things: HashMap<&'a str, u32>,
}

impl<'a> Inside<'a> {
    fn new(counts: Distinct) -> Self {
        Self { counts, events: 0, things: HashMap::new() }
    }

    fn enter(&mut self, thing: &'a str) {
        self.events += 1;
        *self.things.entry(thing).or_insert(0) += 1;
    }

    fn leave(&mut self, thing: &str) {
        self.events -= 1;
        if let Some(count) = self.things.get_mut(thing) {
            *count -= 1;
            if *count == 0 {
                self.things.remove(thing);
            }
        }
    }

    fn distinct(&self) -> u32 {
        match self.counts {
            Distinct::Event => self.events,
            Distinct::Thing => u32::try_from(self.things.len()).unwrap_or(u32::MAX),
        }
    }
}

fn firing(events: &[Event<'_>], mut windows: Vec<Window>, left_out: u64) -> Option<Firing> {
    let crossed_s = windows.iter().map(|window| window.to_s).min()?;
    windows.sort_by_key(|window| window.from_s);
    let mut windows = windows.into_iter().peekable();
    let mut open_to_s = i64::MIN;
    let mut inside: Vec<&Event<'_>> = Vec::new();
    for event in events {
        while let Some(window) = windows.next_if(|window| window.from_s <= event.second) {
            open_to_s = open_to_s.max(window.to_s);
        }
        if event.second <= open_to_s {
            inside.push(event);
        }
    }
    let (first, last) = (inside.first()?, inside.last()?);
    let latest = last.best.judgement;
    let severities = || inside.iter().map(|event| event.best.judgement.severity);
    let policies: BTreeSet<u32> = inside
        .iter()
        .flat_map(|event| event.tellings.iter().map(|telling| telling.judgement.policy))
        .collect();
    let mut firing = Firing {
        severity: severities().max()?,
        crossed_ms: crossed_s * 1_000,
        first_ms: first.second * 1_000,
        last_ms: last.second * 1_000,
        events: inside.len() as u64,
        events_high: severities().filter(|severity| *severity >= Severity::HIGH).count() as u64,
        left_out,
        audience: latest.audience,
        subject_role: inside.iter().filter_map(|event| event.best.judgement.subject_role).max(),
        attribution: latest.attribution,
        category: latest.category.clone(),
        policies: policies.iter().rev().take(POLICIES_MAX).rev().copied().collect(),
        evidence_digest: String::new(),
        evidence: for_the_reader(&inside),
    };
    firing.evidence_digest = digest(&firing, &inside);
    Some(firing)
}

/// The most severe, of these the latest.
fn for_the_reader(inside: &[&Event<'_>]) -> Vec<Evidence> {
    let mut order: Vec<&Entry<'_>> = inside.iter().map(|event| &event.best).collect();
    order.sort_by_key(|entry| Reverse((entry.judgement.severity, entry.at, entry.thing)));
    let evidence = order.into_iter().take(EVIDENCE_MAX).map(|entry| Evidence {
        at: entry.at,
        source: entry.source.clone(),
        line: entry.line,
        thing: entry.thing.to_owned(),
        severity: entry.judgement.severity,
        policy: entry.judgement.policy,
        matched: entry.matched.to_vec(),
        factors: entry.factors.to_vec(),
    });
    evidence.collect()
}

/// Every event inside takes part, also those beyond the list.
fn digest(firing: &Firing, inside: &[&Event<'_>]) -> String {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        // The length first, so that no two lists run together.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    for number in [firing.crossed_ms, firing.first_ms, firing.last_ms] {
        field(&number.to_string());
    }
    field(&firing.left_out.to_string());
    field(firing.audience.as_str());
    field(firing.subject_role.map_or("", SubjectRole::as_str));
    field(firing.attribution.as_str());
    field(&firing.category);
    for policy in &firing.policies {
        field(&policy.to_string());
    }
    for entry in inside.iter().map(|event| &event.best) {
        field(&entry.at.to_string());
        field(entry.source.as_str());
        field(&entry.line.to_string());
        field(entry.thing);
        field(&entry.judgement.severity.level().to_string());
        for texts in [entry.matched, entry.factors] {
            field(&texts.len().to_string());
            texts.iter().for_each(|text| field(text));
        }
    }
    // Written as the other names of this crate are.
    SubjectKey::of_mac(&hash.finalize()).to_string()
}
