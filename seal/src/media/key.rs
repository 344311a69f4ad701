//! The key of one attachment, and what is derived from it.

use std::fmt;

use hkdf::Hkdf;
use kapok_wire::ObjectId;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

const CHUNK_KEY: &[u8] = b"kapok/2026-11/media/chunk-key";
const OBJECT_ID: &[u8] = b"kapok/2026-11/media/object-id";

/// Opens one attachment. Seals one attachment only: a second one under the same key would repeat nonces.
pub struct ItemKey(Box<[u8; 32]>);

impl ItemKey {
    /// A fresh key.
    #[must_use]
    pub fn make() -> Self {
        let mut key = Self(Box::new([0; 32]));
        kapok_wire::rng::fill(key.0.as_mut_slice());
        key
    }

    /// The key with these bytes, as a report carries them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Box::new(*bytes))
    }

    /// The bytes, for the sealed report. Each use says why in a line `// EXPOSE: …`.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id of chunk `index`: looks random, and only this key links it to the others.
    #[must_use]
    pub fn object_id(&self, index: u32) -> ObjectId {
        let mut id = [0; 16];
        self.expand(&[OBJECT_ID, &index.to_be_bytes()], &mut id);
        ObjectId(id)
    }

    /// A second copy for whoever works through the item, so that a sealer may outlive a borrow.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// The key of the chunk cipher.
    pub(super) fn derive_chunk_key(&self) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.expand(&[CHUNK_KEY], key.as_mut_slice());
        key
    }

    fn expand(&self, info: &[&[u8]], out: &mut [u8]) {
        Hkdf::<Sha256>::new(None, self.0.as_slice())
            .expand_multi_info(info, out)
            .expect("32 bytes are within HKDF's limit");
    }
}

impl Drop for ItemKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn debug_prints_nothing_of_the_key() {
        assert_eq!(format!("{:?}", ItemKey::from_bytes(&[7; 32])), "ItemKey([redacted])");
    }

    #[test]
    fn ids_differ_by_index_and_by_key_and_come_back_the_same() {
        let (one, other) = (ItemKey::make(), ItemKey::make());
        let ids: HashSet<_> = (0..1_000).flat_map(|index| [one.object_id(index), other.object_id(index)]).collect();
        assert_eq!(ids.len(), 2_000);
        assert_eq!(ItemKey::from_bytes(one.expose()).object_id(u32::MAX), one.object_id(u32::MAX));
    }
}
