//! Times: civil dates to instants by arithmetic, and local times to UTC with the zone asked once a quarter hour.

use jiff::tz::TimeZone;
use trustwatch_model::{RejectReason, Window};

/// Microseconds in a second.
pub(crate) const SECOND_US: i64 = 1_000_000;

/// A date and time of day without a zone, in seconds as if it were UTC. Always within the years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil(i64);

impl Civil {
    /// `None` when there is no such day or time. A 60th second is read as the 59th, as POSIX time does.
    pub(crate) fn new(year: i64, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<Self> {
        let exists = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && day <= days_in_month(year, month)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !exists {
            return None;
        }
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
        Some(Self(days_from_civil(year, month, day) * 86_400 + seconds))
    }

    /// Reads `YYYY-MM-DD HH:MM:SS`; any single byte may part the two halves.
    pub(crate) fn parse_iso(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        Self::from_halves(bytes.get(..10)?, bytes.get(11..)?)
    }

    /// Reads `YYYY-MM-DD` and `HH:MM:SS`.
    pub(crate) fn from_halves(date: &[u8], time: &[u8]) -> Option<Self> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
        let &[h1, h2, b':', n1, n2, b':', s1, s2] = time else { return None };
        let year = two(y1, y2)? * 100 + two(y3, y4)?;
        Self::new(i64::from(year), two(m1, m2)?, two(d1, d2)?, two(h1, h2)?, two(n1, n2)?, two(s1, s2)?)
    }

    /// The instant, in microseconds since 1970, for a clock that runs `offset_s` seconds ahead of UTC.
    pub(crate) const fn at_offset(self, offset_s: i32) -> i64 {
        (self.0 - offset_s as i64) * SECOND_US
    }
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

const fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, `chrono`-Compatible Low-Level Date
/// Algorithms, `days_from_civil`).
const fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i64 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i64 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The number of a month's English name, by its first three letters in any case.
pub(crate) fn month_number(name: &str) -> Option<u32> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = name.get(..3)?;
    let index = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    u32::try_from(index + 1).ok()
}

/// Zones by name, in hours ahead of UTC. `BST` is British Summer Time: it stands so in the logs of schools, and that
/// Bangladesh once called its time the same does not matter here. Names that mean two things in one place (`IST`) are
/// left out.
const ZONES: [(&str, i32); 16] = [
    ("BST", 1),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("MET", 1),
    ("EET", 2),
    ("EEST", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

/// Seconds ahead of UTC: `+0100`, `-05:00`, `+1`, `UTC+2`, `UTC-5:00`, `Z`, `GMT`, `BST`.
pub(crate) fn offset_seconds(text: &str) -> Option<i32> {
    let text = text.trim_ascii();
    let text = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
    if text.is_empty() || text == "Z" {
        return Some(0);
    }
    let (sign, digits) = match text.as_bytes().split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return ZONES.iter().find(|(name, _)| *name == text).map(|(_, hours)| hours * 3600),
    };
    let (hours, minutes) = match *digits {
        [h] => (two(b'0', h)?, 0),
        [h1, h2] => (two(h1, h2)?, 0),
        [h, b':', m1, m2] => (two(b'0', h)?, two(m1, m2)?),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (two(h1, h2)?, two(m1, m2)?),
        _ => return None,
    };
    // The widest offsets in use are -12:00 and +14:00.
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok().filter(|_| hours <= 14 && minutes < 60)?;
    Some(sign * seconds)
}

/// An instant in microseconds out of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by
/// the number of digits: ten digits are seconds until the year 2286.
pub(crate) fn epoch_by_digits(text: &str) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    match text.len() {
        9..=10 => number.checked_mul(SECOND_US),
        12..=13 => number.checked_mul(1000),
        15..=16 => Some(number),
        18..=19 => Some(number / 1000),
        _ => None,
    }
}

/// Local times of one zone to instants.
///
/// The rule for the two odd hours of a year, stated once and here: an hour that occurs twice is read as its first
/// occurrence (still daylight time), and a time that does not exist is moved forward by the gap. A line that says
/// its own offset is not touched by the rule.
#[derive(Debug)]
pub(crate) struct LocalClock {
    zone: TimeZone,
    quarter: i64,
    offset_s: i32,
}

impl LocalClock {
    /// Offsets change on the quarter hour in every zone in use, so an offset holds for the rest of its quarter.
    const QUARTER_S: i64 = 900;

    pub(crate) const fn new(zone: TimeZone) -> Self {
        Self { zone, quarter: i64::MIN, offset_s: 0 }
    }

    /// Microseconds since 1970 UTC.
    pub(crate) fn instant(&mut self, local: Civil) -> Option<i64> {
        let quarter = local.0.div_euclid(Self::QUARTER_S);
        if quarter != self.quarter {
            self.offset_s = self.offset_of(local)?;
            self.quarter = quarter;
        }
        Some(local.at_offset(self.offset_s))
    }

