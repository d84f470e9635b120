//! Casework: from the findings of single files to alerts that a person works on.
//!
//! The way of one finding: [`contributions`] packs what one source found into one [`Contribution`] a [`Cell`];
//! [`fold`] reads all contributions of a cell and of the next one and says whether the cell fires; [`detect`] lays
//! that beside the [`Alert`] as it stands and opens an episode where one is due; [`review`] is what people do to it;
//! [`routes`] says whose queue it stands in and [`dues`] who is told when.
//!
//! Plain functions of their arguments. This crate reads no clock, environment or network.

mod cell;
mod contribution;
mod due;
mod episode;
mod fold;
mod queue;
mod review;
mod subject;
mod thin;

pub use cell::{Cell, GRID_MS_MAX};
pub use contribution::{
    Contribution, Contributions, ENTRIES_MAX, Entry, JUDGEMENTS_MAX, Judgement, REASONS_MAX, TEXT_BYTES_MAX,
    TEXTS_MAX, contributions,
};
pub use due::{Due, Step, dues};
pub use episode::{
    Alert, Closing, EPISODES_MAX, Episode, Outcome, Review, Signed, SinceClosing, Status, Withdrawal, detect,
};
pub use fold::{CellState, EVIDENCE_MAX, Evidence, Firing, fold};
pub use queue::{Case, Route, partition, queue_sort, routes};
pub use review::{ReviewError, Revs, Transition, review};
pub use subject::{AcademicYear, evidence_key, subject_key};
pub use thin::{COUNT_MAX, Thinning};

use trustwatch_model::{RuleId, SourceId};

/// What can be wrong with findings or with what is stored of them. A policy that passed its lint causes none of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseworkError {
    /// The grid of a rule is no length that cells can have.
    #[error(
        "rule `{rule}` keeps alerts by windows of `{grid_ms}` ms: use whole seconds up to {GRID_MS_MAX} ms"
    )]
    Grid {
        /// Rule.
        rule: RuleId,
        /// Its grid.
        grid_ms: i64,
    },
    /// A threshold counts to nothing, or further than is kept.
    #[error("rule `{rule}` counts to `{count}`: use 1 to {COUNT_MAX}")]
    Count {
        /// Rule.
        rule: RuleId,
        /// Its count.
        count: u32,
    },
    /// A threshold looks over no time, or over more than one neighbouring cell.
    #[error("rule `{rule}` counts within `{within_ms}` ms: use 1 ms up to its grid of {grid_ms} ms")]
    Within {
        /// Rule.
        rule: RuleId,
        /// Its window.
        within_ms: i64,
        /// Its grid.
        grid_ms: i64,
    },
    /// Findings of two sources were handed over as those of one.
    #[error(
        "a finding of source `{found}` stands among those of `{expected}`: group findings by source first"
    )]
    OtherSource {
        /// The source asked for.
        expected: SourceId,
        /// The source found.
        found: SourceId,
    },
    /// A stored contribution points at a row of its tables that is not there.
    #[error("the contribution of source `{0}` points past its own tables: judge the source again")]
    Torn(SourceId),
    /// A text that is no academic year.
    #[error("`{0}` is not an academic year: expected two years that follow each other, such as `2026-27`")]
    AcademicYear(String),
    /// An instant outside the calendar.
    #[error("`{at}` µs since 1970 is outside the calendar")]
    Instant {
        /// Microseconds since 1970 UTC.
        at: i64,
    },
}
