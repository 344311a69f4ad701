//! Packets in pool slots. An age file shows that it is one, so it lies under one more layer, and looks like an unused slot.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use kapok_wire::sizes::{MEDIA_BODY, MEDIA_SEALED, TEXT_SEALED};
use kapok_wire::{Lane, rng};
use zeroize::Zeroizing;

use super::{Job, Outbox};
use crate::error::{Error, Result};
use crate::vault::SlotNumber;

/// Name of the key that hides packets.
pub(super) const POOL_KEY: &str = "pool";
const NONCE: usize = 24;
const TAG: usize = 16;

impl Outbox {
    /// Writes a packet's sealed area into a slot: nonce, ciphertext, tag, random rest.
    pub(crate) fn put_packet(&self, slot: SlotNumber, sealed: &[u8; TEXT_SEALED]) -> Result<()> {
        let cipher = self.pool_key()?.cipher();
        let mut bytes = Box::new([0; MEDIA_BODY]);
        rng::fill(bytes.as_mut_slice());
        let (nonce, rest) = bytes.split_at_mut(NONCE);
        let (body, rest) = rest.split_at_mut(TEXT_SEALED);
        body.copy_from_slice(sealed);
        let tag = cipher
            .encrypt_in_place_detached(XNonce::from_slice(nonce), &slot.0.to_be_bytes(), body)
            .map_err(|_| Error::Store)?;
        rest.split_at_mut(TAG).0.copy_from_slice(&tag);
        self.pool().write_slot(slot, &bytes)
    }

    /// Writes a chunk's sealed area into a slot, with random bytes behind it: writing a part of a slot would make the
    /// system read the rest first.
    pub(crate) fn put_chunk(&self, slot: SlotNumber, sealed: &[u8; MEDIA_SEALED]) -> Result<()> {
        let mut bytes = Box::new([0; MEDIA_BODY]);
        let (area, rest) = bytes.split_at_mut(MEDIA_SEALED);
        area.copy_from_slice(sealed);
        rng::fill(rest);
        self.pool().write_slot(slot, &bytes)
    }

    /// The sealed area of a waiting object.
    ///
    /// # Errors
    /// [`Error::SlotDamaged`] if a packet's slot does not open: the storage changed under us.
    pub(crate) fn sealed_area(&self, job: &Job) -> Result<Vec<u8>> {
        self.area(job.lane, job.slot)
    }

    /// The same by lane and slot.
    pub(crate) fn area(&self, lane: Lane, slot: SlotNumber) -> Result<Vec<u8>> {
        let mut bytes = Box::new([0; MEDIA_BODY]);
        self.pool().read_slot(slot, &mut bytes)?;
        match lane {
            Lane::Media => Ok(bytes.split_at(MEDIA_SEALED).0.to_vec()),
            Lane::Text => {
                let (nonce, rest) = bytes.split_at(NONCE);
                let (body, rest) = rest.split_at(TEXT_SEALED);
                let tag = rest.split_at(TAG).0;
                let mut body = body.to_vec();
                self.pool_key()?
                    .cipher()
                    .decrypt_in_place_detached(
                        XNonce::from_slice(nonce),
                        &slot.0.to_be_bytes(),
                        &mut body,
                        Tag::from_slice(tag),
                    )
                    .map_err(|_| Error::SlotDamaged)?;
                Ok(body)
            }
        }
    }

    fn pool_key(&self) -> Result<PoolKey> {
        Ok(PoolKey(self.secret(POOL_KEY)?))
    }
}

/// Hides that a slot holds a packet. It opens no report.
struct PoolKey(Zeroizing<[u8; 32]>);

impl PoolKey {
    fn cipher(&self) -> XChaCha20Poly1305 {
        // EXPOSE: the cipher of one call.
        XChaCha20Poly1305::new((&*self.0).into())
    }
}
