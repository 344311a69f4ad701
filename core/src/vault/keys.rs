//! The key tree. Every key of the vault and of the queue file is on this page.
//!
//! ```text
//! passphrase (normal form)                       vault.kpk, bytes 0..64: salt[32], KDF parameters (AAD of all below)
//!    └─ Argon2id(m, t, p = 1, salt) → a[64]
//!         └─ DeviceKey.mac("kapok-vault", a) → h[32]     one hardware operation a guess; 0^32 without a device key
//!              └─ HKDF-SHA256(salt, a ‖ h, "kapok/2026-11/vault/kek") → root
//!                   └─ HKDF(root, "kapok/2026-11/vault/slot" ‖ i) → slot key i, for all four i, always
//!                        └─ slot i: kind ‖ region n ‖ data key[32] ‖ known regions
//!                             └─ HKDF(data key, "kapok/2026-11/vault/region" ‖ n) → region key
//!                                  ├─ frames of both halves
//!                                  └─ HKDF(region key, "kapok/2026-11/vault/region-fingerprint" ‖ 0) → 8 bytes
//!
//! random data key of a vault's queue, kept in the vault; a copy in the device's record while the queue is lent
//!    └─ HKDF(data key, "kapok/2026-11/vault/region" ‖ n) → region key → frames of both halves in queue.kpk
//!
//! random data key of the device's record, wrapped by DeviceKey("kapok-queue") in queue.kpk
//!    └─ HKDF(data key, "kapok/2026-11/vault/region" ‖ 4) → region key → frames of both halves
//! ```
//!
//! The data key between passphrase and region lets a passphrase change without resealing under the same key, and
//! lets it be thrown away: whoever loses the data key loses the region, whatever passphrase is known.

use std::fmt;
use std::marker::PhantomData;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::stack;

const KEK: &[u8] = b"kapok/2026-11/vault/kek";
const SLOT: &[u8] = b"kapok/2026-11/vault/slot";
const REGION: &[u8] = b"kapok/2026-11/vault/region";
const FINGERPRINT: &[u8] = b"kapok/2026-11/vault/region-fingerprint";

/// A 32-byte key with one purpose: built in place, wiped on drop, never copied or printed. In a box, because a value that is
/// moved leaves what it was behind.
pub(crate) struct Key<P> {
    bytes: Box<Zeroizing<[u8; 32]>>,
    purpose: PhantomData<fn() -> P>,
}

/// Purpose of [`RootKey`].
pub(crate) enum Root {}
/// Purpose of [`SlotKey`].
pub(crate) enum Slot {}
/// Purpose of [`DataKey`].
pub(crate) enum Data {}
/// Purpose of [`RegionKey`].
pub(crate) enum Frames {}

/// Purpose of what [`RegionKey::derive_fingerprint`] is cut from.
enum Fingerprint {}

/// What passphrase and device key give together.
pub(crate) type RootKey = Key<Root>;
/// Opens one slot.
pub(crate) type SlotKey = Key<Slot>;
/// Random; the secret inside a slot or a wrapped queue key.
pub(crate) type DataKey = Key<Data>;
/// Seals the frames of one region.
pub(crate) type RegionKey = Key<Frames>;

impl<P> Key<P> {
    fn filled(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        let mut bytes = Box::new(Zeroizing::new([0; 32]));
        fill(&mut bytes);
        Self { bytes, purpose: PhantomData }
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl<P> fmt::Debug for Key<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

impl RootKey {
    /// `slow` is the output of the KDF, `bound` that of the device key over it.
    pub(crate) fn derive(salt: &[u8; 32], slow: &[u8; 64], bound: &[u8; 32]) -> Self {
        stack::wiped(|| {
            let mut input = Zeroizing::new([0; 96]);
            for (byte, value) in input.iter_mut().zip(slow.iter().chain(bound)) {
                *byte = *value;
            }
            let hkdf = Hkdf::<Sha256>::new(Some(salt), input.as_ref());
            Self::filled(|out| hkdf.expand(KEK, out).expect("32 bytes are a length HKDF can give"))
        })
    }

    pub(crate) fn derive_slot(&self, slot: u8) -> SlotKey {
        expand(self, SLOT, slot)
    }
}

impl DataKey {
    pub(crate) fn make() -> Self {
        Self::filled(|out| kapok_wire::rng::fill(out))
    }

    /// `None` unless there are 32 bytes.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == 32).then(|| Self::filled(|out| out.copy_from_slice(bytes)))
    }

    pub(crate) fn derive_region(&self, region: u8) -> RegionKey {
        expand(self, REGION, region)
    }
}

impl RegionKey {
    /// Tells whether the key is the one of before, and nothing more.
    pub(crate) fn derive_fingerprint(&self) -> [u8; 8] {
        let key: Key<Fingerprint> = expand(self, FINGERPRINT, 0);
        // EXPOSE: a part of a hash, which leads back to no key.
        key.expose().first_chunk().copied().unwrap_or_default()
    }
}

fn expand<P, Q>(key: &Key<P>, label: &[u8], number: u8) -> Key<Q> {
    stack::wiped(|| {
        // EXPOSE: a key is input to the derivation of the keys below it. `from_prk` is right because every key is uniform.
        let hkdf = Hkdf::<Sha256>::from_prk(key.expose()).expect("32 bytes are a full SHA-256 PRK");
        Key::filled(|out| {
            hkdf.expand_multi_info(&[label, &[number]], out).expect("32 bytes are a length HKDF can give")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_byte_of_a_key() {
        let key = DataKey::from_slice(&[0xab; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "Key([redacted])");
        assert_eq!(format!("{:?}", key.derive_region(0)), "Key([redacted])");
    }

    #[test]
    fn every_input_of_the_root_key_matters() {
        let root = RootKey::derive(&[1; 32], &[2; 64], &[3; 32]);
        for other in [
            RootKey::derive(&[9; 32], &[2; 64], &[3; 32]),
            RootKey::derive(&[1; 32], &[9; 64], &[3; 32]),
            RootKey::derive(&[1; 32], &[2; 64], &[9; 32]),
        ] {
            assert_ne!(root.expose(), other.expose());
        }
    }

    #[test]
    fn slots_and_regions_have_different_keys() {
        let root = RootKey::derive(&[1; 32], &[2; 64], &[3; 32]);
        let data = DataKey::from_slice(root.expose()).unwrap();
        let mut all: Vec<_> = (0..4).map(|i| *root.derive_slot(i).expose()).collect();
        all.extend((0..4).map(|i| *data.derive_region(i).expose()));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 8);
    }
}
