//! Argon2id with a floor, a ceiling, and a ladder between them: the costliest guess that this device can bear.
//!
//! A cost that takes a good phone a second takes a cheap one many, and people then give up locking. So it is measured
//! once, when a vault is made: the floor first, which every device has to bear, and from its time the others are
//! estimated, so that a slow phone is never made to run what it cannot.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

use super::memory_size::total_memory;
use super::passphrase::Passphrase;
use super::stack;
use crate::error::{Error, Result};
use crate::time::Clock;

/// KDF id 1: normal form of the passphrase, Argon2id version 0x13, 64 bytes out.
pub(crate) const KDF_ARGON2ID: u32 = 1;

/// Least memory: RFC 9106's second recommended choice. Below it, guessing is cheap even for six words.
const FLOOR_KIB: u32 = 64 * 1024;
/// Most memory: the top of the ladder. A forged header may not take a phone down.
const CEILING_KIB: u32 = 256 * 1024;
const FLOOR_PASSES: u32 = 3;
const CEILING_PASSES: u32 = 16;
/// Longest that opening a vault may take on the device that made it.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// A vault may take this part of the memory: other apps are not to be thrown out for it, nor this one.
const PART_OF_MEMORY: u64 = 8;

/// Cost of one guess at the passphrase. Bound into every slot and frame by the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
}

impl KdfParams {
    /// The floor: 64 MiB, 3 passes.
    pub const FLOOR: Self = Self { memory_kib: FLOOR_KIB, passes: FLOOR_PASSES };

    /// What may be chosen by measuring, costliest first.
    const LADDER: [Self; 3] =
        [Self { memory_kib: CEILING_KIB, ..Self::FLOOR }, Self { memory_kib: 128 * 1024, ..Self::FLOOR }, Self::FLOOR];

    /// The costliest of 256, 128 and 64 MiB that takes at most 1.5 s here and an eighth of the memory; the floor in any
    /// case. `ram_bytes` is the memory of the device; on Linux and Android it is read if it is not given, elsewhere the floor is
    /// chosen without it. Takes up to some seconds: it tries what it chooses.
    #[must_use]
    pub fn choose(ram_bytes: Option<u64>, clock: &dyn Clock) -> Self {
        Self::choose_by(ram_bytes.or_else(total_memory), |params| {
            let start = clock.uptime();
            let probe = Passphrase::new(b"only measured".to_vec())?;
            params.derive(&probe, &[0; 32])?;
            Ok(clock.uptime().saturating_sub(start))
        })
    }

    fn choose_by(ram_bytes: Option<u64>, mut measure: impl FnMut(Self) -> Result<Duration>) -> Self {
        let memory = ram_bytes.unwrap_or(0) / PART_OF_MEMORY / 1024;
        let fitting =
            Self::LADDER.into_iter().filter(|params| *params != Self::FLOOR && u64::from(params.memory_kib) <= memory);
        let mut fitting = fitting.peekable();
        if fitting.peek().is_none() {
            return Self::FLOOR;
        }
        let Ok(floor) = measure(Self::FLOOR) else { return Self::FLOOR };
        fitting
            .filter(|params| floor * (params.memory_kib / FLOOR_KIB) <= PATIENCE)
            // An allocation that fails, and a step that took longer than estimated, lead one step down.
            .find(|params| measure(*params).is_ok_and(|took| took <= PATIENCE))
            .unwrap_or(Self::FLOOR)
    }

    /// Memory in KiB and number of passes; one lane always, because lanes are for machines with idle cores.
    ///
    /// # Errors
    /// [`Error::KdfTooWeak`] below 64 MiB or 3 passes, [`Error::KdfTooCostly`] above 256 MiB or 16 passes.
    pub fn new(memory_kib: u32, passes: u32) -> Result<Self> {
        if memory_kib < FLOOR_KIB || passes < FLOOR_PASSES {
            return Err(Error::KdfTooWeak);
        }
        if memory_kib > CEILING_KIB || passes > CEILING_PASSES {
            return Err(Error::KdfTooCostly);
        }
        Ok(Self { memory_kib, passes })
    }

    pub(crate) fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    pub(crate) fn passes(self) -> u32 {
        self.passes
    }

    /// The slow step. The whole work area is wiped after use.
    pub(crate) fn derive(self, passphrase: &Passphrase, salt: &[u8; 32]) -> Result<Zeroizing<[u8; 64]>> {
        let params = Params::new(self.memory_kib, self.passes, 1, Some(64)).map_err(|_| Error::KdfTooCostly)?;
        let mut area = WorkArea(Vec::new());
        area.0.try_reserve_exact(params.block_count()).map_err(|_| Error::NoMemory)?;
        area.0.resize(params.block_count(), Block::new());
        let mut out = Zeroizing::new([0; 64]);
        stack::wiped(|| {
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                // EXPOSE: this is the one use of the passphrase.
                .hash_password_into_with_memory(passphrase.expose(), salt, out.as_mut(), &mut area.0)
                .map_err(|_| Error::KdfTooCostly)
        })?;
        Ok(out)
    }
}

