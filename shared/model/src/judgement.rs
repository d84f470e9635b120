//! The words of a judgement: who was concerned, how serious it is, which rule said so.

use crate::{Attribution, SchoolId, SourceId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Whom an event concerns, by the roster in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// A child of the school.
    Pupil,
    /// Anyone who works there.
    Staff,
    /// A guest.
    Visitor,
    /// Nobody knows: judged as the strictest.
    Unknown,
}

crate::event::words!(Audience { Pupil => "pupil", Staff => "staff", Visitor => "visitor", Unknown => "unknown" });

/// What a subject is at the school, where that changes who may know of their case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectRole {
    /// Designated safeguarding lead or deputy.
    Dsl,
    /// Headteacher.
    Head,
}

crate::event::words!(SubjectRole { Dsl => "dsl", Head => "head" });

/// Whether the addresses behind findings of a category are hidden from everybody: child sexual abuse material must not
/// be found by whoever reads an alert about it.
#[must_use]
pub fn is_masked(category: &str) -> bool {
    category == "illegal_csam"
}

/// How serious: 5 critical (tell now), 4 high (same hour in school time), 3 medium (same day), 2 low (digest),
/// 1 trend only.
///
/// ```
/// use trustwatch_model::Severity;
/// assert!(Severity::new(5).unwrap() > Severity::TREND);
/// assert!(Severity::new(6).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Severity(u8);

impl Severity {
    /// Counted, shown to nobody as an alert.
    pub const TREND: Self = Self(1);
    /// The digest.
    pub const LOW: Self = Self(2);
    /// The same day: the least that is an alert of its own.
    pub const MEDIUM: Self = Self(3);
    /// The same hour in school time.
    pub const HIGH: Self = Self(4);
    /// Now.
    pub const CRITICAL: Self = Self(5);

    /// A severity from 1 to 5.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if level >= 1 && level <= 5 { Some(Self(level)) } else { None }
    }

    /// 1 to 5.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }

    /// One step up, and no further than critical.
    #[must_use]
    pub const fn raised(self) -> Self {
        if self.0 < 5 { Self(self.0 + 1) } else { self }
    }
}

/// A number that is no severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a severity: expected 1 to 5")]
pub struct SeverityError(u8);

impl TryFrom<u8> for Severity {
    type Error = SeverityError;
    fn try_from(level: u8) -> Result<Self, SeverityError> {
        Self::new(level).ok_or(SeverityError(level))
    }
}

impl From<Severity> for u8 {
    fn from(severity: Severity) -> Self {
        severity.0
    }
}

/// Names a person, a device or an address within one academic year without telling who it is: the first 32 hex
/// digits of an HMAC-SHA-256 under that year's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubjectKey(String);

impl SubjectKey {
    /// Takes a key as it was written down.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        crate::id::is_digest(text).then(|| Self(text.to_owned()))
    }

    /// The key from the bytes of a MAC of at least 16 bytes.
    #[must_use]
    pub fn of_mac(mac: &[u8]) -> Self {
        let mut text = hex::encode(mac);
        text.truncate(32);
        Self(text)
    }

    /// The 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Names one alert cell: the first 32 hex digits of SHA-256 over school, rule, subject key and grid window.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertId(String);

impl AlertId {
    /// The id of the cell that holds a rule's evidence on a subject in the window of `grid_ms` that begins at
    /// `window_ms` (milliseconds since 1970 UTC, a multiple of `grid_ms`).
    #[must_use]
    pub fn of(
        school: &SchoolId,
        rule: &crate::RuleId,
        subject: &SubjectKey,
        grid_ms: i64,
        window_ms: i64,
    ) -> Self {
        let mut hash = Sha256::new();
        let (grid, window) = (grid_ms.to_string(), window_ms.to_string());
        for part in [school.as_str(), rule.as_str(), subject.as_str(), &grid, &window] {
            hash.update(part.as_bytes());
            // A zero byte parts them, so that no two lists run together.
            hash.update([0]);
        }
        let mut text = hex::encode(hash.finalize());
        text.truncate(32);
        Self(text)
    }

