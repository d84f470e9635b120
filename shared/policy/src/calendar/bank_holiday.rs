//! England's bank holidays, by the Banking and Financial Dealings Act 1971, schedule 1, and the substitutes that are
//! proclaimed each year. Days that are given once (a coronation) stand in a calendar's `closed`.

use jiff::civil::{Date, Weekday, date};

/// Whether a day is a bank holiday, or the substitute of one that falls on a weekend.
pub(crate) fn is_bank_holiday(day: Date) -> bool {
    let monday = day.weekday() == Weekday::Monday;
    let early = matches!(day.weekday(), Weekday::Monday | Weekday::Tuesday);
    let easter = |offset| {
        day.checked_add(jiff::Span::new().days(offset)).is_ok_and(|day| day == easter_sunday(day.year()))
    };
    match (day.month(), day.day()) {
        (1, 1) | (12, 25 | 26) => true,
        (1, 2 | 3) => monday,
        (12, 27 | 28) => early,
        (5, number) if number <= 7 || number > 24 => monday,
        (8, number) if number > 24 => monday,
        // Good Friday and Easter Monday.
        (3 | 4, _) => easter(2) || easter(-1),
        _ => false,
    }
}

/// Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8).
fn easter_sunday(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - b / 4 - g + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let days = h + l - 7 * m + 114;
    let part = |number: i32| i8::try_from(number).unwrap_or(1);
    date(i16::try_from(year).unwrap_or(1), part(days / 31), part(days % 31 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As gov.uk lists them for England and Wales.
    const LISTED: [&str; 25] = [
        "2021-12-27",
        "2021-12-28",
        "2025-01-01",
        "2025-04-18",
        "2025-04-21",
        "2025-05-05",
        "2025-05-26",
        "2025-08-25",
        "2025-12-25",
        "2025-12-26",
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-04",
        "2026-05-25",
        "2026-08-31",
        "2026-12-25",
        "2026-12-28",
        "2027-01-01",
        "2027-03-26",
        "2027-03-29",
        "2027-05-03",
        "2027-05-31",
        "2027-08-30",
        "2027-12-28",
    ];

    #[test]
    fn every_weekday_that_is_listed_is_one_and_no_other_is() {
        let whole_years = [date(2025, 1, 1), date(2026, 1, 1), date(2027, 1, 1)];
        for first in whole_years {
            let days = first.series(jiff::Span::new().days(1)).take_while(|day| day.year() == first.year());
            for day in days.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)) {
                let listed = LISTED.contains(&day.to_string().as_str()) || day == date(2027, 12, 27);
                assert_eq!(is_bank_holiday(day), listed, "{day}");
            }
        }
        assert!(is_bank_holiday(date(2021, 12, 27)) && is_bank_holiday(date(2021, 12, 28)));
        assert!(is_bank_holiday(date(2022, 1, 3)) && !is_bank_holiday(date(2022, 1, 4)));
    }
}
