//! The first page of `vault.kpk` and `queue.kpk`: the only bytes with a meaning that can be read without a key. The last
//! page of the file is a copy of it.
//!
//! | offset | length | vault.kpk | queue.kpk |
//! |---|---|---|---|
//! | 0 | 8 | format id | format id |
//! | 8 | 16 | KDF id, memory KiB, passes, lanes | length of the wrapped key, zero |
//! | 24 | 32 | salt | salt |
//! | 56 | 4 | half size in frames | half size in frames |
//! | 60 | 4 | zero | zero |
//!
//! Bytes 0..64 are bound into every slot and, by their hash, into every frame: an edited header opens nothing.
//! A vault of version 0 was erased: what an erasing that was cut is known by. Numbers are big endian. Parameters are judged
//! here, before a byte of memory is taken for them.

use sha2::{Digest as _, Sha256};

use super::kdf::{KDF_ARGON2ID, KdfParams};
use crate::error::{Error, Result};

/// Length of the header area, so that frames start on a page of every common file system.
pub(crate) const HEADER_AREA: usize = 4_096;
/// Length of the part that is bound as associated data.
pub(crate) const FIXED: usize = 64;
/// Longest key blob that a device key may return; fits the area with room for hardware that adds its own framing.
pub(crate) const WRAPPED_MAX: usize = 1_024;

/// First bytes and version of a file.
struct Format(&'static [u8; 7], u8);

const VAULT: Format = Format(b"kapok-v", 1);
const QUEUE: Format = Format(b"kapok-q", 2);
/// The version of a vault that was erased.
const ERASED: u8 = 0;

/// Size of one half in frames of 64 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfFrames(u32);

impl HalfFrames {
    /// 4 MiB, the vault's default: some hundred drafts, a file of 32 MiB.
    pub const VAULT_DEFAULT: Self = Self(64);
    /// 1 MiB, the queue's default.
    pub const QUEUE_DEFAULT: Self = Self(16);
    /// 64 MiB: the whole content is in memory while open, twice during a load.
    pub(crate) const MAX: u32 = 1_024;

    /// # Errors
    /// [`Error::BadSize`] for 0 and above 1,024.
    pub fn new(frames: u32) -> Result<Self> {
        if (1..=Self::MAX).contains(&frames) { Ok(Self(frames)) } else { Err(Error::BadSize) }
    }

    pub(crate) fn get(self) -> u32 {
        self.0
    }
}

/// Bytes 0..64 as they stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fixed([u8; FIXED]);

impl Fixed {
    pub(crate) fn bytes(&self) -> &[u8; FIXED] {
        &self.0
    }

    /// What frames are bound to.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

/// The vault's header, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VaultHeader {
    pub(crate) kdf: KdfParams,
    pub(crate) salt: [u8; 32],
    pub(crate) half: HalfFrames,
}

impl VaultHeader {
    pub(crate) fn encode(&self) -> Fixed {
        let mut words = [0; 16];
        let values = [KDF_ARGON2ID, self.kdf.memory_kib(), self.kdf.passes(), 1];
        for (word, value) in words.chunks_exact_mut(4).zip(values) {
            word.copy_from_slice(&value.to_be_bytes());
        }
        join(&VAULT, words, self.salt, self.half)
    }

    /// What stands in the place of a header while a vault is being erased.
    pub(crate) fn erased() -> Fixed {
        join(&Format(VAULT.0, ERASED), [0; 16], [0; 32], HalfFrames(1))
    }

    /// [`Error::Erased`] if it was erased.
    pub(crate) fn decode(fixed: &[u8; FIXED]) -> Result<Self> {
        if *fixed == Self::erased().0 {
            return Err(Error::Erased);
        }
        let parts = split(&VAULT, fixed)?;
        let [id, memory_kib, passes, lanes] = words(&parts.words);
        if id != KDF_ARGON2ID {
            return Err(Error::NewerVersion);
        }
        if lanes != 1 {
            return Err(if lanes == 0 { Error::KdfTooWeak } else { Error::KdfTooCostly });
        }
        Ok(Self { kdf: KdfParams::new(memory_kib, passes)?, salt: parts.salt, half: parts.half })
    }
}

/// The queue's header, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueHeader {
    pub(crate) wrapped_len: usize,
    pub(crate) salt: [u8; 32],
    pub(crate) half: HalfFrames,
}

impl QueueHeader {
    pub(crate) fn encode(&self) -> Result<Fixed> {
        if self.wrapped_len > WRAPPED_MAX {
            return Err(Error::BadSize);
        }
        let mut words = [0; 16];
        let len = u32::try_from(self.wrapped_len).map_err(|_| Error::BadSize)?;
        for (byte, value) in words.iter_mut().zip(len.to_be_bytes()) {
            *byte = value;
        }
        Ok(join(&QUEUE, words, self.salt, self.half))
    }

    pub(crate) fn decode(fixed: &[u8; FIXED]) -> Result<Self> {
        let parts = split(&QUEUE, fixed)?;
        let [len, zero_a, zero_b, zero_c] = words(&parts.words);
        let wrapped_len = usize::try_from(len).map_err(|_| Error::BadFormat)?;
        if wrapped_len > WRAPPED_MAX || [zero_a, zero_b, zero_c] != [0; 3] {
            return Err(Error::BadFormat);
        }
        Ok(Self { wrapped_len, salt: parts.salt, half: parts.half })
    }
}

