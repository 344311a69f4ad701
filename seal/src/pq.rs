//! The post-quantum recipient type of age, `mlkem768x25519`: HPKE with X-Wing, HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! Written here because age 0.11 has no native one and age 0.12 does not build beside our HPKE. Interoperates with the
//! age author's implementation and the public test vectors (`seal/tests/interop.rs`).

use std::collections::HashSet;
use std::convert::Infallible;
use std::io;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};
use zeroize::{Zeroize as _, Zeroizing};

use crate::low_order::is_low_order;

/// First argument of the stanza.
pub(crate) const TAG: &str = "mlkem768x25519";
/// Binds the key exchange to this use of it.
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// Keeps recipients without it out of the same file.
const LABEL: &str = "postquantum";
/// Length of a public key, in bytes.
pub(crate) const PUBLIC_LEN: usize = 1_216;
/// Length of a secret seed, in bytes.
pub(crate) const SEED_LEN: usize = 32;
/// Length of an encapsulated key, in bytes: ML-KEM-768 ciphertext, then an X25519 share.
pub(crate) const ENC_LEN: usize = 1_120;
/// Length of a wrapped file key, in bytes.
const WRAPPED_LEN: usize = FILE_KEY_BYTES + 16;
/// Length of the X25519 share at the end of a public key and of an encapsulated key, in bytes.
const SHARE_LEN: usize = 32;

/// Someone to seal to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PqRecipient(Box<<XWing as Kem>::PublicKey>);

impl PqRecipient {
    /// A public key, unless it is malformed or its X25519 half is of low order.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.last_chunk::<SHARE_LEN>().is_none_or(|share| is_low_order(share)) {
            return None;
        }
        <XWing as Kem>::PublicKey::from_bytes(bytes).ok().map(|key| Self(Box::new(key)))
    }

    /// The public key's bytes.
    pub(crate) fn to_bytes(&self) -> [u8; PUBLIC_LEN] {
        let mut out = [0; PUBLIC_LEN];
        self.0.write_exact(&mut out);
        out
    }
}

impl age::Recipient for PqRecipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (enc, body) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.0,
            INFO,
            // EXPOSE: the file key is what HPKE seals.
            file_key.expose_secret(),
            b"",
            &mut SystemRng,
        )
        .map_err(|_| EncryptError::Io(io::Error::other("HPKE could not seal")))?;
        let stanza = Stanza { tag: TAG.to_owned(), args: vec![BASE64_STANDARD_NO_PAD.encode(enc.to_bytes())], body };
        Ok((vec![stanza], HashSet::from([LABEL.to_owned()])))
    }
}

/// The secret half of a [`PqRecipient`]. Zeroed on drop by the key type below; deliberately without `Debug`.
pub(crate) struct PqIdentity(Box<<XWing as Kem>::PrivateKey>);

impl PqIdentity {
    /// The identity of this seed: every seed is one.
    pub(crate) fn from_seed(seed: &[u8; SEED_LEN]) -> Self {
        let key = <XWing as Kem>::PrivateKey::from_bytes(seed).expect("the seed has the key's length");
        Self(Box::new(key))
    }

    /// The seed.
    pub(crate) fn expose_seed(&self) -> Zeroizing<[u8; SEED_LEN]> {
        let mut seed = Zeroizing::new([0; SEED_LEN]);
        self.0.write_exact(seed.as_mut_slice());
        seed
    }

    /// Whom to seal to, so that this identity opens.
    pub(crate) fn to_recipient(&self) -> PqRecipient {
        PqRecipient(Box::new(XWing::sk_to_pk(&self.0)))
    }

    /// Opens a stanza whose shape was checked; `None` if it is somebody else's.
    fn open(&self, enc: &[u8], body: &[u8]) -> Option<FileKey> {
        let enc = <XWing as Kem>::EncappedKey::from_bytes(enc).ok()?;
        let mut opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeR::Base,
            &self.0,
            &enc,
            INFO,
            body,
            b"",
        )
        .ok()?;
        let file_key = FileKey::try_init_with_mut(|slot| {
            slot.copy_from_slice(opened.get(..FILE_KEY_BYTES).ok_or(())?);
            Ok::<(), ()>(())
        });
        opened.zeroize();
        file_key.ok()
    }
}

impl age::Identity for PqIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        match checked_enc(stanza) {
            Some(enc) => self.open(&enc, &stanza.body).map(Ok),
            None => Some(Err(DecryptError::InvalidHeader)),
        }
    }
}

/// The encapsulated key of a well-formed stanza. Any other shape is an error of the whole header, not a stanza to skip:
/// skipping would let a stranger probe which of several keys a desk holds.
fn checked_enc(stanza: &Stanza) -> Option<Vec<u8>> {
    let [arg] = stanza.args.as_slice() else { return None };
    let enc = BASE64_STANDARD_NO_PAD.decode(arg).ok()?;
    let share = enc.last_chunk::<SHARE_LEN>()?;
    (enc.len() == ENC_LEN && stanza.body.len() == WRAPPED_LEN && !is_low_order(share)).then_some(enc)
}

/// Hands [`kapok_wire::rng`] to HPKE, which speaks a newer `rand_core` than the rest.
struct SystemRng;

impl TryRng for SystemRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(kapok_wire::rng::bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(kapok_wire::rng::bytes()))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        kapok_wire::rng::fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for SystemRng {}
