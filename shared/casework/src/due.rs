//! When the recipients of an episode are told (requirements section 2, "Response targets").
//!
//! Only what the clock of London tells. Repeats in school time and the ladder need a school's calendar.

use crate::subject::ZONE;
use crate::{Alert, CaseworkError};
use jiff::civil::{Time, time};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use trustwatch_model::Severity;

const HIGH_AGAIN_MS: i64 = 60 * 60 * 1_000;
/// Before people go home.
const SAME_DAY_AT: Time = time(15, 30, 0, 0);
const DIGEST_AT: Time = time(7, 30, 0, 0);

/// A step of telling. An episode takes each at most once, so its word names the item of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Severity 5, at once.
    CriticalNow,
    /// Severity 4, at once.
    HighNow,
    /// Severity 4, an hour later if nobody has taken it.
    HighAgain,
    /// Severity 3, in the afternoon of the same day.
    SameDay,
    /// Severity 2, in the digest of the next morning.
    Digest,
}

impl Step {
    /// The word that stands in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CriticalNow => "critical_now",
            Self::HighNow => "high_now",
            Self::HighAgain => "high_again",
            Self::SameDay => "same_day",
            Self::Digest => "digest",
        }
    }
}

/// Something to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Step.
    pub step: Step,
    /// When: milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// What is to be sent since detection turned `before` into `after` at `at_ms` (milliseconds since 1970 UTC): all
/// steps of a new episode; of an open one those of the severity that it has risen to; else nothing.
///
/// # Errors
/// [`CaseworkError::Instant`] when `at_ms` is outside the calendar.
pub fn dues(before: &Alert, after: &Alert, at_ms: i64) -> Result<Vec<Due>, CaseworkError> {
    let Some(episode) = after.episode() else { return Ok(Vec::new()) };
    let told = before.episode().filter(|known| known.number == episode.number).map(|known| known.peak);
    if told.is_some_and(|told| told >= episode.peak) {
        return Ok(Vec::new());
    }
    let due = |step, at_ms| Due { step, at_ms };
    Ok(match episode.peak {
        Severity::CRITICAL => vec![due(Step::CriticalNow, at_ms)],
        Severity::HIGH => {
            vec![due(Step::HighNow, at_ms), due(Step::HighAgain, at_ms.saturating_add(HIGH_AGAIN_MS))]
        }
        Severity::MEDIUM => vec![due(Step::SameDay, same_day(at_ms)?)],
        Severity::LOW => vec![due(Step::Digest, next_morning(at_ms)?)],
        // Trend marks make no evidence.
        _ => Vec::new(),
    })
}

/// This afternoon, or at once when that is past.
fn same_day(at_ms: i64) -> Result<i64, CaseworkError> {
    Ok(london(at_ms, 0, SAME_DAY_AT)?.max(at_ms))
}

fn next_morning(at_ms: i64) -> Result<i64, CaseworkError> {
    london(at_ms, 1, DIGEST_AT)
}

/// A time of the clock in London, so many days after the date of an instant.
fn london(at_ms: i64, days: i64, clock: Time) -> Result<i64, CaseworkError> {
    let outside = |_| CaseworkError::Instant { at: at_ms.saturating_mul(1_000) };
    let zone = TimeZone::get(ZONE).map_err(outside)?;
    let date = Timestamp::from_millisecond(at_ms).map_err(outside)?.to_zoned(zone.clone()).date();
    let date = date.checked_add(days.days()).map_err(outside)?;
    let told = date.to_datetime(clock).to_zoned(zone).map_err(outside)?;
    Ok(told.timestamp().as_millisecond())
}
