//! The hours of a school week, on the clock of the wall and on UTC.
//!
//! Offsets are looked up once an hour: Europe/London changes at full hours only, and a look-up for each line
//! would cost more than the line.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// One hour and the lines that fall into it.
#[derive(Debug, Clone)]
pub(super) struct Hour {
    /// Its first second, since 1970 UTC.
    pub(super) starts_at: u64,
    /// Day and hour in UTC.
    pub(super) utc: Face,
    /// Day and hour on the wall.
    pub(super) local: Face,
    /// How far the wall is ahead of UTC: `+0100` or `+0000`.
    pub(super) offset: &'static str,
    /// Lines to write in it.
    pub(super) lines: u64,
    /// Saturday or Sunday on the wall.
    pub(super) weekend: bool,
}

/// What a clock shows.
#[derive(Debug, Clone)]
pub(super) struct Face {
    /// `2026-10-25`.
    pub(super) date: Arc<str>,
    /// 0 to 23.
    pub(super) hour: u8,
}

/// A point of time within an hour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) hour: &'a Hour,
    /// 0 to 3,599.
    pub(super) second: u32,
    /// 0 to 999.
    pub(super) milli: u32,
}

impl Moment<'_> {
    /// Seconds since 1970 UTC.
    pub(super) fn seconds(&self) -> u64 {
        self.hour.starts_at + u64::from(self.second)
    }
}

/// How busy each hour of the wall clock is, from midnight on.
pub(super) type Curve = [u32; 24];

/// A school that lives by its bell: registration, four lessons, two breaks, an after-school club.
pub(super) const BELL: Curve =
    [2, 2, 2, 2, 2, 2, 3, 16, 60, 110, 84, 116, 62, 104, 112, 58, 20, 10, 8, 8, 6, 4, 3, 2];
/// A college whose machines go home with the students: long evenings.
pub(super) const EVENINGS: Curve =
    [4, 3, 2, 2, 2, 2, 4, 22, 64, 100, 92, 104, 66, 98, 96, 60, 48, 52, 58, 62, 60, 48, 30, 12];
/// A day without lessons: machines that update, a few people who work.
pub(super) const QUIET: Curve = [3, 3, 3, 2, 2, 2, 2, 2, 3, 4, 5, 5, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3];

const HOUR_S: u64 = 3_600;

/// The hours of `days` days from `first` in Europe/London, with `lines` lines spread over them. A day on which
/// the clocks go back has 25.
pub(super) fn timetable(
    first: Date,
    days: u8,
    lessons: &Curve,
    lines: u64,
) -> Result<Vec<Vec<Hour>>, jiff::Error> {
    let zone = TimeZone::get("Europe/London")?;
    let mut timetable = Vec::with_capacity(usize::from(days));
    let mut weights = Vec::new();
    for number in 0..i64::from(days) {
        let day = first.checked_add(number.days())?;
        let end = day.checked_add(1.day())?.to_zoned(zone.clone())?.timestamp();
        let mut at = day.to_zoned(zone.clone())?.timestamp();
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let curve = if weekend { &QUIET } else { lessons };
        let mut hours = Vec::with_capacity(25);
        while at < end {
            let (utc, local) = (at.to_zoned(TimeZone::UTC), at.to_zoned(zone.clone()));
            let face = |zoned: &jiff::Zoned| Face {
                date: zoned.date().to_string().into(),
                hour: u8::try_from(zoned.hour()).unwrap_or_default(),
            };
            hours.push(Hour {
                starts_at: u64::try_from(at.as_second()).unwrap_or_default(),
                offset: if local.offset().seconds() == 0 { "+0000" } else { "+0100" },
                utc: face(&utc),
                local: face(&local),
                lines: 0,
                weekend,
            });
            weights.push(curve.get(usize::from(face(&local).hour)).copied().unwrap_or(1));
            at = at.checked_add(1.hour())?;
        }
        timetable.push(hours);
    }
    spread(lines, &weights, timetable.iter_mut().flatten().map(|hour| &mut hour.lines));
    Ok(timetable)
}

