//! Reads a time in whatever notation a product writes it.
//!
//! | notation | example |
//! |---|---|
//! | since 1970 | `1795428000`, `1795428000.123`, in milliseconds, microseconds or nanoseconds too |
//! | year first | `2026-11-23T09:00:00.123+00:00`, `2026/11/23 09:00:00`, `2026.1.8 9:00:00`, `2026:11:23-09:00:00` |
//! | month in letters | `Mon Nov 23 09:00:00 2026`, `Nov 23 2026 09:00:00`, `23/Nov/2026:09:00:00 +0000`, `23-Nov-2026 09:00` |
//! | as people write it | `Monday, 23rd November 2026, 9:00 am`, `November 23, 2026 at 9:00 AM` |
//! | month in letters, no year | `Nov 23 09:00:00` |
//! | in digits, by the feed's setting | `23/11/2026 09:00`, `11/23/2026 9:00:00 AM` |
//!
//! What stands behind the time of day is an offset or the name of a zone; a name that is not known is no zone.

use crate::time::{self, SECOND_US};
use trustwatch_model::DateOrder;

/// A time as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// Microseconds since 1970 UTC.
    Instant(i64),
    /// A date and a time of day.
    Civil(CivilStamp),
}

/// A date and a time of day, whether they exist or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CivilStamp {
    pub date: Date,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    /// Microseconds behind the second.
    pub micros: i64,
    /// Seconds ahead of UTC, where the text says so.
    pub offset_s: Option<i32>,
}

/// A day, with or without its year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub year: Option<i64>,
    pub month: u32,
    pub day: u32,
}

/// Reads a whole stamp.
pub(crate) fn read(text: &str, order: DateOrder) -> Option<Stamp> {
    let text = text.trim_ascii();
    if let Some(instant) = since_1970(text) {
        return Some(Stamp::Instant(instant));
    }
    let mut cursor = Cursor { rest: text };
    let (mut date, clock) = if cursor.starts_with_digit() {
        let date = digits_first(&mut cursor, order)?;
        cursor.skip(b" T:-,");
        cursor.skip_word("at ");
        (date, time_of_day(&mut cursor)?)
    } else {
        letters_first(&mut cursor)?
    };
    let mut stamp = CivilStamp { date, ..clock };
    // `Mon Nov 23 09:00:00 2026`: what stands behind the time can be the year.
    cursor.skip(b" ");
    if date.year.is_none() && cursor.digits() >= 4 {
        date.year = cursor.number().map(|(year, _)| year);
        stamp.date = date;
        cursor.skip(b" ");
    }
    stamp.offset_s = offset(cursor.rest);
    Some(Stamp::Civil(stamp))
}

/// Reads a date and a time of day that stand in two columns.
pub(crate) fn read_halves(date: &str, time: &str, order: DateOrder) -> Option<CivilStamp> {
    let mut cursor = Cursor { rest: date.trim_ascii() };
    let date = if cursor.starts_with_digit() {
        digits_first(&mut cursor, order)?
    } else {
        let date = month_first(&mut cursor)?;
        cursor.skip(b" ,");
        Date { year: cursor.four_digits(), ..date }
    };
    if !cursor.rest.is_empty() {
        return None;
    }
    let mut cursor = Cursor { rest: time.trim_ascii() };
    let clock = time_of_day(&mut cursor)?;
    Some(CivilStamp { date, offset_s: offset(cursor.rest), ..clock })
}

/// The offset behind a time of day. A name that is not known is no zone.
pub(crate) fn offset(text: &str) -> Option<i32> {
    let text = text.trim_ascii();
    if text.is_empty() { None } else { time::offset_seconds(text) }
}

/// Seconds and their fraction, or finer units told apart by their number of digits.
fn since_1970(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let instant = time::epoch_by_digits(whole)?;
    if fraction.is_empty() {
        return Some(instant);
    }
    (whole.len() <= 10).then_some(instant + micros(fraction)?)
}

