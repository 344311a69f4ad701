//! Waiting times between attempts: doubling, with jitter, capped.
//!
//! Jitter keeps a hundred phones that lost the same server from coming back in the same second. The iterator gives
//! durations only; who waits, and who wakes it early because the network changed, is the caller's business.

use std::time::Duration;

/// Endless sequence of waiting times.
#[derive(Clone, Debug)]
pub struct Backoff {
    next: Duration,
    cap: Duration,
    seed: u64,
}

impl Backoff {
    /// Starts at `first`, doubles up to `cap`. `seed` is random and makes the jitter repeatable in tests.
    #[must_use]
    pub fn new(first: Duration, cap: Duration, seed: u64) -> Self {
        Self { next: first.min(cap), cap, seed }
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        // A linear congruential step (constants of Knuth's MMIX) is random enough to spread phones out.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let fraction = (self.seed >> 40) as f64 / (1_u64 << 24) as f64;
        let full = self.next;
        self.next = full.saturating_mul(2).min(self.cap);
        Some(full.mul_f64(0.5 + fraction / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_wait_is_between_half_and_all_of_a_doubling_capped_time(seed in any::<u64>()) {
            let mut full = Duration::from_secs(2);
            for wait in Backoff::new(full, Duration::from_secs(60), seed).take(12) {
                prop_assert!(wait >= full / 2 && wait <= full);
                full = (full * 2).min(Duration::from_secs(60));
            }
        }
    }

    #[test]
    fn two_phones_do_not_wait_equally_long() {
        let waits =
            |seed| Backoff::new(Duration::from_secs(2), Duration::from_secs(60), seed).take(5).collect::<Vec<_>>();
        assert_ne!(waits(1), waits(2));
        assert_eq!(waits(1), waits(1), "control: the same seed waits equally long");
    }
}
