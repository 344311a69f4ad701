//! The keys of age files, taken while the desk opens them: what a phone must not keep of a report that it sealed.

use std::cell::RefCell;

use age::{DecryptError, Decryptor};
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use hkdf::Hkdf;
use kapok_desk::{Folder, Keyring};
use kapok_seal::Identity;
use sha2::Sha256;

use crate::world::DESK_PASSPHRASE;

const BEGINS: &[u8] = b"age-encryption.org/v1\n";

/// File key and payload key of every age file in `bytes` that the desk can open.
///
/// # Panics
/// If the desk's keys do not open.
#[must_use]
pub fn all(bytes: &[u8], desk: &Folder) -> Vec<(&'static str, Vec<u8>)> {
    let ring = Keyring::unlock(desk, DESK_PASSPHRASE.to_vec().into()).unwrap();
    let mut keys = Vec::new();
    for at in (0..bytes.len()).filter(|at| bytes[*at..].starts_with(BEGINS)) {
        let file = &bytes[at..];
        for identity in ring.identities() {
            let taking = Taking { identity, taken: RefCell::default() };
            let opened = Decryptor::new(file).unwrap().decrypt(std::iter::once(&taking as &dyn age::Identity)).is_ok();
            if let Some(file_key) = taking.taken.take().filter(|_| opened) {
                keys.push(("a report's payload key", payload_key(file, &file_key).to_vec()));
                keys.push(("a report's file key", file_key));
            }
        }
    }
    keys
}

/// As age derives it from the 16 bytes behind the header.
fn payload_key(file: &[u8], file_key: &[u8]) -> [u8; 32] {
    let mac = file.windows(5).position(|text| text == b"\n--- ").unwrap() + 1;
    let end = mac + file[mac..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(&file[end..end + 16]), file_key).expand(b"payload", &mut key).unwrap();
    key
}

/// An identity that remembers what it opened.
struct Taking<'a> {
    identity: &'a Identity,
    taken: RefCell<Option<Vec<u8>>>,
}

impl age::Identity for Taking<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let found = self.identity.unwrap_stanza(stanza);
        if let Some(Ok(key)) = &found {
            *self.taken.borrow_mut() = Some(key.expose_secret().to_vec());
        }
        found
    }
}
