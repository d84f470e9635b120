//! Identifiers. Each is a type of its own, so that a school can never stand where a feed is wanted.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Longest school or feed id, in bytes. Ids stand in object keys and table keys.
const ID_BYTES_MAX: usize = 48;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a {what} id: use 1 to {ID_BYTES_MAX} of the characters a-z, 0-9 and -, beginning with a letter or digit"
)]
pub struct IdError {
    what: &'static str,
    text: String,
}

fn check(what: &'static str, text: &str) -> Result<String, IdError> {
    let bytes = text.as_bytes();
    let allowed = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let starts_well = bytes.first().is_some_and(|b| *b != b'-');
    if starts_well && bytes.len() <= ID_BYTES_MAX && bytes.iter().all(allowed) {
        Ok(text.to_owned())
    } else {
        // The text may be a hostile key segment of a kilobyte: show enough to recognise it.
        Err(IdError { what, text: text.chars().take(ID_BYTES_MAX).collect() })
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a text of 1 to 48 characters out of `a-z`, `0-9` and `-`.
            ///
            /// # Errors
            /// [`IdError`] names the text and the characters that are allowed.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check($what, text).map(Self)
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

text_id!(
    /// A school of the trust: the first segment of its raw keys and of its partitions.
    SchoolId,
    "school"
);
text_id!(
    /// One stream of logs of a school, such as `web` or `guest-wifi`: the second segment of its raw keys.
    FeedId,
    "feed"
);
text_id!(
    /// One rule of the policy, such as `suicide-search`.
    RuleId,
    "rule"
);

/// Names one version of one raw object: the first 32 hex digits of SHA-256 over bucket, key and version id.
///
/// ```
/// use trustwatch_model::SourceId;
/// let a = SourceId::of("raw", "oak/web/access.log", "v1");
/// assert_eq!(a.as_str().len(), 32);
/// assert_ne!(a, SourceId::of("raw", "oak/web/access.log", "v2"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(String);

impl SourceId {
    /// The id of a version. A zero byte parts the three, so that no two triples run together.
    #[must_use]
    pub fn of(bucket: &str, key: &str, version_id: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [bucket, "\0", key, "\0", version_id] {
            hash.update(part.as_bytes());
        }
        let mut text = hex::encode(hash.finalize());
        text.truncate(32);
        Self(text)
    }

    /// Name of the held last line of this source, which is settled and judged for itself.
    #[must_use]
    pub fn of_tail(&self) -> Self {
        Self::of(&self.0, "tail", "")
    }

    /// Takes an id as it was written down.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_digest(text).then(|| Self(text.to_owned()))
    }

    /// The 32 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is 32 hex digits in lower case.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl fmt::Display for SourceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_to_letters_that_are_safe_in_keys() {
        for good in ["oak", "oak-primary", "4th-avenue", &"a".repeat(48)] {
            assert_eq!(SchoolId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "-oak", "Oak", "oak/web", "..", "oak primary", "öak", "_unroutable", &"a".repeat(49)]
        {
            assert!(SchoolId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn source_ids_keep_the_borders_between_their_parts() {
        assert_ne!(SourceId::of("ab", "c", "v"), SourceId::of("a", "bc", "v"));
        assert_ne!(SourceId::of("a", "bc", "v"), SourceId::of("a", "b", "cv"));
    }

    #[test]
    fn ids_are_shown_as_they_stand_in_keys() {
        assert_eq!(SchoolId::new("oak").unwrap().to_string(), "oak");
        let source = SourceId::of("raw", "oak/web/x", "v1");
        assert_eq!(source.to_string(), source.as_str());
    }
}