struct WorkArea(Vec<Block>);

impl Drop for WorkArea {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_and_the_ceiling_are_inclusive() {
        assert!(KdfParams::new(65_536, 3).is_ok());
        assert!(KdfParams::new(262_144, 16).is_ok());
        assert_eq!(KdfParams::new(65_535, 3), Err(Error::KdfTooWeak));
        assert_eq!(KdfParams::new(65_536, 2), Err(Error::KdfTooWeak));
        assert_eq!(KdfParams::new(262_145, 3), Err(Error::KdfTooCostly));
        assert_eq!(KdfParams::new(65_536, 17), Err(Error::KdfTooCostly));
        assert_eq!(KdfParams::new(u32::MAX, u32::MAX), Err(Error::KdfTooCostly));
        assert_eq!(KdfParams::new(0, u32::MAX), Err(Error::KdfTooWeak));
    }

    const GIB: u64 = 1 << 30;

    /// Chooses on a device with so much memory, where the floor takes `floor` ms and a step as much more as it is larger,
    /// times `excess`. Gives the MiB chosen and those that were run.
    fn chosen(ram: Option<u64>, floor: u64, excess: f64) -> (u32, Vec<u32>) {
        let mut run = Vec::new();
        let params = KdfParams::choose_by(ram, |params| {
            run.push(params.memory_kib >> 10);
            let steps = f64::from(params.memory_kib / FLOOR_KIB);
            let slower = if params == KdfParams::FLOOR { 1.0 } else { excess };
            Ok(Duration::from_millis(floor).mul_f64(steps * slower))
        });
        assert_eq!(params.passes, FLOOR_PASSES);
        (params.memory_kib >> 10, run)
    }

    #[test]
    fn the_costliest_step_that_is_quick_enough_is_chosen_and_slow_devices_never_run_more() {
        assert_eq!(chosen(Some(8 * GIB), 170, 1.0), (256, vec![64, 256]));
        assert_eq!(chosen(Some(8 * GIB), 375, 1.0), (256, vec![64, 256]), "1.5 s is quick enough");
        assert_eq!(chosen(Some(8 * GIB), 376, 1.0), (128, vec![64, 128]), "256 MiB is not even tried");
        assert_eq!(chosen(Some(8 * GIB), 751, 1.0), (64, vec![64]));
        assert_eq!(chosen(Some(8 * GIB), 60_000, 1.0), (64, vec![64]), "the floor, however slow");
        assert_eq!(chosen(Some(8 * GIB), 300, 1.5), (128, vec![64, 256, 128]), "what takes longer than estimated");
    }

    #[test]
    fn no_step_takes_more_than_an_eighth_of_the_memory() {
        assert_eq!(chosen(Some(2 * GIB), 100, 1.0).0, 256);
        assert_eq!(chosen(Some(2 * GIB - 1), 100, 1.0), (128, vec![64, 128]));
        assert_eq!(chosen(Some(GIB - 1), 100, 1.0), (64, vec![]), "nothing to choose, nothing to measure");
        assert_eq!(chosen(Some(1), 100, 1.0).0, 64);
        assert_eq!(chosen(None, 100, 1.0).0, 64, "unknown memory counts as little");
    }

    #[test]
    fn a_failed_allocation_leads_one_step_down() {
        let with_less_than = |mib: u32| {
            let measure = |params: KdfParams| {
                if params.memory_kib >> 10 < mib { Ok(Duration::from_millis(100)) } else { Err(Error::NoMemory) }
            };
            KdfParams::choose_by(Some(8 * GIB), measure).memory_kib >> 10
        };
        assert_eq!([512, 256, 128, 64].map(with_less_than), [256, 128, 64, 64]);
    }

    /// Each look at it is 100 ms later.
    struct Ticking(std::sync::atomic::AtomicU64);

    impl Clock for Ticking {
        fn now(&self) -> crate::time::Time {
            crate::time::Time(0)
        }
        fn uptime(&self) -> Duration {
            Duration::from_millis(100 * self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        }
    }

    #[test]
    fn the_ladder_is_measured_by_the_clock_it_is_given() {
        let clock = Ticking(0.into());
        assert_eq!(KdfParams::choose(Some(GIB), &clock), KdfParams::new(131_072, 3).unwrap());
        assert_eq!(clock.0.into_inner(), 4, "two steps, with a look before and after each");
    }

    #[test]
    fn every_step_of_the_ladder_may_stand_in_a_header() {
        for step in KdfParams::LADDER {
            assert_eq!(KdfParams::new(step.memory_kib, step.passes), Ok(step));
        }
    }
}
