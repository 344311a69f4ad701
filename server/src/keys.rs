//! The server's own keys: one file, made once, never made again. Format: `docs/formats/server-keys.md`.
//!
//! Devices pin the TLS key, tokens and receipts hang on the other two; a server that silently made new ones would
//! lock out every device. So they lie in *one* file, which is either there as a whole or not: a damaged, missing or
//! readable-for-all file is an error that names it. The certificate of the leaf is not stored: it is signed at each
//! start for the names given then, over the same key, so the pin stays.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use kapok_wire::rng;
use kapok_wire::token::Issuer;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::data::{DataFolder, write_whole};
use crate::{Error, tls};

const VERSION: u32 = 1;
const KIND: &str = "kapok-server-keys";

/// The file as JSON; every value in base64.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct KeyFile {
    kind: String,
    version: u32,
    /// Root certificate, DER. Stored, since devices have exactly these bytes in their bundle.
    tls_root: String,
    /// PKCS#8.
    tls_root_key: String,
    /// PKCS#8.
    tls_key: String,
    /// Ed25519 seed.
    log_seed: String,
    /// Seed of the token issuer.
    token_seed: String,
}

/// What every version of the file begins with.
#[derive(Deserialize)]
struct Head {
    kind: String,
    version: u32,
}

/// Everything secret that the server has.
pub(crate) struct Keys {
    pub(crate) tls_root: Vec<u8>,
    pub(crate) tls_root_key: KeyPair,
    pub(crate) tls_key: KeyPair,
    pub(crate) log: SigningKey,
    pub(crate) issuer: Issuer,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys [redacted]")
    }
}

impl Keys {
    /// Reads the key file, or makes it if nothing was ever stored here.
    pub(crate) fn load_or_make(folder: &DataFolder) -> Result<Self, Error> {
        let path = folder.keys();
        match std::fs::metadata(&path) {
            Ok(about) if about.permissions().mode() & 0o077 != 0 => Err(Error::KeysReadable(path)),
            Ok(_) => Self::load(&path),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file(&path)(error)),
            Err(_) if folder.has_data()? => Err(Error::KeysMissing(path)),
            Err(_) => Self::make(&path),
        }
    }

    fn load(path: &Path) -> Result<Self, Error> {
        let bytes = Zeroizing::new(std::fs::read(path).map_err(Error::file(path))?);
        let damaged = || Error::KeysDamaged(path.to_owned());
        let head: Head = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        if head.kind == KIND && head.version > VERSION {
            return Err(Error::KeysNewer(path.to_owned()));
        }
        let file: KeyFile = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        Self::from_file(&file).ok_or_else(damaged)
    }

    fn make(path: &Path) -> Result<Self, Error> {
        let key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| Error::Certificate);
        let (root_key, leaf_key) = (key()?, key()?);
        let secret = |bytes: Zeroizing<Vec<u8>>| STANDARD.encode(&*bytes);
        let file = KeyFile {
            kind: KIND.to_owned(),
            version: VERSION,
            tls_root: STANDARD.encode(tls::make_root(&root_key)?),
            tls_root_key: secret(Zeroizing::new(root_key.serialize_der())),
            tls_key: secret(Zeroizing::new(leaf_key.serialize_der())),
            log_seed: secret(Zeroizing::new(rng::bytes::<32>().to_vec())),
            token_seed: secret(Zeroizing::new(rng::bytes::<32>().to_vec())),
        };
        let json = Zeroizing::new(serde_json::to_vec_pretty(&file).expect("plain strings always serialise"));
        write_whole(path, &json, 0o600)?;
        // Read back what the next start will read, so that a key that does not load is found today.
        Self::load(path)
    }

    fn from_file(file: &KeyFile) -> Option<Self> {
        if file.kind != KIND || file.version != VERSION {
            return None;
        }
        let pair = |text: &str| {
            let der = Zeroizing::new(STANDARD.decode(text).ok()?);
            let der = PrivatePkcs8KeyDer::from(der.as_slice());
            KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ECDSA_P256_SHA256).ok()
        };
        let seed = |text: &str| {
            let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
            <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
        };
        let tls_root_key = pair(&file.tls_root_key)?;
        let tls_root = STANDARD.decode(&file.tls_root).ok()?;
        // A root of another key would only be noticed when every device fails.
        tls::is_root_of(&tls_root, &tls_root_key).then_some(())?;
        Some(Self {
            tls_root,
            tls_root_key,
            tls_key: pair(&file.tls_key)?,
            log: SigningKey::from_bytes(&*seed(&file.log_seed)?),
            issuer: Issuer::derive(&*seed(&file.token_seed)?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests;
