//! Binds a vault to one device: a guess at the passphrase needs an operation of a key that does not leave the device.
//!
//! The trait is small and synchronous because it is implemented outside (Android Keystore, Secure Enclave). An implementer
//! on the Secure Enclave, which can only do P-256 key agreement, must hash the input *to a curve point* (RFC 9380)
//! before each agreement; multiplying a fixed point by the input can be done without the enclave.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// Where the device key lives; decides how long a passphrase has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No device key: the passphrase alone protects the vault.
    None,
    /// A key in a file: whoever copies the folder copies it too.
    Software,
    /// Trusted execution environment of the main processor.
    Tee,
    /// Android's separate secure element.
    StrongBox,
    /// Apple's separate secure element.
    SecureEnclave,
}

/// What a device key can fail at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceKeyError {
    /// The key is not on this device: another phone, or it was destroyed.
    #[error("this vault belongs to another device, or its device key was removed; open it on the first device")]
    Missing,
    /// The key store cannot be reached now.
    #[error("the device's key store does not answer; unlock the phone, then try again")]
    Unavailable,
    /// A wrapped key does not unwrap: it was damaged, or wrapped by another key.
    #[error("this key was made by another device, or it is damaged; restore the right copy")]
    Refused,
    /// The alias has other characters than a-z, 0-9 and '-'.
    #[error("a device key's name may hold only a-z, 0-9 and '-'")]
    BadAlias,
}

/// A store of keys that never leave the device. Aliases consist of a-z, 0-9 and '-'.
///
/// Implementations must not keep, log or show what they are given.
pub trait DeviceKey: Send + Sync {
    /// Where the keys live.
    fn level(&self) -> Level;

    /// Makes a key unless there is one. Must not replace an existing key: a vault that was set aside depends on it.
    ///
    /// # Errors
    /// [`DeviceKeyError`].
    fn create(&self, alias: &str) -> Result<(), DeviceKeyError>;

    /// A message authentication code that only this key can make. One call is one guess at a passphrase.
    ///
    /// # Errors
    /// [`DeviceKeyError`].
    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError>;

    /// Encrypts and authenticates a key of at most 64 bytes to at most 1,024 bytes.
    ///
    /// # Errors
    /// [`DeviceKeyError`].
    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError>;

    /// Reverses [`DeviceKey::wrap`].
    ///
    /// # Errors
    /// [`DeviceKeyError`].
    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError>;

    /// Destroys a key for good. Succeeds if there is none.
    ///
    /// # Errors
    /// [`DeviceKeyError`].
    fn destroy(&self, alias: &str) -> Result<(), DeviceKeyError>;
}

/// No device key. The passphrase alone protects the vault, and **nothing** protects the queue's index.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDeviceKey;

impl DeviceKey for NoDeviceKey {
    fn level(&self) -> Level {
        Level::None
    }

    fn create(&self, _: &str) -> Result<(), DeviceKeyError> {
        Ok(())
    }

    fn mac(&self, _: &str, _: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        Ok(Zeroizing::new([0; 32]))
    }

    /// Wraps under an all-zero key: no protection, but the file has the same shape as with one.
    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        wrap_with(&[0; 32], alias, key)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        unwrap_with(&[0; 32], alias, wrapped)
    }

    fn destroy(&self, _: &str) -> Result<(), DeviceKeyError> {
        Ok(())
    }
}

/// `nonce[24] ‖ XChaCha20-Poly1305(key) ‖ tag[16]`, bound to the alias.
pub(super) fn wrap_with(wrapping: &[u8; 32], alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
    let nonce = kapok_wire::rng::bytes::<24>();
    let mut body = Zeroizing::new(key.to_vec());
    let tag = XChaCha20Poly1305::new(wrapping.into())
        .encrypt_in_place_detached(XNonce::from_slice(&nonce), alias.as_bytes(), body.as_mut())
        .map_err(|_| DeviceKeyError::Refused)?;
    Ok([nonce.as_slice(), body.as_slice(), tag.as_slice()].concat())
}

pub(super) fn unwrap_with(
    wrapping: &[u8; 32],
    alias: &str,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
    let (nonce, rest) = wrapped.split_first_chunk::<24>().ok_or(DeviceKeyError::Refused)?;
    let (body, tag) = rest.split_last_chunk::<16>().ok_or(DeviceKeyError::Refused)?;
    let mut body = Zeroizing::new(body.to_vec());
    XChaCha20Poly1305::new(wrapping.into())
        .decrypt_in_place_detached(XNonce::from_slice(nonce), alias.as_bytes(), body.as_mut(), Tag::from_slice(tag))
        .map_err(|_| DeviceKeyError::Refused)?;
    Ok(body)
}
