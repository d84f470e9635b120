//! Which queue an object is worked on from: what is fresh and small goes first.

/// The two lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// At once.
    Live,
    /// From the backfill queue, at low concurrency and with a longer time-out.
    Backfill,
}

/// Where the lanes part.
#[derive(Debug, Clone, Copy)]
pub struct LaneLimits {
    /// Stored bytes above which an object is large.
    pub object_bytes_max: u64,
    /// Age above which an object is old.
    pub age_ms_max: i64,
    /// Stored bytes that a school may have worked on live in one UTC day. Above it nothing is lost: it waits.
    pub school_day_bytes: u64,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self { object_bytes_max: 256 << 20, age_ms_max: 24 * 3_600_000, school_day_bytes: 8 << 30 }
    }
}

/// Chooses the lane of an object.
///
/// ```
/// use trustwatch_pipeline::{choose_lane, Lane, LaneLimits};
/// let limits = LaneLimits { object_bytes_max: 100, age_ms_max: 1_000, school_day_bytes: 1_000 };
/// assert_eq!(choose_lane(&limits, 100, 1_000, 900), Lane::Live);
/// assert_eq!(choose_lane(&limits, 101, 0, 0), Lane::Backfill);
/// ```
#[must_use]
pub const fn choose_lane(
    limits: &LaneLimits,
    object_bytes: u64,
    age_ms: i64,
    school_bytes_used: u64,
) -> Lane {
    let large = object_bytes > limits.object_bytes_max;
    let old = age_ms > limits.age_ms_max;
    let over_quota = school_bytes_used.saturating_add(object_bytes) > limits.school_day_bytes;
    if large || old || over_quota { Lane::Backfill } else { Lane::Live }
}
