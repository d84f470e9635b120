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
    /// Deliveries of one message that are worked on live. Whatever ends the worker each time, above all a time-out on
    /// what expands to much more than is stored, has longer in the other lane.
    pub deliveries_max: u32,
    /// Stored bytes that a school may have worked on live in one UTC day. Above it nothing is lost: it waits.
    pub school_day_bytes: u64,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            object_bytes_max: 256 << 20,
            age_ms_max: 24 * 3_600_000,
            deliveries_max: 3,
            school_day_bytes: 8 << 30,
        }
    }
}

/// What an object's lane depends on.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Its stored bytes.
    pub bytes: u64,
    /// How long it has been there.
    pub age_ms: i64,
    /// How often the message that tells of it was delivered, this time counted in.
    pub deliveries: u32,
    /// Stored bytes of its school that were worked on live today.
    pub school_bytes_used: u64,
}

/// Chooses the lane of an object.
///
/// ```
/// use trustwatch_pipeline::{Lane, LaneLimits, Waiting, choose_lane};
/// let limits = LaneLimits { object_bytes_max: 100, age_ms_max: 1_000, deliveries_max: 3, school_day_bytes: 1_000 };
/// let fresh = Waiting { bytes: 100, age_ms: 1_000, deliveries: 3, school_bytes_used: 900 };
/// assert_eq!(choose_lane(&limits, &fresh), Lane::Live);
/// assert_eq!(choose_lane(&limits, &Waiting { bytes: 101, ..fresh }), Lane::Backfill);
/// assert_eq!(choose_lane(&limits, &Waiting { deliveries: 4, ..fresh }), Lane::Backfill);
/// ```
#[must_use]
pub const fn choose_lane(limits: &LaneLimits, object: &Waiting) -> Lane {
    let large = object.bytes > limits.object_bytes_max;
    let old = object.age_ms > limits.age_ms_max;
    let tried = object.deliveries > limits.deliveries_max;
    let over_quota = object.school_bytes_used.saturating_add(object.bytes) > limits.school_day_bytes;
    if large || old || tried || over_quota { Lane::Backfill } else { Lane::Live }
}
