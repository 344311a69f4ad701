//! Sealing an attachment while it is read: hash of the original and encryption in one pass, memory of one chunk.

use kapok_wire::sizes::MEDIA_BODY;
use kapok_wire::{ObjectId, rng};
use ring::digest::{Context, SHA256};
use zeroize::Zeroize as _;

use super::chunk::ChunkCipher;
use super::key::ItemKey;
use super::padme::padded_count;
use super::{CHUNK_CONTENT, MEDIA_SEALED};
use crate::error::Error;
use crate::limits::CHUNKS_MAX;

/// One sealed chunk, lent until the sealer goes on.
#[derive(Debug)]
pub struct SealedChunk<'a> {
    /// Its place in the item.
    pub index: u32,
    /// The id it is stored and sent under.
    pub id: ObjectId,
    /// What is sent.
    pub area: &'a [u8; MEDIA_SEALED],
    /// The same with fresh random bytes behind it, which fill a slot of equal size: storing it copies nothing.
    pub slot: &'a [u8; MEDIA_BODY],
}

/// What the report records of an attachment, besides its key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ItemSummary {
    /// Length of the original, in bytes.
    pub size: u64,
    /// SHA-256 of the original.
    pub sha256: [u8; 32],
    /// Chunks that carry it: never zero.
    pub chunks: u32,
    /// Chunks in all. Those from `chunks` on are padding, made by [`pad_chunk`].
    pub padded: u32,
}

impl std::fmt::Debug for ItemSummary {
    /// Length and hash of an original identify it, so they are not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ItemSummary([redacted])")
    }
}

/// Why [`ChunkSealer::push`] stopped.
#[derive(Debug, thiserror::Error)]
pub enum PushError<E> {
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] Error),
    /// The receiver of chunks failed; its own error.
    #[error("a sealed chunk could not be taken")]
    Sink(E),
}

/// Seals one attachment as it streams by.
///
/// Reading straight into [`ChunkSealer::space`] and calling [`ChunkSealer::advance`] copies nothing;
/// [`ChunkSealer::push`] takes bytes that already lie elsewhere.
pub struct ChunkSealer {
    key: ItemKey,
    cipher: ChunkCipher,
    hash: Context,
    slot: Box<[u8; MEDIA_BODY]>,
    filled: usize,
    size: u64,
    next: u32,
}

impl ChunkSealer {
    /// Starts an item. `key` must be fresh: it seals one item only.
    #[must_use]
    pub fn new(key: &ItemKey) -> Self {
        Self {
            key: key.duplicate(),
            cipher: ChunkCipher::new(key),
            hash: Context::new(&SHA256),
            slot: Box::new([0; MEDIA_BODY]),
            filled: 0,
            size: 0,
            next: 0,
        }
    }

    /// Where the next bytes of the original may be read into. Never empty.
    #[must_use]
    pub fn space(&mut self) -> &mut [u8] {
        self.slot.get_mut(self.filled..CHUNK_CONTENT).unwrap_or_default()
    }

    /// Takes the first `read` bytes of [`ChunkSealer::space`] as the original's next, and gives a chunk if that filled
    /// one.
    ///
    /// # Errors
    /// [`Error::Malformed`] if `read` is more than the space; [`Error::ItemTooLong`].
    pub fn advance(&mut self, read: usize) -> Result<Option<SealedChunk<'_>>, Error> {
        let end = self.filled.checked_add(read).filter(|end| *end <= CHUNK_CONTENT).ok_or(Error::Malformed)?;
        let bytes = self.slot.get(self.filled..end).ok_or(Error::Malformed)?;
        self.hash.update(bytes);
        self.size += u64::try_from(read).map_err(|_| Error::ItemTooLong)?;
        self.filled = end;
        if end < CHUNK_CONTENT {
            return Ok(None);
        }
        self.seal_area().map(Some)
    }

    /// Takes `bytes` of any length and hands each filled chunk to `sink`.
    ///
    /// # Errors
    /// The first error of sealing or of `sink`. The item cannot be continued then: start again with a new key.
    pub fn push<E>(
        &mut self,
        mut bytes: &[u8],
        mut sink: impl FnMut(SealedChunk<'_>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        while !bytes.is_empty() {
            let space = self.space();
            let (now, later) = bytes.split_at(bytes.len().min(space.len()));
            if let Some(target) = space.get_mut(..now.len()) {
                target.copy_from_slice(now);
            }
            if let Some(chunk) = self.advance(now.len())? {
                sink(chunk).map_err(PushError::Sink)?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Ends the item: hands the last, partly filled chunk to `sink`, if there is one, and tells what to record.
    ///
    /// # Errors
    /// As for [`ChunkSealer::push`].
    pub fn finish<E>(
        mut self,
        sink: impl FnOnce(SealedChunk<'_>) -> Result<(), E>,
    ) -> Result<ItemSummary, PushError<E>> {
        if self.filled > 0 || self.next == 0 {
            let filled = self.filled;
            if let Some(padding) = self.slot.get_mut(filled..CHUNK_CONTENT) {
                padding.fill(0);
            }
            sink(self.seal_area()?).map_err(PushError::Sink)?;
        }
        let mut sha256 = [0; 32];
        let hash = std::mem::replace(&mut self.hash, Context::new(&SHA256));
        sha256.copy_from_slice(hash.finish().as_ref());
        Ok(ItemSummary { size: self.size, sha256, chunks: self.next, padded: padded_count(self.next) })
    }

    fn seal_area(&mut self) -> Result<SealedChunk<'_>, Error> {
        let index = self.next;
        if index >= CHUNKS_MAX {
            return Err(Error::ItemTooLong);
        }
        let (area, rest) = self.slot.split_first_chunk_mut().ok_or(Error::Malformed)?;
        self.cipher.seal(index, area)?;
        rng::fill(rest);
        self.filled = 0;
        self.next += 1;
        let area = self.slot.first_chunk().ok_or(Error::Malformed)?;
        Ok(SealedChunk { index, id: self.key.object_id(index), area, slot: &self.slot })
    }
}

impl Drop for ChunkSealer {
    /// A half-filled chunk is plaintext.
    fn drop(&mut self) {
        self.slot.zeroize();
    }
}

/// Padding chunk `index` of an item: zeros, sealed, so that only the key tells it from content. Written into `area`.
///
/// # Errors
/// [`Error::ChunkIndex`] past [`CHUNKS_MAX`].
pub fn pad_chunk(key: &ItemKey, index: u32, area: &mut [u8; MEDIA_SEALED]) -> Result<ObjectId, Error> {
    area.fill(0);
    ChunkCipher::new(key).seal(index, area)?;
    Ok(key.object_id(index))
}