/// A fraction of a second in microseconds; finer digits are dropped.
fn micros(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    Some(digits.fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0')))
}

/// `2026-11-23`, `23/Nov/2026`, `23/11/2026`, `11/23/2026`, `23 Nov 2026`.
fn digits_first(cursor: &mut Cursor<'_>, order: DateOrder) -> Option<Date> {
    const PARTS: &[u8] = b"-/.: ";
    let (first, digits) = cursor.number()?;
    cursor.skip_ordinal();
    cursor.part(PARTS)?;
    if digits == 4 {
        let month = match cursor.word() {
            Some(name) => time::month_number(name)?,
            None => cursor.small()?,
        };
        cursor.part(PARTS)?;
        return Some(Date { year: Some(first), month, day: cursor.small()? });
    }
    let first = u32::try_from(first).ok()?;
    if let Some(name) = cursor.word() {
        cursor.part(PARTS)?;
        return Some(Date { day: first, month: time::month_number(name)?, year: Some(year(cursor)?) });
    }
    let second = cursor.small()?;
    cursor.part(PARTS)?;
    let year = Some(year(cursor)?);
    Some(match order {
        DateOrder::DayFirst => Date { day: first, month: second, year },
        DateOrder::MonthFirst => Date { day: second, month: first, year },
    })
}

/// A year of four digits, or of two in this century.
fn year(cursor: &mut Cursor<'_>) -> Option<i64> {
    match cursor.number()? {
        (year, 4) => Some(year),
        (year, 2) => Some(2000 + year),
        _ => None,
    }
}

/// `Mon Nov 23 09:00:00`, `Nov 23 2026 09:00:00`.
fn letters_first(cursor: &mut Cursor<'_>) -> Option<(Date, CivilStamp)> {
    let date = month_first(cursor)?;
    cursor.skip(b" ,");
    let date = Date { year: cursor.four_digits(), ..date };
    cursor.skip(b" ,");
    cursor.skip_word("at ");
    Some((date, time_of_day(cursor)?))
}

/// `Nov 23`, `Mon Nov 23`, `Mon, 23 Nov`.
fn month_first(cursor: &mut Cursor<'_>) -> Option<Date> {
    let mut word = cursor.word()?;
    if time::month_number(word).is_none() {
        cursor.skip(b" ,");
        if cursor.starts_with_digit() {
            let day = cursor.small()?;
            cursor.skip_ordinal();
            cursor.skip(b" -");
            return Some(Date { year: None, month: time::month_number(cursor.word()?)?, day });
        }
        word = cursor.word()?;
    }
    cursor.skip(b" ");
    let date = Date { year: None, month: time::month_number(word)?, day: cursor.small()? };
    cursor.skip_ordinal();
    Some(date)
}

/// `09:00`, `09:00:00.123`, `9:00:00 AM`. The date is left for the caller.
fn time_of_day(cursor: &mut Cursor<'_>) -> Option<CivilStamp> {
    let mut hour = cursor.small()?;
    cursor.part(b":")?;
    let minute = cursor.small()?;
    let second = if cursor.part(b":").is_some() { cursor.small()? } else { 0 };
    let mut fraction = 0;
    if cursor.part(b".,").is_some() {
        let digits = cursor.digits();
        fraction = micros(cursor.rest.get(..digits)?)?;
        cursor.rest = cursor.rest.get(digits..)?;
    }
    let behind = cursor.rest.trim_ascii_start();
    let half = behind.get(..2).unwrap_or_default();
    let afternoon = half.eq_ignore_ascii_case("PM");
    if afternoon || half.eq_ignore_ascii_case("AM") {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if afternoon { 12 } else { 0 };
        cursor.rest = behind.get(2..)?;
    }
    let date = Date { year: None, month: 0, day: 0 };
    Some(CivilStamp { date, hour, minute, second, micros: fraction, offset_s: None })
}

/// Walks over a stamp.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// How many digits come next.
    fn digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    fn starts_with_digit(&self) -> bool {
        self.rest.as_bytes().first().is_some_and(u8::is_ascii_digit)
    }

    /// The number that comes next, and how many digits it has.
    fn number(&mut self) -> Option<(i64, usize)> {
        let digits = self.digits();
        let (number, rest) = self.rest.split_at_checked(digits)?;
        let number = number.parse().ok()?;
        self.rest = rest;
        Some((number, digits))
    }

    /// A number of one or two digits.
    fn small(&mut self) -> Option<u32> {
        let (number, digits) = self.number()?;
        u32::try_from(number).ok().filter(|_| digits <= 2)
    }

    /// The year that comes next, when it has four digits.
    fn four_digits(&mut self) -> Option<i64> {
        if self.digits() == 4 { self.number().map(|(year, _)| year) } else { None }
    }

    /// Goes over the letters behind a day: `23rd`.
    fn skip_ordinal(&mut self) {
        for letters in ["st", "nd", "rd", "th"] {
            self.skip_word(letters);
        }
    }

    /// Goes over this word, when it comes next.
    fn skip_word(&mut self, word: &str) {
        self.rest = self.rest.strip_prefix(word).unwrap_or(self.rest);
    }

    /// The letters that come next, if any do.
    fn word(&mut self) -> Option<&'a str> {
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = self.rest.split_at_checked(letters).filter(|_| letters > 0)?;
        self.rest = rest;
        Some(word)
    }

    /// Goes over one of these marks.
    fn part(&mut self, marks: &[u8]) -> Option<()> {
        let first = self.rest.as_bytes().first().filter(|byte| marks.contains(byte))?;
        self.rest = self.rest.get(usize::from(*first > 0)..)?;
        Some(())
    }

    /// Goes over as many of these marks as there are.
    fn skip(&mut self, marks: &[u8]) {
        let count = self.rest.bytes().take_while(|byte| marks.contains(byte)).count();
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}

