//! How fast a profile sends: the delay after finishing, the gap between batches, the size of a batch.
//!
//! Delays hide *when* a report was written from somebody who watches the line. They are exponential, so that the time
//! waited so far tells nothing about the time left, and capped, so that nothing waits for ever.

use std::time::Duration;

use super::profile::Profile;

/// One profile's pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// Mean of the delay after finishing.
    pub(super) mean: Duration,
    /// Longest delay after finishing.
    pub(super) cap: Duration,
    /// Time between two batches.
    pub(super) gap: Duration,
    /// Objects in one batch.
    pub(super) max_chunks: u16,
    /// Whether media wait for the charger.
    pub(super) media_needs_power: bool,
    /// Whether the person may send at once.
    pub(super) may_hurry: bool,
    /// How long an intercepted network stays held; `None`: until the person clears it.
    pub(super) intercepted: Option<Duration>,
    /// How long a network that filtered us stays held.
    pub(super) filtered: Duration,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Pace {
    /// The pace of a profile.
    pub(super) fn of(profile: Profile) -> Self {
        let filtered = Duration::from_secs(30 * MINUTE);
        match profile {
            Profile::Low => Self {
                mean: Duration::from_secs(5 * MINUTE),
                cap: Duration::from_secs(30 * MINUTE),
                gap: Duration::from_secs(10 * MINUTE),
                max_chunks: 256,
                media_needs_power: false,
                may_hurry: true,
                intercepted: Some(Duration::from_secs(DAY)),
                filtered,
            },
            Profile::Elevated => Self {
                mean: Duration::from_secs(HOUR),
                cap: Duration::from_secs(6 * HOUR),
                gap: Duration::from_secs(2 * HOUR),
                max_chunks: 64,
                media_needs_power: false,
                may_hurry: false,
                intercepted: Some(Duration::from_secs(7 * DAY)),
                filtered,
            },
            Profile::Severe => Self {
                mean: Duration::from_secs(6 * HOUR),
                cap: Duration::from_secs(48 * HOUR),
                gap: Duration::from_secs(12 * HOUR),
                max_chunks: 16,
                media_needs_power: true,
                may_hurry: false,
                intercepted: None,
                filtered,
            },
        }
    }

    /// The delay after finishing that belongs to `seed`.
    pub(super) fn delay(&self, seed: u64) -> Duration {
        // The upper 53 bits, moved into (0, 1]: every such number is exact in a double, and its logarithm is finite.
        let uniform = ((seed >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
        let drawn = -uniform.ln() * self.mean.as_secs_f64();
        Duration::from_secs(drawn.min(self.cap.as_secs_f64()) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_repeatable_capped_and_has_the_mean_of_the_profile() {
        let pace = Pace::of(Profile::Low);
        assert_eq!(pace.delay(0), pace.cap, "the smallest number gives the longest delay, cut at the cap");
        assert_eq!(pace.delay(u64::MAX), Duration::ZERO);
        let mut sum = 0;
        for step in 0..10_000_u64 {
            let delay = pace.delay(step * (u64::MAX / 10_000));
            assert!(delay <= pace.cap);
            sum += delay.as_secs();
        }
        let mean = sum / 10_000;
        assert!((290..=300).contains(&mean), "mean {mean} s; the cap takes about a second off 300");
    }

    #[test]
    fn a_stricter_profile_is_slower_in_everything() {
        let paces = [Pace::of(Profile::Low), Pace::of(Profile::Elevated), Pace::of(Profile::Severe)];
        for pair in paces.windows(2) {
            let (laxer, stricter) = (pair[0], pair[1]);
            assert!(laxer.mean < stricter.mean && laxer.cap < stricter.cap && laxer.gap < stricter.gap);
            assert!(laxer.max_chunks > stricter.max_chunks && laxer.may_hurry >= stricter.may_hurry);
            for seed in [0, 1, 7 << 40, 99 << 50, u64::MAX] {
                assert!(laxer.delay(seed) <= stricter.delay(seed));
            }
        }
    }
}
