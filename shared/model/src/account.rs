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
    /// No line above names the columns in a way that is known: what a value means would be a guess.
    NoHeader,
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
            Self::NoHeader => "no_header",
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A different power of two in every place, so that no two sums are the same by chance.
    const COUNTS: Counts = Counts {
        lines: 255,
        events: 1,
        rejects: 2,
        skipped: SkipCounts { header: 4, comment: 8, blank: 16, repeat: 32, not_web: 64 },
        held: 128,
    };

    #[test]
    fn counts_balance_when_every_line_has_exactly_one_place() {
        assert!(COUNTS.balances());
        assert!(!Counts { lines: 254, ..COUNTS }.balances(), "a line was counted twice");
        assert!(!Counts { lines: 256, ..COUNTS }.balances(), "a line was lost");
    }

    #[test]
    fn counts_add_up_place_by_place() {
        let mut sum = Counts::default();
        sum += COUNTS;
        assert_eq!(sum, COUNTS);
        sum += COUNTS;
        let skipped = SkipCounts { header: 8, comment: 16, blank: 32, repeat: 64, not_web: 128 };
        assert_eq!(sum, Counts { lines: 510, events: 2, rejects: 4, skipped, held: 256 });
    }

    #[test]
    fn a_skipped_line_counts_under_its_rule() {
        let mut skipped = SkipCounts::default();
        for (skip, times) in
            [(Skip::Header, 1), (Skip::Comment, 2), (Skip::Blank, 3), (Skip::Repeat, 4), (Skip::NotWeb, 5)]
        {
            (0..times).for_each(|_| skipped.add(skip));
        }
        assert_eq!(skipped, SkipCounts { header: 1, comment: 2, blank: 3, repeat: 4, not_web: 5 });
    }

    #[test]
    fn the_word_of_a_reject_is_the_same_on_the_feed_and_in_the_file() {
        use RejectReason::{BadTime, InFuture, Malformed, NoHeader, NoTime, TooLong, TooOld};
        for reason in [Malformed, NoTime, BadTime, TooOld, InFuture, TooLong, NoHeader] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
