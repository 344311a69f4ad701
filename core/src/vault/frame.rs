//! One frame: 65,536 bytes, indistinguishable from random ones without the key.
//!
//! `nonce[24] ‖ XChaCha20-Poly1305(generation u64 ‖ length u64 ‖ data, zero padded) ‖ tag[16]`. The associated data binds header,
//! region, half and place, and every frame but the first also binds the nonce of the first. Generation and length
//! would not be enough: two commits that were both cut by a power failure have the same generation and often the
//! same length, and their frames must never be read as one content. The first nonce is random per commit and is in
//! the file already, so this costs no byte and shows nothing.

use chacha20poly1305::{Tag, XNonce};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::keys::RegionKey;

/// Length of a frame in the file.
pub(crate) const FRAME: usize = 65_536;
/// Content bytes that one frame carries.
pub(crate) const DATA: usize = FRAME - NONCE - HEAD - TAG;

const NONCE: usize = 24;
const TAG: usize = 16;
const HEAD: usize = 16;
const AAD: &[u8] = b"kapok/2026-11/vault/frame";

/// The random nonce of a commit's first frame.
pub(crate) type CommitId = [u8; NONCE];

/// What every frame says about the whole content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) generation: u64,
    /// Length of the content; the top bit says that the other half still has to be overwritten.
    pub(crate) length: u64,
}

/// Where a frame stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) half: u8,
    pub(crate) index: u32,
}

/// Seals and opens the frames of one region.
pub(crate) struct FrameCipher {
    cipher: Cipher,
    header_hash: [u8; 32],
    region: u8,
}

/// A buffer for one frame; holds plaintext at times, so it is wiped.
pub(crate) type FrameBuffer = Zeroizing<Vec<u8>>;

pub(crate) fn buffer() -> FrameBuffer {
    Zeroizing::new(vec![0; FRAME])
}

impl FrameCipher {
    pub(crate) fn new(key: &RegionKey, header_hash: [u8; 32], region: u8) -> Self {
        // EXPOSE: the key schedule of the cipher, which wipes itself.
        Self { cipher: Cipher::new(key.expose()), header_hash, region }
    }

    /// Seals `data` (at most [`DATA`] bytes) into `frame` and returns the frame's nonce. `first` is `None` for frame 0.
    pub(crate) fn seal(
        &self,
        place: Place,
        first: Option<&CommitId>,
        stamp: Stamp,
        data: &[u8],
        frame: &mut FrameBuffer,
    ) -> Option<CommitId> {
        let (nonce, body, tag) = split(frame)?;
        kapok_wire::rng::fill(nonce);
        let (generation, rest) = body.split_first_chunk_mut::<8>()?;
        let (length, room) = rest.split_first_chunk_mut::<8>()?;
        *generation = stamp.generation.to_be_bytes();
        *length = stamp.length.to_be_bytes();
        let (used, pad) = room.split_at_mut_checked(data.len())?;
        used.copy_from_slice(data);
        pad.fill(0);
        let sealed = self.cipher.encrypt_in_place_detached(XNonce::from_slice(nonce), &self.aad(place, first), body);
        *tag = sealed.ok()?.into();
        Some(*nonce)
    }

    /// Opens `frame` in place and returns nonce, stamp and the padded data; `None` if it is not authentic here.
    pub(crate) fn open<'a>(
        &self,
        place: Place,
        first: Option<&CommitId>,
        frame: &'a mut FrameBuffer,
    ) -> Option<(CommitId, Stamp, &'a [u8])> {
        let (nonce, body, tag) = split(frame)?;
        let aad = self.aad(place, first);
        let (nonce, tag) = (*nonce, Tag::from(*tag));
        self.cipher.decrypt_in_place_detached(XNonce::from_slice(&nonce), &aad, body, &tag).ok()?;
        let (generation, rest) = body.split_first_chunk::<8>()?;
        let (length, data) = rest.split_first_chunk::<8>()?;
        let stamp = Stamp { generation: u64::from_be_bytes(*generation), length: u64::from_be_bytes(*length) };
        Some((nonce, stamp, data))
    }

    fn aad(&self, place: Place, first: Option<&CommitId>) -> Vec<u8> {
        let commit = first.copied().unwrap_or_default();
        let index = place.index.to_be_bytes();
        [AAD, &self.header_hash, &[self.region, place.half], &index, &commit].concat()
    }
}

type Split<'a> = (&'a mut [u8; NONCE], &'a mut [u8], &'a mut [u8; TAG]);

fn split(frame: &mut [u8]) -> Option<Split<'_>> {
    let (nonce, rest) = frame.split_first_chunk_mut()?;
    let (body, tag) = rest.split_last_chunk_mut()?;
    Some((nonce, body, tag))
}
