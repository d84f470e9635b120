//! The key of a raw object: `<school>/<feed>/…`.

use crate::{FeedId, IdError, SchoolId};

/// A raw key whose school and feed could be read. The school is believed because an uploader may only write
/// under its own prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawKey {
    /// First segment.
    pub school: SchoolId,
    /// Second segment.
    pub feed: FeedId,
}

/// Why a raw key cannot be followed. Such objects go to quarantine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawKeyError {
    /// Fewer than three segments.
    #[error("the key has {0} segment(s): expected `<school>/<feed>/<name>`")]
    Short(usize),
    /// A leading, doubled or trailing slash.
    #[error("the key has an empty segment (a leading, doubled or trailing slash)")]
    EmptySegment,
    /// A segment that means a directory elsewhere.
    #[error("the key has a segment `.` or `..`")]
    DotSegment,
    /// A school or feed that cannot be an id.
    #[error(transparent)]
    Id(#[from] IdError),
}

impl RawKey {
    /// Reads the decoded key (not the percent-encoded form of an S3 event).
    ///
    /// # Errors
    /// [`RawKeyError`] says which rule the key breaks.
    ///
    /// ```
    /// use trustwatch_model::RawKey;
    /// let key = RawKey::parse("oak/web/2026/access.log.gz").unwrap();
    /// assert_eq!((key.school.as_str(), key.feed.as_str()), ("oak", "web"));
    /// ```
    pub fn parse(key: &str) -> Result<Self, RawKeyError> {
        if key.split('/').any(str::is_empty) {
            return Err(RawKeyError::EmptySegment);
        }
        if key.split('/').any(|segment| segment == "." || segment == "..") {
            return Err(RawKeyError::DotSegment);
        }
        let mut segments = key.split('/');
        match (segments.next(), segments.next(), segments.next()) {
            (Some(school), Some(feed), Some(_)) => {
                Ok(Self { school: SchoolId::new(school)?, feed: FeedId::new(feed)? })
            }
            _ => Err(RawKeyError::Short(key.split('/').count())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_could_lead_elsewhere_is_refused() {
        let check = |key: &str, want: &str| {
            let got = RawKey::parse(key).unwrap_err().to_string();
            assert!(got.contains(want), "{key}: {got}");
        };
        check("oak/web/../birch/web/x", "`..`");
        check("oak/./web/x", "`..`");
        check("oak//web/x", "empty segment");
        check("/oak/web/x", "empty segment");
        check("oak/web/", "empty segment");
        check("", "empty segment");
        check("oak/access.log", "2 segment(s)");
        check("Oak/web/x", "not a school id");
        check("oak/we%62/x", "not a feed id");
    }

    #[test]
    fn odd_names_below_the_feed_are_the_uploaders_business() {
        for key in ["oak/web/a+b %c.log", "oak/web/2026/11/23/é.gz", "oak/web/...", "oak/web/a..b"] {
            assert!(RawKey::parse(key).is_ok(), "{key}");
        }
    }
}
