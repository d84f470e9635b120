//! An alert cell as people meet it: the state that detection found, and the episodes that reviewers work through.
//!
//! Two hands write here and never in the same field. Detection writes the state, opens episodes and marks them as
//! withdrawn; reviewers write [`Episode::review`]. Each counts its own revision, so neither can undo the other.

use crate::{CellState, Firing};
use serde::{Deserialize, Serialize};
use trustwatch_model::Severity;

/// Most episodes that an alert carries: the latest. The table keeps each as an item of its own.
pub const EPISODES_MAX: usize = 64;

/// An alert cell with its history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What detection found last.
    #[serde(rename = "st")]
    pub state: CellState,
    /// How often the state changed.
    #[serde(rename = "er")]
    pub evidence_rev: u64,
    /// How often a reviewer acted.
    #[serde(rename = "rr")]
    pub review_rev: u64,
    /// The latest [`EPISODES_MAX`] in order; none while the cell has never fired. Only the last can be open.
    #[serde(rename = "ep")]
    pub episodes: Vec<Episode>,
}

/// One stretch of work on an alert, from its opening to its closing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// From 1.
    #[serde(rename = "n")]
    pub number: u32,
    /// When detection opened it: milliseconds since 1970 UTC.
    #[serde(rename = "op")]
    pub opened_ms: i64,
    /// The highest severity that it has had: what its recipients have been told of.
    #[serde(rename = "pk")]
    pub peak: Severity,
    /// Set while judging again has taken away what the episode was opened for. A person still closes it.
    #[serde(rename = "wd")]
    pub withdrawn: Option<Withdrawal>,
    /// What people did; detection never writes here.
    #[serde(rename = "rv")]
    pub review: Review,
}

/// Why an open episode has nothing to show any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Withdrawal {
    /// The files were judged again, and their evidence does not reach the rule's threshold any more.
    BelowThreshold {
        /// When detection saw it: milliseconds since 1970 UTC.
        at: i64,
    },
}

/// What reviewers did with an episode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Where the work stands.
    #[serde(rename = "st")]
    pub status: Status,
    /// Who took it last.
    #[serde(rename = "ak")]
    pub acknowledged: Option<Signed>,
    /// How it was closed last; kept when it is opened again.
    #[serde(rename = "cl")]
    pub closing: Option<Closing>,
    /// Who opened it again last.
    #[serde(rename = "ro")]
    pub reopened: Option<Signed>,
}

/// Where the work on an episode stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has taken it.
    #[default]
    Open,
    /// Somebody works on it.
    Acknowledged,
    /// Done, with an outcome.
    Closed,
}

impl Status {
    /// The word that stands in items and queues.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }
}

/// Who and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Opaque id of the principal.
    #[serde(rename = "by")]
    pub by: String,
    /// Milliseconds since 1970 UTC.
    #[serde(rename = "at")]
    pub at: i64,
}

/// How an episode was closed, and what its reviewer had seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Who and when.
    #[serde(flatten)]
    pub signed: Signed,
    /// What came of it.
    #[serde(rename = "oc")]
    pub outcome: Outcome,
    /// Revision of the evidence that was seen.
    #[serde(rename = "er")]
    pub evidence_rev: u64,
    /// Severity of the evidence that was seen; `None` when it had been withdrawn.
    #[serde(rename = "sev")]
    pub severity: Option<Severity>,
    /// Number of distinct events that were seen.
    #[serde(rename = "n")]
    pub events: u64,
}

/// What came of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing of the kind happened. Counts in the quality of the rule.
    FalsePositive,
    /// It happened and needs nothing.
    NoFurtherAction,
    /// It happened and was dealt with here.
    Confirmed,
    /// Somebody else goes on with it, in another system or service.
    HandedOver,
}

impl Withdrawal {
    /// When detection saw it: milliseconds since 1970 UTC.
    #[must_use]
    pub const fn at(self) -> i64 {
        let Self::BelowThreshold { at } = self;
        at
    }
}