/// A stamp that was written with or without a fraction, as microseconds to add to its second.
impl CivilStamp {
    /// The date and time in this year; `None` when there is no such day or time.
    pub(crate) fn in_year(&self, year: i64) -> Option<time::Civil> {
        time::Civil::new(year, self.date.month, self.date.day, self.hour, self.minute, self.second)
    }
}

const _: () = assert!(SECOND_US == 1_000_000, "a fraction is read to six digits");

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, order: DateOrder) -> String {
        match read(text, order) {
            None => "nothing".to_owned(),
            Some(Stamp::Instant(at)) => format!("@{at}"),
            Some(Stamp::Civil(stamp)) => {
                let Date { year, month, day } = stamp.date;
                let year = year.map_or_else(|| "?".to_owned(), |year| year.to_string());
                let offset = stamp.offset_s.map(|offset| format!("{offset:+}")).unwrap_or_default();
                let CivilStamp { hour, minute, second, micros, .. } = stamp;
                format!("{year}-{month}-{day} {hour}:{minute}:{second}.{micros}{offset}")
            }
        }
    }

    #[test]
    fn times_are_read_in_the_notations_that_products_write() {
        let check = |text: &str, want: &str| assert_eq!(show(text, DateOrder::DayFirst), want, "{text}");
        check("1795428000", "@1795428000000000");
        check("1795428000.348215340", "@1795428000348215");
        check("1795428000123", "@1795428000123000");
        check("2026-11-23T09:05:07.25+01:00", "2026-11-23 9:5:7.250000+3600");
        check("2026-11-23 09:05:07Z", "2026-11-23 9:5:7.0+0");
        check("2026-11-23 09:05:07 UTC", "2026-11-23 9:5:7.0+0");
        check("2026/11/23 09:05:07", "2026-11-23 9:5:7.0");
        check("2026.1.8 9:05:07", "2026-1-8 9:5:7.0");
        check("2026:11:23-09:05:07", "2026-11-23 9:5:7.0");
        check("Mon Nov 23 09:05:07 2026", "2026-11-23 9:5:7.0");
        check("Mon Nov 23 09:05:07 2026 BST", "2026-11-23 9:5:7.0+3600");
        check("Mon, 23 Nov 2026 09:05:07 GMT", "2026-11-23 9:5:7.0+0");
        check("Nov 23 2026 09:05:07 +0200", "2026-11-23 9:5:7.0+7200");
        check("Nov  3 09:05:07", "?-11-3 9:5:7.0");
        check("23/Nov/2026:09:05:07 +0000", "2026-11-23 9:5:7.0+0");
        check("23-Nov-2026 09:05:07.125", "2026-11-23 9:5:7.125000");
        check("23/11/2026 09:05", "2026-11-23 9:5:0.0");
        check("03/04/26 9:05:07 PM", "2026-4-3 21:5:7.0");
        check("03/04/2026, 12:05 am", "2026-4-3 0:5:0.0");
        check("Monday, 23rd November 2026, 9:05 am", "2026-11-23 9:5:0.0");
        check("1st November 2026 at 09:05", "2026-11-1 9:5:0.0");
        check("November 2nd, 2026 at 9:05:07 PM", "2026-11-2 21:5:7.0");
        for bad in ["", "-", "yesterday", "2026-11-23", "13:00 PM", "23/Foo/2026 09:00:00", "1234"] {
            check(bad, "nothing");
        }
    }

    #[test]
    fn the_setting_alone_says_whether_the_month_comes_first() {
        let text = "03/04/2026 09:00:00";
        assert_eq!(show(text, DateOrder::DayFirst), "2026-4-3 9:0:0.0");
        assert_eq!(show(text, DateOrder::MonthFirst), "2026-3-4 9:0:0.0");
    }

    #[test]
    fn halves_are_read_as_the_whole() {
        let check = |date, time, year, month, day| {
            let stamp = read_halves(date, time, DateOrder::DayFirst).unwrap();
            assert_eq!(stamp.date, Date { year, month, day }, "{date}");
            assert_eq!((stamp.hour, stamp.minute, stamp.second), (9, 5, 7));
        };
        check("16/12/2022", "09:05:07", Some(2022), 12, 16);
        check("2022-12-16", "9:05:07", Some(2022), 12, 16);
        check("2018 05 15", "09:05:07", Some(2018), 5, 15);
        check("Monday, 23 November 2026", "09:05:07", Some(2026), 11, 23);
        check("Nov 23", "09:05:07", None, 11, 23);
        assert_eq!(read_halves("2022-12-16x", "09:05:07", DateOrder::DayFirst), None);
    }
}
