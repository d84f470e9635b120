//! The account of an object's lines. Every line is exactly one of: event, reject, skipped, held.

use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Why a line is not an event and no fault either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Skip {
    /// Names the columns.
    Header,
    /// A comment of the format.
    Comment,
    /// Nothing but white space.
    Blank,
    /// Already delivered by the preceding version of the same key.
    Repeat,
    /// Names neither host nor URL: a firewall session, a login, a system message.
    NotWeb,
}

/// Why a line could not become an event. It is kept with this reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// The line is not of the feed's format.
    Malformed,
    /// The line has no time that can be read.
    NoTime,
    /// The time does not exist or is ambiguous beyond the stated rule.
    BadTime,
    /// Earlier than the feed's horizon.
    TooOld,
    /// More than a day ahead of the object's arrival.
    InFuture,
    /// Longer than the limit of a line.
    TooLong,
}

impl RejectReason {
    /// The word that stands in the reject and on the feed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NoTime => "no_time",
            Self::BadTime => "bad_time",
            Self::TooOld => "too_old",
            Self::InFuture => "in_future",
            Self::TooLong => "too_long",
        }
    }
}

/// Skipped lines by rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkipCounts {
    /// [`Skip::Header`].
    pub header: u64,
    /// [`Skip::Comment`].
    pub comment: u64,
    /// [`Skip::Blank`].
    pub blank: u64,
    /// [`Skip::Repeat`].
    pub repeat: u64,
    /// [`Skip::NotWeb`].
    pub not_web: u64,
}

impl SkipCounts {
    /// Counts one more line of this kind.
    pub const fn add(&mut self, skip: Skip) {
        let field = match skip {
            Skip::Header => &mut self.header,
            Skip::Comment => &mut self.comment,
            Skip::Blank => &mut self.blank,
            Skip::Repeat => &mut self.repeat,
            Skip::NotWeb => &mut self.not_web,
        };
        *field += 1;
    }

    /// All skipped lines.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.header + self.comment + self.blank + self.repeat + self.not_web
    }
}

/// How an object's lines were accounted for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines read; a last line without a newline counts.
    pub lines: u64,
    /// Lines that became events.
    pub events: u64,
    /// Lines that were kept as rejects.
    pub rejects: u64,
    /// Lines that a rule skips.
    pub skipped: SkipCounts,
    /// A last line without its newline that waits for its end: 0 or 1.
    pub held: u64,
}

impl Counts {
    /// Whether every line has exactly one place.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.lines == self.events + self.rejects + self.skipped.total() + self.held
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.events += other.events;
        self.rejects += other.rejects;
        self.skipped.header += other.skipped.header;
        self.skipped.comment += other.skipped.comment;
        self.skipped.blank += other.skipped.blank;
        self.skipped.repeat += other.skipped.repeat;
        self.skipped.not_web += other.skipped.not_web;
        self.held += other.held;
    }
}

/// A last line without its newline: it waits until a later version ends it or the file is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLine {
    /// Its number, from 1.
    pub line: u64,
    /// Its length so far.
    pub bytes: u64,
}