impl Outcome {
    /// The word that stands in answers and audit entries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FalsePositive => "false_positive",
            Self::NoFurtherAction => "no_further_action",
            Self::Confirmed => "confirmed",
            Self::HandedOver => "handed_over",
        }
    }
}

/// What came after an episode was closed and did not open another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinceClosing {
    /// How often the evidence changed.
    pub changes: u64,
    /// By how many the distinct events have grown: 0 where some went as others came.
    pub events: u64,
}

impl Alert {
    /// The episode that counts now: the last.
    #[must_use]
    pub fn episode(&self) -> Option<&Episode> {
        self.episodes.last()
    }

    /// What the reviewer who closed the last episode has not seen. `None` while it is open, or nothing changed.
    #[must_use]
    pub fn since_closing(&self) -> Option<SinceClosing> {
        let closing = self.episode()?.closed()?;
        let changes = self.evidence_rev.saturating_sub(closing.evidence_rev);
        let events = self.state.firing.as_ref().map_or(0, |firing| firing.events);
        (changes > 0).then(|| SinceClosing { changes, events: events.saturating_sub(closing.events) })
    }
}

impl Episode {
    fn new(number: u32, opened_ms: i64, peak: Severity) -> Self {
        Self { number, opened_ms, peak, withdrawn: None, review: Review::default() }
    }

    /// How it was closed, if it is closed now.
    #[must_use]
    pub fn closed(&self) -> Option<&Closing> {
        self.review.closing.as_ref().filter(|_| self.review.status == Status::Closed)
    }
}

/// Lays what the fold found (`at` milliseconds since 1970 UTC) beside an alert. `None` when nothing differs.
///
/// The first firing opens episode 1. Evidence after closing opens the next episode when the severity is above that
/// of the closing, or an event of severity 4 or more is new; else it shows in [`Alert::since_closing`]. An open
/// episode whose evidence goes away is marked and stays.
#[must_use]
pub fn detect(alert: &Alert, state: CellState, at: i64) -> Option<Alert> {
    if alert.state == state {
        return None;
    }
    let mut found = alert.clone();
    match (&state.firing, found.episodes.last_mut()) {
        (Some(firing), None) => found.episodes.push(Episode::new(1, at, firing.severity)),
        (Some(firing), Some(last)) => match last.closed() {
            None => {
                last.peak = last.peak.max(firing.severity);
                last.withdrawn = None;
            }
            Some(closing) if breaks_through(firing, closing, alert.state.firing.as_ref()) => {
                open_next(&mut found.episodes, at, firing.severity);
            }
            Some(_) => {}
        },
        (None, Some(last)) if last.closed().is_none() => {
            last.withdrawn.get_or_insert(Withdrawal::BelowThreshold { at });
        }
        (None, _) => {}
    }
    found.state = state;
    found.evidence_rev += 1;
    Some(found)
}

/// Whether evidence after closing needs a person again.
fn breaks_through(firing: &Firing, closing: &Closing, known: Option<&Firing>) -> bool {
    let rises = closing.severity.is_none_or(|seen| firing.severity > seen);
    let Some(known) = known else { return rises || firing.severity >= Severity::HIGH };
    // The lists are bounded. A late event that the list has no room for still counts.
    let more = firing.events_high > known.events_high;
    let mut listed = firing.evidence.iter().filter(|event| event.severity >= Severity::HIGH);
    let new = listed.any(|event| {
        let same = |seen: &&crate::Evidence| seen.severity >= Severity::HIGH && seen.is_same_event(event);
        !known.evidence.iter().any(|seen| same(&seen))
    });
    rises || more || new
}

fn open_next(episodes: &mut Vec<Episode>, at: i64, severity: Severity) {
    let number = episodes.last().map_or(1, |last| last.number + 1);
    if episodes.len() >= EPISODES_MAX {
        episodes.remove(0);
    }
    episodes.push(Episode::new(number, at, severity));
}
