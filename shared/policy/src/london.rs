//! The clock that dates of a policy and of a roster go by.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Europe/London, both clock changes included.
pub(crate) fn london() -> TimeZone {
    // The bundled database knows London; a test holds it to that.
    TimeZoneDatabase::bundled().get("Europe/London").unwrap_or(TimeZone::UTC)
}

/// The first moment of a day, in microseconds since 1970 UTC.
pub(crate) fn begin(day: Date, zone: &TimeZone) -> i64 {
    // No clock change in London skips a midnight.
    zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
        .unwrap_or(Timestamp::MAX)
        .as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_begins_at_midnight_in_london_summer_and_winter() {
        let at = |year, month, day| {
            Timestamp::from_microsecond(begin(date(year, month, day), &london())).unwrap().to_string()
        };
        assert_eq!(at(2026, 3, 29), "2026-03-29T00:00:00Z");
        assert_eq!(at(2026, 3, 30), "2026-03-29T23:00:00Z");
        assert_eq!(at(2026, 10, 25), "2026-10-24T23:00:00Z");
        assert_eq!(at(2026, 10, 26), "2026-10-26T00:00:00Z");
    }
}
