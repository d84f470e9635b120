//! The revisions that a change is based on: the entity tag of an alert and the `If-Match` that carries it back.

use std::fmt;

/// What a reader saw of an alert: how often it was reviewed, and how often its evidence changed.
///
/// ```
/// use trustwatch_access::Revisions;
/// let seen = Revisions { review_rev: 3, evidence_rev: 7 };
/// assert_eq!(seen.to_string(), "\"3-7\"");
/// assert_eq!(Revisions::from_if_match(Some("\"3-7\"")), Ok(seen));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revisions {
    /// Changes by reviewers.
    pub review_rev: u64,
    /// Changes by detection.
    pub evidence_rev: u64,
}

/// Why an `If-Match` cannot be used. The first is answered by 428, the others by 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IfMatchError {
    /// There is none.
    #[error("a change needs the header If-Match: send the ETag that the alert was read with")]
    Missing,
    /// `*` would let a change pass over evidence that its author has not seen.
    #[error("If-Match: `*` is not accepted: send the ETag that the alert was read with")]
    Any,
    /// Weak tags never match (RFC 9110, section 13.1.1).
    #[error("If-Match carries a weak tag: send the ETag as it was given, without `W/`")]
    Weak,
    /// One change is based on one reading.
    #[error("If-Match carries several tags: send the one that the alert was read with")]
    Several,
    /// Not a tag of ours.
    #[error("If-Match is not an ETag of an alert: expected \"<review>-<evidence>\" in double quotes")]
    Malformed,
}

impl Revisions {
    /// Reads the value of an `If-Match` header: exactly one strong entity tag.
    ///
    /// # Errors
    /// [`IfMatchError`] says what to send instead.
    pub fn from_if_match(header: Option<&str>) -> Result<Self, IfMatchError> {
        let value = header.map(str::trim).filter(|value| !value.is_empty()).ok_or(IfMatchError::Missing)?;
        match value {
            "*" => Err(IfMatchError::Any),
            several if several.contains(',') => Err(IfMatchError::Several),
            weak if weak.starts_with("W/") => Err(IfMatchError::Weak),
            tag => Self::from_tag(tag).ok_or(IfMatchError::Malformed),
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let (review, evidence) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('-')?;
        Some(Self { review_rev: revision(review)?, evidence_rev: revision(evidence)? })
    }
}

/// A number in the one form that we write: no sign, no leading zero.
fn revision(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

impl fmt::Display for Revisions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}-{}\"", self.review_rev, self.evidence_rev)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_one_strong_tag_of_ours_is_taken() {
        let cases = [
            (None, IfMatchError::Missing),
            (Some(""), IfMatchError::Missing),
            (Some("  "), IfMatchError::Missing),
            (Some("*"), IfMatchError::Any),
            (Some("W/\"1-2\""), IfMatchError::Weak),
            (Some("\"1-2\", \"1-3\""), IfMatchError::Several),
            (Some("1-2"), IfMatchError::Malformed),
            (Some("\"1-2"), IfMatchError::Malformed),
            (Some("\""), IfMatchError::Malformed),
            (Some("\"\""), IfMatchError::Malformed),
            (Some("\"12\""), IfMatchError::Malformed),
            (Some("\"-1-2\""), IfMatchError::Malformed),
            (Some("\"+1-2\""), IfMatchError::Malformed),
            (Some("\"01-2\""), IfMatchError::Malformed),
            (Some("\"1-2-3\""), IfMatchError::Malformed),
            (Some("\"1 - 2\""), IfMatchError::Malformed),
            (Some("\"1-18446744073709551616\""), IfMatchError::Malformed),
            (Some("\"1-٢\""), IfMatchError::Malformed),
        ];
        for (header, expected) in cases {
            assert_eq!(Revisions::from_if_match(header), Err(expected), "{header:?}");
        }
        let padded = Revisions::from_if_match(Some(" \"0-18446744073709551615\" "));
        assert_eq!(padded, Ok(Revisions { review_rev: 0, evidence_rev: u64::MAX }));
    }

    proptest! {
        #[test]
        fn a_tag_comes_back_as_it_was_given(review_rev: u64, evidence_rev: u64) {
            let seen = Revisions { review_rev, evidence_rev };
            prop_assert_eq!(Revisions::from_if_match(Some(&seen.to_string())), Ok(seen));
        }

        #[test]
        fn what_is_taken_is_written_in_one_way(header in "\"?[0-9+-]{0,8}\"?") {
            if let Ok(seen) = Revisions::from_if_match(Some(&header)) {
                prop_assert_eq!(seen.to_string(), header);
            }
        }
    }
}
