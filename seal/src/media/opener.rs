//! Opening an attachment chunk by chunk, and saying at the end whether it is what was recorded.

use kapok_wire::ObjectId;
use ring::digest::{Context, SHA256};

use super::CHUNK_CONTENT;
use super::chunk::ChunkCipher;
use super::key::ItemKey;
use super::padme::{content_chunks, padded_count};
use crate::error::Error;

/// Opens the chunks of one item in order. Size and hash come from the sealed report.
///
/// Bytes are given out chunk by chunk, each authenticated; only [`ChunkOpener::finish`] says that the whole is right.
/// Keep what was written aside until then.
pub struct ChunkOpener {
    key: ItemKey,
    cipher: ChunkCipher,
    hash: Context,
    sha256: [u8; 32],
    remaining: u64,
    chunks: u32,
    next: u32,
}

impl ChunkOpener {
    /// Starts an item of `size` bytes with hash `sha256`.
    ///
    /// # Errors
    /// [`Error::ItemTooLong`]: a size that no item has.
    pub fn new(key: &ItemKey, size: u64, sha256: [u8; 32]) -> Result<Self, Error> {
        Ok(Self {
            key: key.duplicate(),
            cipher: ChunkCipher::new(key),
            hash: Context::new(&SHA256),
            sha256,
            remaining: size,
            chunks: content_chunks(size)?,
            next: 0,
        })
    }

    /// Chunks that carry content.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        self.chunks
    }

    /// Chunks in all, padding included.
    #[must_use]
    pub fn padded(&self) -> u32 {
        padded_count(self.chunks)
    }

    /// The id of the chunk that [`ChunkOpener::open_next`] expects; `None` when all content was opened.
    #[must_use]
    pub fn next_id(&self) -> Option<ObjectId> {
        (self.next < self.chunks).then(|| self.key.object_id(self.next))
    }

    /// Opens the next content chunk where it lies and gives its share of the original.
    ///
    /// # Errors
    /// [`Error::WrongLength`], [`Error::ChunkDamaged`] (the right chunk may be tried next), [`Error::ChunkIndex`] after
    /// the last one, [`Error::Malformed`] if padding is not zero.
    pub fn open_next<'a>(&mut self, area: &'a mut [u8]) -> Result<&'a [u8], Error> {
        if self.next >= self.chunks {
            return Err(Error::ChunkIndex);
        }
        let opened = self.cipher.open(self.next, area)?;
        let len = usize::try_from(self.remaining).unwrap_or(CHUNK_CONTENT).min(CHUNK_CONTENT);
        let (content, padding) = opened.split_at_checked(len).ok_or(Error::Malformed)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Error::Malformed);
        }
        self.hash.update(content);
        self.remaining -= u64::try_from(len).map_err(|_| Error::Malformed)?;
        self.next += 1;
        Ok(content)
    }

    /// Whether all of it came and is what was recorded.
    ///
    /// # Errors
    /// [`Error::ItemIncomplete`], [`Error::ItemHash`].
    pub fn finish(self) -> Result<(), Error> {
        if self.next < self.chunks {
            return Err(Error::ItemIncomplete);
        }
        if self.hash.finish().as_ref() == self.sha256 { Ok(()) } else { Err(Error::ItemHash) }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