    /// Takes an id from a request, if it has the shape of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        crate::id::is_digest(text).then(|| Self(text.to_owned()))
    }

    /// The 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// How many distinct events, how close together, make an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Threshold {
    /// Distinct events, at least 1.
    pub count: u32,
    /// In so many milliseconds, the first and the last counted in.
    pub within_ms: i64,
    /// What must differ for two events to count as two.
    pub distinct: Distinct,
}

/// What must differ for two events to count as two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distinct {
    /// The second or the thing that matched: one visit of many requests is one event.
    Event,
    /// The thing that matched: three hosts, however often each.
    Thing,
}

crate::event::words!(Distinct { Event => "event", Thing => "thing" });

/// One event that one rule found, under the policy in force at its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Source of the event.
    pub source_id: SourceId,
    /// Line of the event in its source, from 1.
    pub line: u64,
    /// When it happened: microseconds since 1970 UTC.
    pub event_at: i64,
    /// Rule.
    pub rule: crate::RuleId,
    /// Category of the rule, in our words (`self_harm`).
    pub category: String,
    /// Version of the policy that judged.
    pub policy: u32,
    /// Severity for this audience, raises included.
    pub severity: Severity,
    /// What this event needs beside it to be an alert; a count of 1 is an alert alone.
    pub threshold: Threshold,
    /// Length of the grid window that alerts of this rule are kept by, in milliseconds.
    pub grid_ms: i64,
    /// Whom it concerns.
    pub audience: Audience,
    /// What the subject is at the school, by the roster.
    pub subject_role: Option<SubjectRole>,
    /// Whom the line can be laid to. Only `User` may be shown as a person.
    pub attribution: Attribution,
    /// The subject, under the key of the event's academic year.
    pub subject: SubjectKey,
    /// HMAC of the thing that matched, hex: two events with the same are the same thing.
    pub thing: String,
    /// What matched, for the reader: list entries, words, category words.
    pub matched: Vec<String>,
    /// Explainable factors that changed the severity.
    pub factors: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleId;

    #[test]
    fn alert_ids_keep_the_borders_between_their_parts() {
        let subject = SubjectKey::of_mac(&[7; 32]);
        let id = |school: &str, rule: &str, grid, window| {
            AlertId::of(&SchoolId::new(school).unwrap(), &RuleId::new(rule).unwrap(), &subject, grid, window)
        };
        assert_ne!(id("ab", "c", 1, 2), id("a", "bc", 1, 2));
        assert_ne!(id("a", "b", 12, 3), id("a", "b", 1, 23));
        let one = id("a", "b", 1, 2);
        assert_eq!(AlertId::parse(one.as_str()), Some(one.clone()));
        assert_eq!(one.to_string(), one.as_str());
        for bad in ["", "../../etc", &"g".repeat(32), &"A".repeat(32), &"a".repeat(33)] {
            assert_eq!(AlertId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn severities_end_at_five() {
        let levels: Vec<Option<u8>> = (0..8).map(|level| Severity::new(level).map(Severity::level)).collect();
        assert_eq!(levels, [None, Some(1), Some(2), Some(3), Some(4), Some(5), None, None]);
        assert_eq!(Severity::HIGH.raised(), Severity::CRITICAL);
        assert_eq!(Severity::CRITICAL.raised(), Severity::CRITICAL);
        assert!(serde_json::from_str::<Severity>("6").is_err());
        assert_eq!(serde_json::to_string(&Severity::HIGH).unwrap(), "4");
    }

    #[test]
    fn a_subject_key_is_the_first_half_of_its_mac() {
        let key = SubjectKey::of_mac(&[0xa7; 32]);
        assert_eq!(key.as_str(), "a7".repeat(16));
        assert_eq!(key.to_string(), key.as_str());
    }

    #[test]
    fn the_word_of_an_audience_is_the_same_in_columns_and_items() {
        for audience in [Audience::Pupil, Audience::Staff, Audience::Visitor, Audience::Unknown] {
            assert_eq!(serde_json::to_value(audience).unwrap(), audience.as_str());
        }
    }
}