/// Gives each place its share of `lines`, so that the shares sum up to it exactly.
fn spread<'a>(lines: u64, weights: &[u32], places: impl Iterator<Item = &'a mut u64>) {
    let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let share = |up_to: u64| {
        // The product of two 64-bit numbers over one of them fits again into 64 bits.
        u64::try_from(u128::from(lines) * u128::from(up_to) / u128::from(total.max(1))).unwrap_or(u64::MAX)
    };
    let mut before = 0;
    for (place, weight) in places.zip(weights) {
        let after = before + u64::from(*weight);
        *place = share(after) - share(before);
        before = after;
    }
}

/// What a machine without a battery logs before it has asked for the time: 1970, in the first hour.
pub(super) fn broken() -> Hour {
    let date: Arc<str> = "1970-01-01".into();
    // Britain kept summer time the whole year then, and FortiGate's tables know it.
    let local = Face { date: Arc::clone(&date), hour: 1 };
    Hour { starts_at: 0, utc: Face { date, hour: 0 }, local, offset: "+0100", lines: 0, weekend: false }
}

/// Walks through the moments of a file's lines, in order.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    hours: &'a [Hour],
    /// Lines of the first of `hours` that were walked through.
    walked: u64,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(hours: &'a [Hour]) -> Self {
        Self { hours, walked: 0 }
    }

    /// The hour of the next line and where in it the line stands, as thousandths of a second.
    pub(super) fn next(&mut self, chance: u64) -> Option<Moment<'a>> {
        loop {
            let (hour, later) = self.hours.split_first()?;
            if self.walked < hour.lines {
                // Each line has an equal slot of the hour, and chance says where in the slot it falls.
                let slot = HOUR_S * 1_000 * self.walked / hour.lines;
                let width = HOUR_S * 1_000 * (self.walked + 1) / hour.lines - slot;
                let at = slot + chance % width.max(1);
                self.walked += 1;
                let part = |n: u64| u32::try_from(n).unwrap_or_default();
                return Some(Moment { hour, second: part(at / 1_000), milli: part(at % 1_000) });
            }
            (self.hours, self.walked) = (later, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_sunday_on_which_clocks_go_back_has_one_o_clock_twice() {
        let week = timetable(date(2026, 10, 19), 7, &BELL, 100_000).unwrap();
        assert_eq!(week.iter().map(Vec::len).collect::<Vec<_>>(), [24, 24, 24, 24, 24, 24, 25]);
        let twice: Vec<_> = week[6]
            .iter()
            .filter(|hour| hour.local.hour == 1)
            .map(|hour| (hour.offset, hour.utc.hour))
            .collect();
        assert_eq!(twice, [("+0100", 0), ("+0000", 1)]);
        assert_eq!((&*week[6][0].utc.date, week[6][0].utc.hour), ("2026-10-24", 23));
    }

    #[test]
    fn hours_share_all_lines_and_lessons_get_most() {
        for lines in [0, 1, 99, 100_003] {
            let week = timetable(date(2026, 10, 19), 7, &BELL, lines).unwrap();
            assert_eq!(week.iter().flatten().map(|hour| hour.lines).sum::<u64>(), lines);
        }
        let week = timetable(date(2026, 10, 19), 7, &BELL, 100_000).unwrap();
        let of = |day: usize| week[day].iter().map(|hour| hour.lines).sum::<u64>();
        assert!(of(0) > 5 * of(5) && of(6) > 0);
        assert!(week[0][11].lines > 5 * week[0][18].lines);
    }

    #[test]
    fn moments_rise_and_stay_in_their_hours() {
        let week = timetable(date(2026, 10, 19), 1, &BELL, 5_000).unwrap();
        let (mut walk, mut count, mut last) = (Walk::new(&week[0]), 0, 0);
        while let Some(moment) = walk.next(count * 7_919) {
            assert!(moment.second < 3_600 && moment.milli < 1_000);
            assert!(moment.seconds() >= last);
            (last, count) = (moment.seconds(), count + 1);
        }
        assert_eq!(count, 5_000);
    }
}
