//! The policy language: what a trust decides about, as data. Parse and lint it, compile it, judge batches of events.
//!
//! * [`Policy::parse`] reads a YAML file and reports every mistake in it with line and column.
//! * [`Judge`] judges a batch of the lake's events, each distinct value once.
//! * [`Roster`] says whom a login belongs to, [`Timeline`] which version is in force.
//!
//! This crate reads no clock, environment or network.

mod calendar;
mod coverage;
mod document;
mod exemption;
mod explain;
mod fields;
mod fold;
mod judge;
mod london;
mod mistake;
mod policy;
mod roster;
mod rule;
mod timeline;
mod yaml;

pub use calendar::{Calendar, Hours, PersonalUse, School, Time};
pub use coverage::{Assessable, Coverage, Gap, Seen};
pub use document::Document;
pub use exemption::{Exemption, Scope};
pub use explain::Explanation;
pub use judge::{Hit, Judge, Sighting};
pub use mistake::{Mistake, Mistakes};
pub use policy::{POLICY_BYTES_MAX, Policy, RULES_MAX};
pub use roster::{Person, ROSTER_BYTES_MAX, Roster, fold_login};
pub use rule::category::Category;
pub use rule::domain::DomainList;
pub use rule::search::{Grade, Lexicon, Phrase};
pub use rule::{Cite, Example, Grid, Kind, Raise, Rule, Severities, When};
pub use timeline::{InForceFrom, Timeline};

/// The starter policy for UK schools: YAML, to be copied and made one's own.
pub const STARTER: &str = include_str!("../starter.yaml");

/// The JSON Schema (2020-12) of a policy file, for editors: names, words and shapes. [`Policy::parse`] finds more.
pub const SCHEMA: &str = include_str!("../policy.schema.json");

/// What can go wrong in judging. None of it can be caused by a log line.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Too many or too long phrases for one automaton.
    #[error("cannot compile the phrases of the policy: {0}")]
    Phrases(#[from] aho_corasick::BuildError),
    /// A batch lacks a column that every batch of the lake has.
    #[error("the batch has no column `{0}` of the expected type")]
    Column(&'static str),
    /// A column holds a word that the lake does not write.
    #[error("column `{column}` holds `{word}`, which is none of its words")]
    Word {
        /// Name of the column.
        column: &'static str,
        /// The word.
        word: String,
    },
}
