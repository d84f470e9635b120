//! Where the queue gets its time from.
//!
//! Deadlines are stored as wall-clock milliseconds, because they must mean the same after a restart. Everything
//! that asks "what time is it" or "wait until then" goes through [`Clock`], so that a test can jump a day ahead.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

/// The longest sleep of the system clock, ms. A machine that was suspended, or whose clock was set, wakes with
/// another wall time than a long timer believes; a waiter that looks again at least this often notices.
const SLEEP_MS_MAX: u64 = 30_000;

/// A source of wall time in milliseconds since 1970 (UTC), and a way to wait for a moment of it.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// Returns when `now_ms() >= at_ms`. It may return earlier: a caller looks at the clock again.
    async fn sleep_until(&self, at_ms: i64);
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        jiff::Timestamp::now().as_millisecond()
    }

    async fn sleep_until(&self, at_ms: i64) {
        let wait_ms = u64::try_from(at_ms.saturating_sub(self.now_ms())).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(wait_ms.min(SLEEP_MS_MAX))).await;
    }
}

/// A clock for tests: it stands still until it is told to move, and wakes those whose moment has come.
#[derive(Debug)]
pub struct ManualClock {
    now_ms: watch::Sender<i64>,
}

impl ManualClock {
    /// A clock that shows `now_ms`.
    #[must_use]
    pub fn at(now_ms: i64) -> Self {
        Self { now_ms: watch::Sender::new(now_ms) }
    }

    /// Moves the clock forward by `by_ms`.
    pub fn advance(&self, by_ms: i64) {
        self.now_ms.send_modify(|now| *now += by_ms);
    }

    /// Sets the clock, backward too.
    pub fn set(&self, now_ms: i64) {
        self.now_ms.send_replace(now_ms);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        *self.now_ms.borrow()
    }

    async fn sleep_until(&self, at_ms: i64) {
        // The sender lives in `self`, so that the only way out of the wait is the moment itself.
        let _ = self.now_ms.subscribe().wait_for(|now| *now >= at_ms).await;
    }
}
