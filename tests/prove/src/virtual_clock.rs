//! Clocks that only the test moves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kapok_core::{Clock, Time};

/// A clock on the wall that can be set, and one that nobody can.
#[derive(Debug)]
pub struct VirtualClock {
    wall: AtomicU64,
    uptime: AtomicU64,
}

impl VirtualClock {
    /// What it says at first: some day of 2026.
    pub const START: u64 = 1_795_000_000;

    /// A clock at some day of 2026.
    #[must_use]
    pub fn start() -> Self {
        Self { wall: AtomicU64::new(Self::START), uptime: AtomicU64::new(0) }
    }

    /// Time passes.
    pub fn pass(&self, seconds: u64) {
        self.wall.fetch_add(seconds, Ordering::Relaxed);
        self.uptime.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Somebody sets the clock on the wall.
    pub fn set(&self, to: u64) {
        self.wall.store(to, Ordering::Relaxed);
    }

    /// The clock that nobody can set goes on although no time passes: it was set after all.
    pub fn pass_unseen(&self, seconds: u64) {
        self.uptime.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The phone starts again: its uptime begins anew.
    pub fn restart(&self) {
        self.uptime.store(0, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Time {
        Time(self.wall.load(Ordering::Relaxed))
    }

    fn uptime(&self) -> Duration {
        Duration::from_secs(self.uptime.load(Ordering::Relaxed))
    }
}
