//! XChaCha20-Poly1305 that leaves nothing of its key behind: the key schedule is in a box, which is not copied when its owner is
//! moved, and each use overwrites the stack below.

use chacha20poly1305::aead::{AeadInPlace as _, Result};
use chacha20poly1305::{KeyInit as _, Tag, XChaCha20Poly1305, XNonce};

use super::stack;

/// The cipher of one key. Wiped on drop.
pub(super) struct Cipher(Box<XChaCha20Poly1305>);

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(stack::wiped(|| Box::new(XChaCha20Poly1305::new(key.into()))))
    }

    pub(super) fn encrypt_in_place_detached(&self, nonce: &XNonce, aad: &[u8], body: &mut [u8]) -> Result<Tag> {
        stack::wiped(|| self.0.encrypt_in_place_detached(nonce, aad, body))
    }

    pub(super) fn decrypt_in_place_detached(
        &self,
        nonce: &XNonce,
        aad: &[u8],
        body: &mut [u8],
        tag: &Tag,
    ) -> Result<()> {
        stack::wiped(|| self.0.decrypt_in_place_detached(nonce, aad, body, tag))
    }
}