    fn offset_of(&self, local: Civil) -> Option<i32> {
        let as_utc = jiff::Timestamp::from_second(local.0).ok()?;
        let civil = jiff::tz::Offset::UTC.to_datetime(as_utc);
        let instant = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        i32::try_from(local.0 - instant.as_second()).ok()
    }
}

/// The instant when the window believes it.
pub(crate) const fn within(window: Window, event_at: i64) -> Result<i64, RejectReason> {
    if event_at < window.not_before {
        Err(RejectReason::TooOld)
    } else if event_at > window.not_after {
        Err(RejectReason::InFuture)
    } else {
        Ok(event_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utc(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn local_times_follow_the_zone_and_its_two_odd_hours() {
        let mut clock = LocalClock::new(TimeZone::get("Europe/London").unwrap());
        let mut check = |local: &str, want: &str| {
            assert_eq!(clock.instant(Civil::parse_iso(local).unwrap()), Some(utc(want)), "{local}");
        };
        check("2026-01-10 09:00:00", "2026-01-10T09:00:00Z");
        check("2026-06-10 09:00:00", "2026-06-10T08:00:00Z");
        // 25 October 2026: the hour from 01:00 occurs twice; the first is BST.
        check("2026-10-25 00:59:59", "2026-10-24T23:59:59Z");
        check("2026-10-25 01:30:00", "2026-10-25T00:30:00Z");
        check("2026-10-25 02:00:00", "2026-10-25T02:00:00Z");
        // 29 March 2026: 01:30 does not exist and becomes 02:30 BST.
        check("2026-03-29 01:30:00", "2026-03-29T01:30:00Z");
        check("2026-03-29 02:30:00", "2026-03-29T01:30:00Z");
    }

    #[test]
    fn dates_that_do_not_exist_are_not_read() {
        for bad in
            ["2026-02-29 00:00:00", "2026-13-01 00:00:00", "2026-00-01 00:00:00", "2026-04-31 00:00:00"]
        {
            assert_eq!(Civil::parse_iso(bad), None, "{bad}");
        }
        // `:` follows `9` in ASCII: taken for a digit it would make an October.
        for bad in ["2100-02-29 00:00:00", "2026-0:-01 00:00:00"] {
            assert_eq!(Civil::parse_iso(bad), None, "{bad}");
        }
        for bad in
            ["2026-01-01 24:00:00", "2026-01-01 00:60:00", "1969-01-01 00:00:00", "2026-1-1 00:00:00", ""]
        {
            assert_eq!(Civil::parse_iso(bad), None, "{bad}");
        }
        assert!(Civil::parse_iso("2024-02-29 23:59:60").is_some());
        assert!(Civil::parse_iso("2000-02-29 00:00:00").is_some());
    }

    #[test]
    fn offsets_are_read_in_the_spellings_that_devices_use() {
        let check = |text: &str, want: Option<i32>| assert_eq!(offset_seconds(text), want, "{text}");
        check("+0100", Some(3600));
        check("-05:00", Some(-18_000));
        check("UTC-5:00", Some(-18_000));
        check("UTC+2", Some(7200));
        check("+0545", Some(20_700));
        check("+01", Some(3600));
        check("Z", Some(0));
        check("BST", Some(3600));
        check("CDT", Some(-18_000));
        check("Mars", None);
        check("+9900", None);
        check("+01000", None);
        check("+0160", None);
    }

    #[test]
    fn the_unit_of_an_epoch_is_told_by_its_digits() {
        let want = Some(utc("2026-11-23T10:00:00Z"));
        let seconds = "1795428000";
        for text in [
            seconds.to_owned(),
            format!("{seconds}000"),
            format!("{seconds}000000"),
            format!("{seconds}000000000"),
        ] {
            assert_eq!(epoch_by_digits(&text), want, "{text}");
        }
        for bad in ["", "12", "17954280001", "1795428000x", "-1795428000"] {
            assert_eq!(epoch_by_digits(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn civil_arithmetic_agrees_with_jiff(second in 0_i64..253_000_000_000) {
            let text = jiff::Timestamp::from_second(second).unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string();
            prop_assert_eq!(Civil::parse_iso(&text), Some(Civil(second)));
        }

        #[test]
        fn the_cached_offset_agrees_with_jiff(seconds in proptest::collection::vec(1_700_000_000_i64..1_900_000_000, 1..20)) {
            for zone in ["Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"] {
                let zone = TimeZone::get(zone).unwrap();
                let mut clock = LocalClock::new(zone.clone());
                for second in &seconds {
                    let civil = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_second(*second).unwrap());
                    let want = zone.to_timestamp(civil).unwrap().as_microsecond();
                    prop_assert_eq!(clock.instant(Civil(*second)), Some(want));
                }
            }
        }
    }
}
