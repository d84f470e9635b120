//! Names for people, devices and things that tell nothing without the key of their academic year.

use crate::CaseworkError;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use std::str::FromStr;
use trustwatch_model::{Attribution, RuleId, SchoolId, SubjectKey};

/// Schools keep the clock of London, and so do their years.
pub(crate) const ZONE: &str = "Europe/London";

/// A school year from 1 September, by the date in London. Each has a key of its own, so that destroying the key ends
/// every link from that year's alerts to people.
///
/// ```
/// use trustwatch_casework::AcademicYear;
/// let year: AcademicYear = "2026-27".parse().unwrap();
/// // 31 August 2026, 23:00 UTC is midnight of 1 September in London.
/// assert_eq!(AcademicYear::of(1_788_217_200_000_000).unwrap(), year);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AcademicYear(i16);

impl AcademicYear {
    /// The year that holds an instant, in microseconds since 1970 UTC.
    ///
    /// # Errors
    /// [`CaseworkError::Instant`] outside the years -9999 to 9999.
    pub fn of(event_at: i64) -> Result<Self, CaseworkError> {
        let outside = |_| CaseworkError::Instant { at: event_at };
        let instant = Timestamp::from_microsecond(event_at).map_err(outside)?;
        let date = instant.to_zoned(TimeZone::get(ZONE).map_err(outside)?).date();
        Ok(Self(if date.month() >= 9 { date.year() } else { date.year() - 1 }))
    }
}

impl fmt::Display for AcademicYear {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.0, (self.0 + 1).rem_euclid(100))
    }
}

impl FromStr for AcademicYear {
    type Err = CaseworkError;
    fn from_str(text: &str) -> Result<Self, CaseworkError> {
        let year = text.get(..4).and_then(|first| first.parse().ok()).map(Self);
        // Written back, only the one right spelling is the same.
        year.filter(|year| year.to_string() == text)
            .ok_or_else(|| CaseworkError::AcademicYear(text.chars().take(16).collect()))
    }
}

impl TryFrom<String> for AcademicYear {
    type Error = CaseworkError;
    fn try_from(text: String) -> Result<Self, CaseworkError> {
        text.parse()
    }
}

impl From<AcademicYear> for String {
    fn from(year: AcademicYear) -> Self {
        year.to_string()
    }
}

/// Names a subject of a school under the key of one academic year. `folded` is the login, device name or address in
/// the one spelling that the roster compares by.
#[must_use]
pub fn subject_key(key: &[u8; 32], school: &SchoolId, kind: Attribution, folded: &str) -> SubjectKey {
    SubjectKey::of_mac(&mac(key, ["subject", school.as_str(), kind.as_str(), folded]))
}

/// Names a thing that matched (a phrase, a host) for one rule and one subject: 32 hex digits. Across subjects the
/// same thing has other names, so that nobody can count how common it is.
#[must_use]
pub fn evidence_key(key: &[u8; 32], rule: &RuleId, subject: &SubjectKey, thing: &str) -> String {
    SubjectKey::of_mac(&mac(key, ["thing", rule.as_str(), subject.as_str(), thing])).to_string()
}

/// The first field is what the name is for. Only the last may hold a zero byte, so no two lists run together.
fn mac(key: &[u8; 32], fields: [&str; 4]) -> [u8; 32] {
    // A key of 32 bytes is shorter than a block, which an HMAC takes as it is.
    let mut mac = Hmac::<Sha256>::new(&block(key));
    for field in fields {
        mac.update(field.as_bytes());
        mac.update(&[0]);
    }
    mac.finalize().into_bytes().into()
}

/// The key padded to a block of SHA-256, as RFC 2104 section 2 pads it.
fn block(key: &[u8; 32]) -> hmac::digest::common::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::common::Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(padded, byte)| *padded = *byte);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year_at(text: &str) -> String {
        let at: Timestamp = text.parse().unwrap();
        AcademicYear::of(at.as_microsecond()).unwrap().to_string()
    }

    #[test]
    fn a_year_begins_on_1_september_in_london() {
        for (instant, expected) in [
            ("2026-08-31T22:59:59.999999Z", "2025-26"),
            ("2026-08-31T23:00:00Z", "2026-27"),
            ("2026-12-31T23:59:59Z", "2026-27"),
            ("2027-01-01T00:00:00Z", "2026-27"),
            ("2099-09-01T12:00:00Z", "2099-00"),
            ("1969-09-01T12:00:00Z", "1969-70"),
        ] {
            assert_eq!(year_at(instant), expected, "{instant}");
        }
        assert!(AcademicYear::of(i64::MAX).is_err());
    }

    #[test]
    fn only_two_years_that_follow_each_other_are_an_academic_year() {
        for good in ["2026-27", "2099-00", "1999-00"] {
            assert_eq!(good.parse::<AcademicYear>().unwrap().to_string(), good);
        }
        for bad in ["", "2026", "2026-28", "2026-2027", "2026/27", "26-27", "2026-27 ", "+026-27", "२०२६-27"]
        {
            assert!(bad.parse::<AcademicYear>().is_err(), "{bad}");
        }
        assert_eq!(
            serde_json::to_string(&"2026-27".parse::<AcademicYear>().unwrap()).unwrap(),
            "\"2026-27\""
        );
    }

    #[test]
    fn a_mac_is_the_hmac_of_rfc_2104() {
        // Computed with `hmac.new(bytes(range(32)), b"a\0b\0c\0d\0", "sha256")` of Python's library.
        let key: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let text = SubjectKey::of_mac(&mac(&key, ["a", "b", "c", "d"]));
        assert_eq!(text.as_str(), "5ff53e7fd7f0b76adcae39fc963c5e09");
    }

    #[test]
    fn a_subject_is_named_by_key_school_kind_and_name() {
        let oak = SchoolId::new("oak").unwrap();
        let name = |key: u8, school: &str, kind, name| {
            subject_key(&[key; 32], &SchoolId::new(school).unwrap(), kind, name)
        };
        let ada = subject_key(&[1; 32], &oak, Attribution::User, "ada");
        assert_eq!(name(1, "oak", Attribution::User, "ada"), ada);
        for other in [
            name(2, "oak", Attribution::User, "ada"),
            name(1, "elm", Attribution::User, "ada"),
            name(1, "oak", Attribution::Device, "ada"),
            name(1, "oak", Attribution::User, "adb"),
        ] {
            assert_ne!(other, ada);
        }
        assert_eq!(ada.as_str().len(), 32);
    }

    #[test]
    fn a_thing_has_another_name_for_another_subject() {
        let rule = RuleId::new("bypass").unwrap();
        let thing = |mac: u8| evidence_key(&[1; 32], &rule, &SubjectKey::of_mac(&[mac; 16]), "vpn.example");
        assert_eq!(thing(1), thing(1));
        assert_ne!(thing(1), thing(2));
    }
}
