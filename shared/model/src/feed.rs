//! What a school says about its feeds, and the span of time in which a line is believed.

use crate::FeedId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days that a line may lie behind the arrival of its object, unless the feed says otherwise.
pub const HORIZON_DAYS_DEFAULT: u16 = 400;

/// Zone in which a feed writes local times, unless it says otherwise.
pub const ZONE_DEFAULT: &str = "Europe/London";

/// The object `schools/<school>.yaml` of the config bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolSettings {
    /// Each feed of the school by its id.
    #[serde(default)]
    pub feeds: BTreeMap<FeedId, FeedSettings>,
}

/// How to read one feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSettings {
    /// Id of the log format, such as `squid`.
    pub format: String,
    /// IANA name of the zone of local times.
    #[serde(default = "zone_default")]
    pub zone: String,
    /// How many days behind its arrival a line is still believed.
    #[serde(default = "horizon_default")]
    pub horizon_days: u16,
    /// What the format leaves to whoever set up the filter.
    #[serde(default, skip_serializing_if = "Reading::is_plain")]
    pub reading: Reading,
}

impl FeedSettings {
    /// A feed of this format, read with the defaults.
    #[must_use]
    pub fn of(format: &str) -> Self {
        Self {
            format: format.to_owned(),
            zone: zone_default(),
            horizon_days: horizon_default(),
            reading: Reading::default(),
        }
    }
}

/// How lines are to be read where the format alone does not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Order of a date in digits that does not begin with the year.
    #[serde(default, skip_serializing_if = "DateOrder::is_default")]
    pub date_order: DateOrder,
    /// What becomes of lines that state no time at all.
    #[serde(default, skip_serializing_if = "Undated::is_default")]
    pub undated: Undated,
    /// Layout of a line, in the words of the product's own setting (Squid: the string of `logformat`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// Names that the source gives its fields, and what they hold: a column of an event or one of the other words in
    /// docs/formats.md. They come before the names that the format knows itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl Reading {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of a line that states no time, such as those of a BIND without `print-time`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undated {
    /// A reject: a time is not invented.
    #[default]
    Reject,
    /// An event of the moment at which its object arrived: for a collector that ships every few minutes, by the word
    /// of whoever runs it.
    Arrival,
}

impl Undated {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_default(&self) -> bool {
        *self == Self::Reject
    }
}

/// Order of a date in digits. It is a setting because `03/04/2026` does not say it, and a guess by line would read
/// one file in two ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// 23/11/2026, as in the United Kingdom.
    #[default]
    DayFirst,
    /// 11/23/2026, as in the United States.
    MonthFirst,
}

impl DateOrder {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_default(&self) -> bool {
        *self == Self::DayFirst
    }
}

fn zone_default() -> String {
    ZONE_DEFAULT.to_owned()
}

fn horizon_default() -> u16 {
    HORIZON_DAYS_DEFAULT
}

/// The span in which an event is believed, in microseconds since 1970 UTC; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Earliest believed time.
    pub not_before: i64,
    /// Latest believed time.
    pub not_after: i64,
}

const DAY_US: i64 = 86_400_000_000;

impl Window {
    /// `horizon_days` behind the arrival of the object, one day ahead of it.
    ///
    /// ```
    /// use trustwatch_model::Window;
    /// let day = 86_400_000_000;
    /// let window = Window::around(1000 * day, 400);
    /// assert_eq!((window.not_before, window.not_after), (600 * day, 1001 * day));
    /// ```
    #[must_use]
    pub const fn around(arrived_at: i64, horizon_days: u16) -> Self {
        Self {
            not_before: arrived_at.saturating_sub(horizon_days as i64 * DAY_US),
            not_after: arrived_at.saturating_add(DAY_US),
        }
    }

    /// Whether an event at this time is believed.
    #[must_use]
    pub const fn contains(&self, event_at: i64) -> bool {
        self.not_before <= event_at && event_at <= self.not_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_names_its_format_only_is_read_with_the_defaults() {
        let settings: FeedSettings = serde_json::from_str(r#"{"format":"squid"}"#).unwrap();
        assert_eq!(settings, FeedSettings::of("squid"));
        assert_eq!((settings.zone.as_str(), settings.horizon_days), (ZONE_DEFAULT, HORIZON_DAYS_DEFAULT));
    }

    #[test]
    fn settings_are_written_as_they_are_read_and_unknown_ones_are_refused() {
        let check = |text: &str| {
            let settings: FeedSettings = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&settings).unwrap(), text);
        };
        check(r#"{"format":"squid","zone":"Europe/London","horizon_days":400}"#);
        check(
            r#"{"format":"cef","zone":"UTC","horizon_days":7,"reading":{"date_order":"month_first","undated":"arrival","layout":"%ts","fields":{"act":"action"}}}"#,
        );
        for bad in [r#"{"format":"squid","order":1}"#, r#"{"format":"squid","reading":{"date_order":"mdy"}}"#]
        {
            assert!(serde_json::from_str::<FeedSettings>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn both_ends_of_a_window_belong_to_it() {
        let window = Window { not_before: 3, not_after: 5 };
        let believed: Vec<i64> = (0..9).filter(|at| window.contains(*at)).collect();
        assert_eq!(believed, [3, 4, 5]);
    }
}
