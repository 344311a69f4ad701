//! One chunk: ChaCha20-Poly1305 of `ring`, in place.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::key::ItemKey;
use super::{CHUNK_CONTENT, MEDIA_SEALED, TAG_LEN};
use crate::error::Error;
use crate::limits::CHUNKS_MAX;

/// Says what the bytes are, so that no other use of a key could be mistaken for a chunk.
const AAD: &[u8] = b"kapok media v1";

/// The cipher of one item.
pub(super) struct ChunkCipher(Box<LessSafeKey>);

impl ChunkCipher {
    pub(super) fn new(key: &ItemKey) -> Self {
        let key = key.derive_chunk_key();
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_slice()).expect("the key has the cipher's length");
        Self(Box::new(LessSafeKey::new(key)))
    }

    /// Seals the content in `area` where it lies and writes the tag behind it.
    pub(super) fn seal(&self, index: u32, area: &mut [u8; MEDIA_SEALED]) -> Result<(), Error> {
        let nonce = nonce(index)?;
        let (content, tag_room) = area.split_at_mut(CHUNK_CONTENT);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(AAD), content).map_err(|_| Error::SealFailed)?;
        tag_room.copy_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens `area` where it lies. On failure the area holds nothing of use.
    pub(super) fn open<'a>(&self, index: u32, area: &'a mut [u8]) -> Result<&'a mut [u8], Error> {
        if area.len() != MEDIA_SEALED {
            return Err(Error::WrongLength);
        }
        self.0.open_in_place(nonce(index)?, Aad::from(AAD), area).map_err(|_| Error::ChunkDamaged)
    }
}

fn nonce(index: u32) -> Result<Nonce, Error> {
    if index >= CHUNKS_MAX {
        return Err(Error::ChunkIndex);
    }
    let [a, b, c, d] = index.to_be_bytes();
    Ok(Nonce::assume_unique_for_key([0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]))
}

/// Opens any one chunk of an item where it lies, in any order: all 65,264 bytes, zero padding included.
///
/// This authenticates the chunk, not the item: whether all chunks are there and make up what was recorded is for
/// [`super::ChunkOpener`] to say.
///
/// # Errors
/// [`Error::WrongLength`], [`Error::ChunkIndex`], [`Error::ChunkDamaged`].
pub fn open_chunk<'a>(key: &ItemKey, index: u32, area: &'a mut [u8]) -> Result<&'a [u8], Error> {
    debug_assert_eq!(TAG_LEN, CHACHA20_POLY1305.tag_len());
    ChunkCipher::new(key).open(index, area).map(|content| &*content)
}
