//! From a time as it was written to an instant that is believed.

use crate::parser::ParseContext;
use crate::stamp::{self, CivilStamp, Stamp};
use crate::time::{self, LocalClock};
use trustwatch_model::{DateOrder, RejectReason, Undated, Window};

/// What a feed says about times: its zone, the order of its dates, the span that is believed, and when the object
/// arrived, which tells the year of a stamp without one.
#[derive(Debug)]
pub(crate) struct Clock {
    local: LocalClock,
    order: DateOrder,
    window: Window,
    arrived_at: i64,
    undated: Undated,
}

/// How far a stamp may lie ahead of its arrival and still be of the same year: clocks run wrong, and a line of the
/// last minutes of December can arrive in what the sender calls next year.
const AHEAD_US: i64 = 86_400_000_000;

impl Clock {
    pub(crate) fn new(context: &ParseContext<'_>) -> Self {
        Self {
            local: LocalClock::new(context.zone.clone()),
            order: context.reading.date_order,
            window: context.window,
            arrived_at: context.arrived_at,
            undated: context.reading.undated,
        }
    }

    /// Believes everything, for recognition.
    pub(crate) const fn any_time() -> Self {
        Self {
            local: LocalClock::new(jiff::tz::TimeZone::UTC),
            order: DateOrder::DayFirst,
            window: Window { not_before: i64::MIN, not_after: i64::MAX },
            arrived_at: 0,
            undated: Undated::Arrival,
        }
    }

    /// The instant of a stamp in any notation. `offset` is what another column says of the zone, and counts where the
    /// stamp itself says nothing; without either the time is local to the feed's zone.
    ///
    /// # Errors
    /// [`RejectReason::NoTime`] for no text, [`RejectReason::BadTime`] for one that is no time, and the two that say
    /// on which side of the window it lies.
    pub(crate) fn instant(&mut self, text: &str, offset: &str) -> Result<i64, RejectReason> {
        if text.is_empty() {
            return self.undated();
        }
        let event_at = match stamp::read(text, self.order).ok_or(RejectReason::BadTime)? {
            Stamp::Instant(event_at) => event_at,
            Stamp::Civil(stamp) => self.civil(stamp, offset)?,
        };
        self.believed(event_at)
    }

    /// As [`Clock::instant`], for a date and a time of day in two columns.
    ///
    /// # Errors
    /// As [`Clock::instant`].
    pub(crate) fn instant_of(&mut self, date: &str, time: &str, offset: &str) -> Result<i64, RejectReason> {
        let stamp = stamp::read_halves(date, time, self.order).ok_or(RejectReason::BadTime)?;
        let event_at = self.civil(stamp, offset)?;
        self.believed(event_at)
    }

    /// The instant of a line that states none.
    ///
    /// # Errors
    /// [`RejectReason::NoTime`], unless the feed says that such lines are of the time of their arrival.
    pub(crate) const fn undated(&self) -> Result<i64, RejectReason> {
        match self.undated {
            Undated::Reject => Err(RejectReason::NoTime),
            Undated::Arrival => self.believed(self.arrived_at),
        }
    }

    /// The instant when the window believes it.
    ///
    /// # Errors
    /// [`RejectReason::TooOld`] and [`RejectReason::InFuture`].
    pub(crate) const fn believed(&self, event_at: i64) -> Result<i64, RejectReason> {
        time::within(self.window, event_at)
    }

    fn civil(&mut self, stamp: CivilStamp, offset: &str) -> Result<i64, RejectReason> {
        let offset_s = stamp.offset_s.or_else(|| stamp::offset(offset));
        let year = match stamp.date.year {
            Some(year) => year,
            None => self.year_of(stamp, offset_s).ok_or(RejectReason::BadTime)?,
        };
        self.at(stamp, year, offset_s).ok_or(RejectReason::BadTime)
    }

    fn at(&mut self, stamp: CivilStamp, year: i64, offset_s: Option<i32>) -> Option<i64> {
        let civil = stamp.in_year(year)?;
        let second = match offset_s {
            Some(offset_s) => civil.at_offset(offset_s),
            None => self.local.instant(civil)?,
        };
        second.checked_add(stamp.micros)
    }

