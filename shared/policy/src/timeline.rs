//! Which version of the policy is in force when.

use serde::{Deserialize, Serialize};

/// From when on a version is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InForceFrom {
    /// Number of the version.
    pub version: u32,
    /// Microseconds since 1970 UTC.
    pub effective_from: i64,
}

/// The versions that were ever published. A version that is returned to has a second entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// In order of publication.
    pub versions: Vec<InForceFrom>,
}

impl Timeline {
    /// The version that judges an event: the one in force at its own time, or at the arrival of its object if that is
    /// earlier, so that a clock that runs ahead borrows no rules from the future. Before the first version the first
    /// applies; of two from the same moment the one that was published last. `None` when nothing was published.
    ///
    /// Times are microseconds since 1970 UTC.
    ///
    /// ```
    /// use trustwatch_policy::{InForceFrom, Timeline};
    /// let of = |version, effective_from| InForceFrom { version, effective_from };
    /// let timeline = Timeline { versions: vec![of(7, 100), of(8, 200)] };
    /// assert_eq!(timeline.in_force(199, 900), Some(7));
    /// assert_eq!(timeline.in_force(200, 900), Some(8));
    /// assert_eq!(timeline.in_force(5_000, 150), Some(7));
    /// assert_eq!(timeline.in_force(1, 2), Some(7));
    /// ```
    #[must_use]
    pub fn in_force(&self, event_at: i64, arrived_at: i64) -> Option<u32> {
        let at = event_at.min(arrived_at);
        let begun = self.versions.iter().filter(|entry| entry.effective_from <= at);
        let current = begun.max_by_key(|entry| entry.effective_from);
        let first = || self.versions.iter().min_by_key(|entry| entry.effective_from);
        current.or_else(first).map(|entry| entry.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(versions: &[(u32, i64)]) -> Timeline {
        let entry = |(version, effective_from)| InForceFrom { version, effective_from };
        Timeline { versions: versions.iter().copied().map(entry).collect() }
    }

    #[test]
    fn a_version_rules_from_its_moment_until_the_next() {
        let back = timeline(&[(7, 100), (8, 200), (7, 300)]);
        let at = |moment| back.in_force(moment, i64::MAX).unwrap();
        assert_eq!([i64::MIN, 99, 100, 199, 200, 299, 300, i64::MAX].map(at), [7, 7, 7, 7, 8, 8, 7, 7]);
        assert_eq!(timeline(&[]).in_force(0, 0), None);
        assert_eq!(timeline(&[(2, 100), (3, 100)]).in_force(100, 100), Some(3), "published last");
        assert_eq!(timeline(&[(2, 200), (1, 100)]).in_force(0, 0), Some(1), "first by time, not by place");
    }

    #[test]
    fn late_news_is_judged_by_what_ruled_then_and_a_fast_clock_by_the_arrival() {
        let timeline = timeline(&[(7, 100), (8, 200)]);
        assert_eq!(timeline.in_force(150, 900), Some(7));
        assert_eq!(timeline.in_force(900, 150), Some(7));
    }

    #[test]
    fn it_is_stored_as_json() {
        let timeline = timeline(&[(7, 100)]);
        let json = serde_json::to_string(&timeline).unwrap();
        assert_eq!(json, r#"{"versions":[{"version":7,"effective_from":100}]}"#);
        assert_eq!(serde_json::from_str::<Timeline>(&json).unwrap(), timeline);
    }
}
