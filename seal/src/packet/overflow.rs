//! Content too long for its part: a media item, and the stub that leads to it.

use kapok_wire::ObjectId;
use kapok_wire::sizes::MEDIA_SEALED;
use zeroize::Zeroizing;

use crate::deflate::inflate;
use crate::error::Error;
use crate::limits::OVERFLOW_MAX;
use crate::media::{self, ChunkOpener, ChunkSealer, ItemKey, PushError};
use crate::secret::SecretBytes;

/// Length of a stub, in bytes.
const STUB_LEN: usize = 32 + 8 + 32;

/// A sealed media item, padding chunks included: each is one object to send.
pub struct SealedItem {
    chunks: Vec<(ObjectId, Box<[u8; MEDIA_SEALED]>)>,
}

impl SealedItem {
    /// Id and area of each chunk, in order.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = (ObjectId, &[u8; MEDIA_SEALED])> {
        self.chunks.iter().map(|(id, area)| (*id, &**area))
    }
}

impl std::fmt::Debug for SealedItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedItem({} chunks)", self.chunks.len())
    }
}

/// Where a long part lies: key, length and hash of its deflated content.
pub struct OverflowStub {
    key: ItemKey,
    size: u64,
    sha256: [u8; 32],
}

impl std::fmt::Debug for OverflowStub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OverflowStub([redacted])")
    }
}

impl OverflowStub {
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (key, rest) = bytes.split_first_chunk::<32>().ok_or(Error::Malformed)?;
        let (size, rest) = rest.split_first_chunk::<8>().ok_or(Error::Malformed)?;
        let sha256: [u8; 32] = rest.try_into().map_err(|_| Error::Malformed)?;
        let size = u64::from_be_bytes(*size);
        if usize::try_from(size).map_or(true, |size| size > OVERFLOW_MAX) {
            return Err(Error::Malformed);
        }
        Ok(Self { key: ItemKey::from_bytes(key), size, sha256 })
    }

    pub(super) fn expose_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(STUB_LEN));
        // EXPOSE: the stub goes into the sealed part and nowhere else.
        out.extend_from_slice(self.key.expose());
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(&self.sha256);
        out
    }

    /// Ids of the chunks that carry content, in the order [`OverflowStub::complete`] wants them.
    #[must_use]
    pub fn content_ids(&self) -> Vec<ObjectId> {
        let chunks = media::content_chunks(self.size).unwrap_or(0);
        (0..chunks).map(|index| self.key.object_id(index)).collect()
    }

    /// Ids of the padding chunks that came along: known to belong here, nothing to open.
    #[must_use]
    pub fn padding_ids(&self) -> Vec<ObjectId> {
        let chunks = media::content_chunks(self.size).unwrap_or(0);
        (chunks..media::padded_count(chunks)).map(|index| self.key.object_id(index)).collect()
    }

    /// The part's content, from the sealed areas of [`OverflowStub::content_ids`] in that order.
    ///
    /// # Errors
    /// As for [`ChunkOpener`], and [`Error::Inflate`].
    pub fn complete<'a>(&self, areas: impl IntoIterator<Item = &'a [u8]>) -> Result<SecretBytes, Error> {
        let mut opener = ChunkOpener::new(&self.key, self.size, self.sha256)?;
        let size = usize::try_from(self.size).map_err(|_| Error::Malformed)?;
        let mut deflated = Zeroizing::new(Vec::with_capacity(size));
        let mut scratch = Zeroizing::new(Vec::with_capacity(MEDIA_SEALED));
        for area in areas {
            if area.len() != MEDIA_SEALED {
                return Err(Error::WrongLength);
            }
            scratch.clear();
            scratch.extend_from_slice(area);
            deflated.extend_from_slice(opener.open_next(&mut scratch)?);
        }
        opener.finish()?;
        inflate(&deflated).map(SecretBytes::new)
    }
}

/// Seals `deflated` as an item under a fresh key.
pub(super) fn seal_item(deflated: &[u8]) -> Result<(OverflowStub, SealedItem), Error> {
    let key = ItemKey::make();
    let mut chunks = Vec::new();
    let mut keep = |chunk: media::SealedChunk<'_>| {
        chunks.push((chunk.id, Box::new(*chunk.area)));
        Ok::<(), Error>(())
    };
    let mut sealer = ChunkSealer::new(&key);
    sealer.push(deflated, &mut keep).map_err(flatten)?;
    let summary = sealer.finish(keep).map_err(flatten)?;
    for index in summary.chunks..summary.padded {
        let mut area = Box::new([0; MEDIA_SEALED]);
        let id = media::pad_chunk(&key, index, &mut area)?;
        chunks.push((id, area));
    }
    Ok((OverflowStub { key, size: summary.size, sha256: summary.sha256 }, SealedItem { chunks }))
}

fn flatten(error: PushError<Error>) -> Error {
    match error {
        PushError::Seal(error) | PushError::Sink(error) => error,
    }
}
