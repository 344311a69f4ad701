//! Time in the core: whole seconds, handed in by the caller.
//!
//! Logic never asks what time it is; it is told, so that tests can set it and every decision can be repeated. The
//! system clock is read in exactly one place of this crate, below.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kapok_report::limits::MAX_UTC_OFFSET_MINUTES;
use kapok_wire::Hour;

/// Whole seconds since 1970-01-01T00:00Z, as the device believes them to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// 9999-12-31T23:59:59 at the easternmost offset that a pack may have.
const CALENDAR_END: Time = Time(253_402_300_799 - MAX_UTC_OFFSET_MINUTES as u64 * 60);

impl Time {
    /// This moment, or the last second that every time zone can write with a year of four digits if it is later: a clock
    /// beyond all calendars must not turn anyone away. Whoever gets another moment back has a clock that is wrong.
    #[must_use]
    pub fn in_calendar(self) -> Self {
        self.min(CALENDAR_END)
    }

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

    /// Time since the phone or machine was started, sleep included (`elapsedRealtime`, `mach_continuous_time`). Nobody can set
    /// it, and it never runs back until the next start. A clock that begins later, with the process, is safe too: then
    /// ending the process makes a wait between wrong passphrases begin anew.
    fn uptime(&self) -> Duration;
}

/// The clock that counts from the start of the machine and goes on while it sleeps.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SINCE_START: rustix::time::ClockId = rustix::time::ClockId::Boottime;
/// On Apple's systems this one goes on while the machine sleeps.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SINCE_START: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

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
        // No system that has this clock refuses to read it, and before its zero there is nothing.
        Duration::try_from(rustix::time::clock_gettime(SINCE_START)).unwrap_or_default()
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
    fn a_time_in_the_calendar_can_be_written_at_every_offset_and_the_next_second_cannot() {
        let beyond = Time(u64::MAX).in_calendar();
        let at = |time: Time, offset| kapok_report::Moment::from_unix(time.0.cast_signed(), offset);
        let most = i32::from(MAX_UTC_OFFSET_MINUTES);
        for offset in [-most, 0, 420, most] {
            assert!(at(beyond, offset).is_ok() && at(Time(0), offset).is_ok(), "{offset}");
        }
        assert_eq!(at(beyond, most).unwrap().to_string(), "9999-12-31T23:59");
        assert!(at(beyond.after(Duration::from_secs(1)), most).is_err(), "control: it is the last one");
        assert_eq!(Time(1_795_000_000).in_calendar(), Time(1_795_000_000));
    }

    #[test]
    fn the_system_counts_from_the_start_of_the_machine_and_not_of_the_process() {
        let first = SystemClock.uptime();
        let said = std::fs::read_to_string("/proc/uptime").unwrap();
        let machine: f64 = said.split_once(' ').unwrap().0.parse().unwrap();
        assert!((machine - first.as_secs_f64()).abs() < 60.0, "{machine} {first:?}");
        assert!(SystemClock.uptime() >= first);
    }

    #[test]
    fn an_hour_is_rounded_down() {
        assert_eq!(Time(7_199).hour(), Hour(1));
    }
}