    /// The latest year in which the stamp lies no more than a day ahead of the arrival. A file can be a year old, but
    /// not of the day after tomorrow.
    fn year_of(&mut self, stamp: CivilStamp, offset_s: Option<i32>) -> Option<i64> {
        let arrived = jiff::Timestamp::from_microsecond(self.arrived_at).ok()?;
        let next = i64::from(jiff::tz::Offset::UTC.to_datetime(arrived).year()) + 1;
        let latest = self.arrived_at.saturating_add(AHEAD_US);
        // Eight years hold a 29 February, except around 2100.
        (next - 8..=next).rev().find(|year| self.at(stamp, *year, offset_s).is_some_and(|at| at <= latest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustwatch_model::Reading;

    fn utc(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    fn clock(arrived: &str) -> Clock {
        Clock::new(&ParseContext {
            zone: jiff::tz::TimeZone::get("Europe/London").unwrap(),
            window: Window {
                not_before: utc("2020-01-01T00:00:00Z"),
                not_after: utc("2030-01-01T00:00:00Z"),
            },
            key: "",
            arrived_at: utc(arrived),
            reading: &Reading::default(),
        })
    }

    #[test]
    fn a_stamp_without_an_offset_is_local_and_one_with_it_is_not() {
        let mut clock = clock("2026-11-23T10:00:00Z");
        let mut check = |text: &str, offset: &str, want: &str| {
            assert_eq!(clock.instant(text, offset), Ok(utc(want)), "{text} {offset}");
        };
        check("2026-06-10 09:00:00", "", "2026-06-10T08:00:00Z");
        check("2026-06-10 09:00:00", "GMT", "2026-06-10T09:00:00Z");
        check("2026-01-10 09:00:00", "BST", "2026-01-10T08:00:00Z");
        check("2026-06-10 09:00:00+02:00", "GMT", "2026-06-10T07:00:00Z");
        check("2026-06-10 09:00:00.5", "no zone", "2026-06-10T08:00:00.5Z");
    }

    #[test]
    fn a_missing_year_is_the_latest_that_the_arrival_allows() {
        let check = |arrived: &str, text: &str, want: &str| {
            assert_eq!(clock(arrived).instant(text, ""), Ok(utc(want)), "{text} arrived {arrived}");
        };
        check("2026-11-23T10:00:00Z", "Nov 23 09:00:00", "2026-11-23T09:00:00Z");
        check("2026-11-23T10:00:00Z", "Nov 24 09:00:00", "2026-11-24T09:00:00Z");
        check("2026-11-23T10:00:00Z", "Nov 25 09:00:00", "2025-11-25T09:00:00Z");
        check("2027-01-01T00:10:00Z", "Dec 31 23:59:00", "2026-12-31T23:59:00Z");
        check("2026-12-31T23:59:00Z", "Jan  1 00:00:30", "2027-01-01T00:00:30Z");
        check("2026-11-23T10:00:00Z", "Feb 29 09:00:00", "2024-02-29T09:00:00Z");
    }

    #[test]
    fn a_line_without_a_time_is_of_its_arrival_only_where_the_feed_says_so() {
        let mut clock = clock("2026-11-23T10:00:00Z");
        clock.undated = Undated::Arrival;
        assert_eq!(clock.instant("", ""), Ok(utc("2026-11-23T10:00:00Z")));
        assert_eq!(clock.instant("soon", ""), Err(RejectReason::BadTime));
    }

    #[test]
    fn what_is_no_time_is_refused_with_its_reason() {
        let mut clock = clock("2026-11-23T10:00:00Z");
        assert_eq!(clock.instant("", ""), Err(RejectReason::NoTime));
        assert_eq!(clock.instant("soon", ""), Err(RejectReason::BadTime));
        assert_eq!(clock.instant("31/04/2026 09:00:00", ""), Err(RejectReason::BadTime));
        assert_eq!(clock.instant_of("31/04/2026", "09:00:00", ""), Err(RejectReason::BadTime));
        assert_eq!(clock.instant("2019-12-31 23:00:00", ""), Err(RejectReason::TooOld));
        assert_eq!(clock.instant("2030-01-02 00:00:00", ""), Err(RejectReason::InFuture));
    }
}