struct Parts {
    words: [u8; 16],
    salt: [u8; 32],
    half: HalfFrames,
}

fn join(format: &Format, words: [u8; 16], salt: [u8; 32], half: HalfFrames) -> Fixed {
    let mut out = [0; FIXED];
    let fields: [&[u8]; 5] = [format.0, &[format.1], &words, &salt, &half.get().to_be_bytes()];
    for (byte, value) in out.iter_mut().zip(fields.iter().flat_map(|field| field.iter())) {
        *byte = *value;
    }
    Fixed(out)
}

fn split(format: &Format, fixed: &[u8; FIXED]) -> Result<Parts> {
    let (found, rest) = fixed.split_first_chunk::<7>().ok_or(Error::BadFormat)?;
    let (version, rest) = rest.split_first().ok_or(Error::BadFormat)?;
    let (words, rest) = rest.split_first_chunk::<16>().ok_or(Error::BadFormat)?;
    let (salt, rest) = rest.split_first_chunk::<32>().ok_or(Error::BadFormat)?;
    let (half, reserved) = rest.split_first_chunk::<4>().ok_or(Error::BadFormat)?;
    if found != format.0 || *version == 0 {
        return Err(Error::BadFormat);
    }
    if *version > format.1 {
        return Err(Error::NewerVersion);
    }
    if *version < format.1 || reserved != [0; 4] {
        return Err(Error::BadFormat);
    }
    let half = HalfFrames::new(u32::from_be_bytes(*half)).map_err(|_| Error::BadFormat)?;
    Ok(Parts { words: *words, salt: *salt, half })
}

fn words(bytes: &[u8; 16]) -> [u32; 4] {
    let mut out = [0; 4];
    for (word, chunk) in out.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = chunk.try_into().map_or(0, u32::from_be_bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header() -> VaultHeader {
        VaultHeader { kdf: KdfParams::FLOOR, salt: [7; 32], half: HalfFrames::VAULT_DEFAULT }
    }

    fn with(offset: usize, bytes: &[u8]) -> Result<VaultHeader> {
        let mut fixed = *header().encode().bytes();
        fixed[offset..offset + bytes.len()].copy_from_slice(bytes);
        VaultHeader::decode(&fixed)
    }

    #[test]
    fn a_header_survives_the_round_trip() {
        assert_eq!(VaultHeader::decode(header().encode().bytes()), Ok(header()));
        let queue = QueueHeader { wrapped_len: 72, salt: [9; 32], half: HalfFrames::QUEUE_DEFAULT };
        assert_eq!(QueueHeader::decode(queue.encode().unwrap().bytes()), Ok(queue));
    }

    #[test]
    fn a_header_below_the_kdf_floor_is_refused() {
        assert_eq!(with(12, &65_535_u32.to_be_bytes()), Err(Error::KdfTooWeak));
        assert_eq!(with(16, &2_u32.to_be_bytes()), Err(Error::KdfTooWeak));
        assert_eq!(with(20, &0_u32.to_be_bytes()), Err(Error::KdfTooWeak));
        // Control: the floor itself passes.
        assert!(with(12, &65_536_u32.to_be_bytes()).is_ok());
    }

    #[test]
    fn a_memory_bomb_is_refused() {
        assert_eq!(with(12, &u32::MAX.to_be_bytes()), Err(Error::KdfTooCostly));
        assert_eq!(with(16, &1_000_000_u32.to_be_bytes()), Err(Error::KdfTooCostly));
        assert_eq!(with(20, &4_u32.to_be_bytes()), Err(Error::KdfTooCostly));
    }

    #[test]
    fn foreign_newer_and_odd_headers_have_their_own_errors() {
        assert_eq!(with(0, b"SQLite f"), Err(Error::BadFormat));
        assert_eq!(with(0, b"kapok-q\x01"), Err(Error::BadFormat));
        assert_eq!(with(7, &[2]), Err(Error::NewerVersion));
        assert_eq!(with(7, &[0]), Err(Error::BadFormat));
        assert_eq!(with(8, &2_u32.to_be_bytes()), Err(Error::NewerVersion));
        assert_eq!(with(56, &0_u32.to_be_bytes()), Err(Error::BadFormat));
        assert_eq!(with(56, &1_025_u32.to_be_bytes()), Err(Error::BadFormat));
        assert_eq!(with(60, &[1]), Err(Error::BadFormat));
    }

    proptest! {
        #[test]
        fn decoding_never_panics_and_what_decodes_encodes_to_itself(mut bytes in proptest::array::uniform32(any::<u8>()), salt in any::<[u8; 32]>(), near in any::<bool>()) {
            if near {
                bytes[..8].copy_from_slice(b"kapok-v\x01");
            }
            let mut fixed = [0; 64];
            fixed[..32].copy_from_slice(&bytes);
            fixed[32..].copy_from_slice(&salt);
            if let Ok(header) = VaultHeader::decode(&fixed) {
                prop_assert_eq!(*header.encode().bytes(), fixed);
            }
            let _ = QueueHeader::decode(&fixed);
        }
    }
}
