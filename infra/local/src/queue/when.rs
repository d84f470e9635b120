//! When a schedule is due: pure arithmetic on times, with the two clock changes of a year in it.
//!
//! A daily time is a time on the wall in London. In the hour that comes twice the first one counts; a time in the
//! hour that is left out happens an hour later. Either way each date has exactly one moment, which is what makes
//! "once a day" true on all days.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

const ZONE: &str = "Europe/London";

/// The rhythm of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct When(Rhythm);

#[derive(Debug, Clone, PartialEq)]
enum Rhythm {
    Every { ms: i64 },
    Daily { time: Time, zone: TimeZone },
}

/// A rhythm that cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum WhenError {
    /// The interval is shorter than a second or longer than a year.
    #[error("an interval must be between a second and a year")]
    Interval,
    /// No such time of day, or the time zone data lacks London.
    #[error("the time of day cannot be used")]
    Time(#[from] jiff::Error),
}

impl When {
    /// At a fixed interval, counted from the first start.
    ///
    /// # Errors
    /// If the interval is shorter than a second or longer than a year.
    pub fn every(interval: Duration) -> Result<Self, WhenError> {
        let ms = i64::try_from(interval.as_millis()).map_err(|_| WhenError::Interval)?;
        if !(1_000..=366 * 86_400_000).contains(&ms) {
            return Err(WhenError::Interval);
        }
        Ok(Self(Rhythm::Every { ms }))
    }

    /// Each day at a time on the wall in London.
    ///
    /// # Errors
    /// If there is no such time of day.
    pub fn daily(hour: i8, minute: i8) -> Result<Self, WhenError> {
        let time = Time::new(hour, minute, 0, 0)?;
        Ok(Self(Rhythm::Daily { time, zone: TimeZone::get(ZONE)? }))
    }

    /// The first moment after `last_ms` at which the schedule is due.
    #[must_use]
    pub fn first_after(&self, last_ms: i64) -> Option<i64> {
        match &self.0 {
            Rhythm::Every { ms } => last_ms.checked_add(*ms),
            Rhythm::Daily { .. } => {
                self.daily_around(last_ms).into_iter().flatten().find(|due| *due > last_ms)
            }
        }
    }

    /// The last moment in `(last_ms, now_ms]` at which the schedule was due. Moments before it that were missed,
    /// too, are not run one by one: one run does the work of all.
    #[must_use]
    pub fn latest_due(&self, last_ms: i64, now_ms: i64) -> Option<i64> {
        match &self.0 {
            Rhythm::Every { ms } => {
                let periods = now_ms.checked_sub(last_ms)?.checked_div(*ms)?;
                (periods > 0).then(|| last_ms.saturating_add(periods.saturating_mul(*ms)))
            }
            Rhythm::Daily { .. } => self
                .daily_around(now_ms)
                .into_iter()
                .flatten()
                .filter(|due| (last_ms.saturating_add(1)..=now_ms).contains(due))
                .max(),
        }
    }

    /// The moments of the day before, the day, and the two days after, as London counts days around `at_ms`.
    fn daily_around(&self, at_ms: i64) -> [Option<i64>; 4] {
        let Rhythm::Daily { time, zone } = &self.0 else { return [None; 4] };
        let Ok(at) = Timestamp::from_millisecond(at_ms) else { return [None; 4] };
        let today = at.to_zoned(zone.clone()).date();
        [-1, 0, 1, 2].map(|days| {
            let date = today.checked_add(jiff::Span::new().days(days)).ok()?;
            // The default of a time that is ambiguous or missing is the one described above.
            let zoned = date.to_datetime(*time).to_zoned(zone.clone()).ok()?;
            Some(zoned.timestamp().as_millisecond())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    /// Every due moment from `from` to `to`, by stepping with `first_after`.
    fn moments(when: &When, from: &str, to: &str) -> Vec<String> {
        let (mut at, end) = (ms(from), ms(to));
        let mut found = Vec::new();
        while let Some(next) = when.first_after(at).filter(|next| *next <= end) {
            found.push(Timestamp::from_millisecond(next).unwrap().to_string());
            at = next;
        }
        found
    }

    #[test]
    fn a_time_in_the_doubled_hour_is_due_once() {
        // On 25 October 2026 clocks go from 02:00 BST back to 01:00 GMT.
        let found = moments(&When::daily(1, 30).unwrap(), "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        assert_eq!(found, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn a_time_in_the_missing_hour_is_due_once() {
        // On 29 March 2026 clocks go from 01:00 GMT to 02:00 BST.
        let found = moments(&When::daily(1, 30).unwrap(), "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
        assert_eq!(found, ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]);
    }

    #[test]
    fn looking_every_minute_through_both_changes_finds_each_date_once() {
        let london = TimeZone::get(ZONE).unwrap();
        for (hour, minute) in [(0, 0), (0, 59), (1, 0), (1, 30), (1, 59), (2, 0), (23, 59)] {
            let when = When::daily(hour, minute).unwrap();
            for from in ["2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z"] {
                let start = ms(from);
                let mut last = start;
                let mut dates = Vec::new();
                for minutes in 0..4 * 24 * 60 {
                    if let Some(due) = when.latest_due(last, start + minutes * 60_000) {
                        assert_eq!(when.first_after(last), Some(due));
                        let date = Timestamp::from_millisecond(due).unwrap().to_zoned(london.clone()).date();
                        dates.push(date);
                        last = due;
                    }
                }
                assert_eq!(dates.len(), 4, "{hour}:{minute} from {from}: {dates:?}");
                assert!(dates.windows(2).all(|pair| pair[0].tomorrow().unwrap() == pair[1]), "{dates:?}");
            }
        }
    }

    #[test]
    fn many_missed_moments_make_one_run() {
        let hourly = When::every(Duration::from_secs(3600)).unwrap();
        assert_eq!(hourly.latest_due(0, 3_599_999), None);
        assert_eq!(hourly.latest_due(0, 3_600_000), Some(3_600_000));
        assert_eq!(hourly.latest_due(0, 5 * 3_600_000 + 7), Some(5 * 3_600_000));
        let daily = When::daily(7, 0).unwrap();
        let (last, now) = (ms("2026-01-01T07:00:00Z"), ms("2026-01-05T06:59:00Z"));
        assert_eq!(daily.latest_due(last, now), Some(ms("2026-01-04T07:00:00Z")));
        assert_eq!(daily.latest_due(ms("2026-01-04T07:00:00Z"), now), None);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(When::every(Duration::ZERO).is_err());
        assert!(When::every(Duration::MAX).is_err());
        assert!(When::daily(24, 0).is_err());
        assert!(When::daily(1, 60).is_err());
    }
}
