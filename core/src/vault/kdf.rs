//! Argon2id with a floor and a ceiling.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

use super::passphrase::Passphrase;
use crate::error::{Error, Result};

/// KDF id 1: NFKC passphrase, Argon2id version 0x13, 64 bytes out.
pub(crate) const KDF_ARGON2ID: u32 = 1;

/// Least memory: RFC 9106's second recommended choice. Below it, guessing is cheap even for six words.
const FLOOR_KIB: u32 = 64 * 1024;
/// Most memory: the top of the ladder. A forged header may not take a phone down.
const CEILING_KIB: u32 = 256 * 1024;
const FLOOR_PASSES: u32 = 3;
const CEILING_PASSES: u32 = 16;

/// Cost of one guess at the passphrase. Bound into every slot and frame by the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
}

impl KdfParams {
    /// The floor: 64 MiB, 3 passes.
    pub const FLOOR: Self = Self { memory_kib: FLOOR_KIB, passes: FLOOR_PASSES };

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
        let mut area = WorkArea(vec![Block::new(); params.block_count()]);
        let mut out = Zeroizing::new([0; 64]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            // EXPOSE: this is the one use of the passphrase.
            .hash_password_into_with_memory(passphrase.expose(), salt, out.as_mut(), &mut area.0)
            .map_err(|_| Error::KdfTooCostly)?;
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
}
