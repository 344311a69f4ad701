//! Secrets of the desk at rest: age files behind a passphrase (scrypt), readable with any age tool.
//!
//! A format of our own was rejected: an organisation must be able to open its keys without this program.

use std::io::{Read as _, Write as _};
use std::iter;

use age::{DecryptError, Decryptor, Encryptor, scrypt};
use age_core::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::limits::{LOCKED_FILE_MAX, LOCKED_SECRET_MAX, WORK_FACTOR_MAX};
use crate::secret::SecretBytes;

/// Work factor for new files: 2^18 takes 256 MiB and about a second, on a desk's machine.
pub const WORK_FACTOR: u8 = 18;

/// Locks `secret` behind `passphrase`, as an age file. `work_factor` is the exponent; [`WORK_FACTOR`] unless testing.
///
/// # Errors
/// [`Error::SecretTooLong`], [`Error::PassphraseUnusable`], [`Error::WorkFactor`], [`Error::SealFailed`].
pub fn lock_with_passphrase(secret: &[u8], passphrase: &[u8], work_factor: u8) -> Result<Vec<u8>, Error> {
    if secret.len() > LOCKED_SECRET_MAX {
        return Err(Error::SecretTooLong { max: LOCKED_SECRET_MAX });
    }
    if !(1..=WORK_FACTOR_MAX).contains(&work_factor) {
        return Err(Error::WorkFactor { asked: work_factor, max: WORK_FACTOR_MAX });
    }
    let mut recipient = scrypt::Recipient::new(usable(passphrase)?);
    recipient.set_work_factor(work_factor);
    let encryptor = Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient));
    let mut file = Vec::new();
    let mut writer = encryptor.map_err(|_| Error::SealFailed)?.wrap_output(&mut file).map_err(|_| Error::SealFailed)?;
    writer.write_all(secret).and_then(|()| writer.finish()).map_err(|_| Error::SealFailed)?;
    Ok(file)
}

/// Opens what [`lock_with_passphrase`] or another age tool made. Length and work factor are checked before any work.
///
/// # Errors
/// [`Error::WrongPassphrase`] also when the wrapped key was damaged: the two cannot be told apart.
pub fn unlock_with_passphrase(file: &[u8], passphrase: &[u8]) -> Result<SecretBytes, Error> {
    if file.len() > LOCKED_FILE_MAX {
        return Err(Error::WrongLength);
    }
    let decryptor = Decryptor::new_buffered(file).map_err(|_| Error::NotLocked)?;
    if !decryptor.is_scrypt() {
        return Err(Error::NotLocked);
    }
    let mut identity = scrypt::Identity::new(usable(passphrase)?);
    identity.set_max_work_factor(WORK_FACTOR_MAX);
    let mut reader = match decryptor.decrypt(iter::once(&identity as &dyn age::Identity)) {
        Ok(reader) => reader,
        Err(DecryptError::ExcessiveWork { required, .. }) => {
            return Err(Error::WorkFactor { asked: required, max: WORK_FACTOR_MAX });
        }
        Err(DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed) => {
            return Err(Error::WrongPassphrase);
        }
        Err(DecryptError::InvalidMac) => return Err(Error::EnvelopeMac),
        Err(DecryptError::Io(_)) => return Err(Error::EnvelopePayload),
        Err(_) => return Err(Error::EnvelopeHeader),
    };
    let mut secret = Zeroizing::new(Vec::with_capacity(file.len()));
    reader.read_to_end(&mut secret).map_err(|_| Error::EnvelopePayload)?;
    Ok(SecretBytes::new(secret))
}

/// The passphrase as age takes it.
fn usable(passphrase: &[u8]) -> Result<SecretString, Error> {
    let text = str::from_utf8(passphrase).map_err(|_| Error::PassphraseUnusable)?;
    if text.is_empty() { Err(Error::PassphraseUnusable) } else { Ok(SecretString::from(text)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUICK: u8 = 2;

    #[test]
    fn the_right_passphrase_opens_and_a_wrong_one_is_told() {
        let file = lock_with_passphrase(b"key material", "ពាក្យសម្ងាត់".as_bytes(), QUICK).unwrap();
        let secret = unlock_with_passphrase(&file, "ពាក្យសម្ងាត់".as_bytes()).unwrap();
        assert_eq!(secret.expose(), b"key material");
        assert_eq!(unlock_with_passphrase(&file, b"guess").unwrap_err(), Error::WrongPassphrase);
        assert!(!file.windows(12).any(|window| window == b"key material"));
    }

    #[test]
    fn unusable_input_is_refused_before_any_work() {
        assert_eq!(lock_with_passphrase(b"k", b"", QUICK).unwrap_err(), Error::PassphraseUnusable);
        assert_eq!(lock_with_passphrase(b"k", b"\xff", QUICK).unwrap_err(), Error::PassphraseUnusable);
        for asked in [0, WORK_FACTOR_MAX + 1, 64, 255] {
            assert_eq!(
                lock_with_passphrase(b"k", b"p", asked).unwrap_err(),
                Error::WorkFactor { asked, max: WORK_FACTOR_MAX }
            );
        }
        let long = vec![0; LOCKED_SECRET_MAX + 1];
        assert!(matches!(lock_with_passphrase(&long, b"p", QUICK), Err(Error::SecretTooLong { .. })));
        let longest = lock_with_passphrase(&long[1..], b"p", QUICK).unwrap();
        assert!(longest.len() <= LOCKED_FILE_MAX);
        assert_eq!(unlock_with_passphrase(&vec![0; LOCKED_FILE_MAX + 1], b"p").unwrap_err(), Error::WrongLength);
        assert_eq!(unlock_with_passphrase(b"", b"p").unwrap_err(), Error::NotLocked);
    }

    #[test]
    fn a_file_that_asks_for_too_much_work_is_refused_at_once() {
        let file = lock_with_passphrase(b"k", b"p", QUICK).unwrap();
        let text = String::from_utf8_lossy(&file[..120]).into_owned();
        let line = text.lines().nth(1).unwrap();
        assert!(line.ends_with(" 2"), "{line}");
        let greedy_line = format!("{} 40", line.strip_suffix(" 2").unwrap());
        let mut greedy = Vec::from(format!("age-encryption.org/v1\n{greedy_line}"));
        greedy.extend_from_slice(&file["age-encryption.org/v1\n".len() + line.len()..]);
        assert_eq!(
            unlock_with_passphrase(&greedy, b"p").unwrap_err(),
            Error::WorkFactor { asked: 40, max: WORK_FACTOR_MAX }
        );
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let file = lock_with_passphrase(b"key", b"p", QUICK).unwrap();
        for index in 0..file.len() {
            let mut damaged = file.clone();
            damaged[index] ^= 1;
            assert!(unlock_with_passphrase(&damaged, b"p").is_err(), "byte {index}");
        }
    }

    proptest! {
        #[test]
        fn random_and_cut_files_never_open_or_panic(noise in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(unlock_with_passphrase(&noise, b"p").is_err());
            let file = lock_with_passphrase(b"key", b"p", QUICK).unwrap();
            let cut = noise.len() % file.len();
            prop_assert!(unlock_with_passphrase(&file[..cut], b"p").is_err());
        }
    }
}
