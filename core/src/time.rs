//! Time in the core: whole seconds, handed in by the caller.
//!
//! Logic never asks what time it is; it is told, so that tests can set it and every decision can be repeated. The
//! system clock is read in exactly one line of this crate, below.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kapok_wire::Hour;

/// Whole seconds since 1970-01-01T00:00Z, as the device believes them to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// This moment plus `wait`, or the last moment that can be written if that is later still.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait.as_secs()))
    }

    /// How long from this moment until `later`; zero if `later` is not later.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_secs(later.0.saturating_sub(self.0))
    }

    /// The hour that contains this moment: the finest time that ever leaves the device.
    #[must_use]
    pub fn hour(self) -> Hour {
        Hour::from_unix_seconds(self.0)
    }
}

/// Tells the time. The shells and the tests give the core one.
pub trait Clock: Send + Sync {
    /// The time now. It may jump, also backwards: phones lose their clock when the battery is empty.
    fn now(&self) -> Time;

    /// Time since some moment at or before the start of this process. Nobody can set it, and it never runs back. It should
    /// count sleep, where the system has such a clock (`elapsedRealtime`, `mach_continuous_time`).
    fn uptime(&self) -> Duration;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        // A clock before 1970 reads as 1970: the policy engine then finds it behind the last time it saw.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(since.as_secs())
    }

    fn uptime(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_never_wraps_around_and_waiting_is_never_negative() {
        assert_eq!(Time(u64::MAX).after(Duration::from_secs(9)), Time(u64::MAX));
        assert_eq!(Time(9).until(Time(4)), Duration::ZERO);
        assert_eq!(Time(4).until(Time(9)), Duration::from_secs(5));
    }

    #[test]
    fn an_hour_is_rounded_down() {
        assert_eq!(Time(7_199).hour(), Hour(1));
    }
}
