//! What a file holds, counted while it was written: the figures that a run over it must show.

use std::ops::AddAssign;
use trustwatch_model::{Counts, Skip};

/// Of this many lines of a file of the demo, one each is cut off, of 1970, binary noise, and blank.
pub const FAULT_EVERY: u64 = 5_000;

/// Places of the faults within each [`FAULT_EVERY`] lines: early, so that a small file has them too.
const CUT_AT: u64 = 37;
const OLD_AT: u64 = 61;
const NOISE_AT: u64 = 83;
const BLANK_AT: u64 = 101;

/// What a line is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Event,
    CutOff,
    Old,
    Noise,
    Skipped(Skip),
}

impl Fate {
    /// The fate of the line at this place, counted from 0.
    pub(super) const fn at(index: u64) -> Self {
        match index % FAULT_EVERY {
            CUT_AT => Self::CutOff,
            OLD_AT => Self::Old,
            NOISE_AT => Self::Noise,
            BLANK_AT => Self::Skipped(Skip::Blank),
            _ => Self::Event,
        }
    }
}

/// The account that a file must give, and a few figures of the events in it.
///
/// `rejects` of the counts is the sum of `malformed` and `too_old`. For the second version of a growing file
/// the account is that of a run which has the first version too.
///
/// ```
/// use trustwatch_local::demo::Expected;
/// let mut week = Expected::default();
/// week += Expected { malformed: 2, ..Expected::default() };
/// week += Expected { malformed: 1, ..Expected::default() };
/// assert_eq!(week.malformed, 3);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    /// Every line in its one place.
    pub counts: Counts,
    /// Rejects that are not of the format: cut off, or noise.
    pub malformed: u64,
    /// Rejects from a clock that stood in 1970.
    pub too_old: u64,
    /// Events of requests that the filter refused.
    pub blocked: u64,
    /// Events of requests that were first to log in.
    pub challenged: u64,
    /// Events that send off one of the [`PLANTED`](super::PLANTED) searches.
    pub planted: u64,
    /// Bytes of text, before any compression.
    pub bytes: u64,
}

impl Expected {
    /// Counts a line. The caller adds what it knows of an event.
    pub(super) fn add(&mut self, fate: Fate) {
        self.counts.lines += 1;
        match fate {
            Fate::Event => self.counts.events += 1,
            Fate::CutOff | Fate::Noise => {
                self.counts.rejects += 1;
                self.malformed += 1;
            }
            Fate::Old => {
                self.counts.rejects += 1;
                self.too_old += 1;
            }
            Fate::Skipped(skip) => self.counts.skipped.add(skip),
        }
    }
}

impl AddAssign for Expected {
    fn add_assign(&mut self, other: Self) {
        self.counts += other.counts;
        self.malformed += other.malformed;
        self.too_old += other.too_old;
        self.blocked += other.blocked;
        self.challenged += other.challenged;
        self.planted += other.planted;
        self.bytes += other.bytes;
    }
}
