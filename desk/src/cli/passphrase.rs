//! Passphrases: typed without echo, or read from a descriptor. Never an argument, never the environment.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};

use inquire::{InquireError, Password, PasswordDisplayMode};
use kapok_desk::Error;
use kapok_desk::limits::{PASSPHRASE_MAX, PASSPHRASE_MIN};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::Session;

impl Session {
    /// The passphrase of existing keys.
    pub(crate) fn passphrase(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.passphrase_fd {
            Some(descriptor) => usable(from_descriptor(descriptor)?),
            None => usable(prompt(self.words.get("ask_passphrase"), None)?),
        }
    }

    /// A passphrase for new keys, typed twice.
    pub(crate) fn new_passphrase(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let passphrase = match self.passphrase_fd {
            Some(descriptor) => from_descriptor(descriptor)?,
            None => prompt(self.words.get("ask_new_passphrase"), Some(self.words.get("ask_passphrase_again")))?,
        };
        fit_for_new(usable(passphrase)?)
    }
}

/// Refuses what cannot be a passphrase at all: age takes text only.
fn usable(typed: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Error> {
    match str::from_utf8(&typed) {
        Err(_) => Err(Error::PassphraseNotText),
        Ok("") => Err(Error::PassphraseEmpty),
        Ok(_) => Ok(typed),
    }
}

/// Refuses one that is too short for new keys. Characters are counted as the device counts them, in Unicode form NFKC, so
/// that one keyboard is not stricter than another; the bytes stay as they were typed, because age locks with those.
fn fit_for_new(typed: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let characters = str::from_utf8(&typed).map_or(0, |text| text.nfkc().count());
    if characters < PASSPHRASE_MIN { Err(Error::PassphraseShort { min: PASSPHRASE_MIN }) } else { Ok(typed) }
}

/// Reads up to the first newline, or to the end.
fn from_descriptor(descriptor: u32) -> Result<Zeroizing<Vec<u8>>, Error> {
    // The system's own view of our descriptors; opening it duplicates the descriptor.
    let mut file = File::open(format!("/dev/fd/{descriptor}")).map_err(|_| Error::NoPassphrase)?;
    // Reserved at once: growing would leave pieces of it behind in memory.
    let mut line = Zeroizing::new(Vec::with_capacity(PASSPHRASE_MAX));
    // Byte by byte and without a buffer: what follows the line belongs to somebody else.
    let mut byte = Zeroizing::new([0]);
    while file.read(byte.as_mut_slice()).map_err(|_| Error::NoPassphrase)? == 1 {
        match *byte {
            [b'\n'] => break,
            _ if line.len() == PASSPHRASE_MAX => return Err(Error::PassphraseLong { max: PASSPHRASE_MAX }),
            [byte] => line.push(byte),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

fn prompt(text: &str, again: Option<&str>) -> Result<Zeroizing<Vec<u8>>, Error> {
    if !io::stdin().is_terminal() {
        return Err(Error::NoPassphrase);
    }
    let ask = |text: &str| {
        let asked = Password::new(text).without_confirmation().with_display_mode(PasswordDisplayMode::Hidden).prompt();
        asked.map(|typed| Zeroizing::new(typed.into_bytes())).map_err(|error| match error {
            InquireError::OperationInterrupted | InquireError::OperationCanceled => Error::Stopped,
            _ => Error::NoPassphrase,
        })
    };
    let first = ask(text)?;
    if let Some(again) = again
        && ask(again)? != first
    {
        return Err(Error::PassphraseMismatch);
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(typed: &[u8]) -> Result<(), Error> {
        usable(Zeroizing::new(typed.to_vec())).and_then(fit_for_new).map(|_| ())
    }

    #[test]
    fn the_least_length_is_counted_after_normalisation_as_the_device_counts() {
        assert!(matches!(new("cafe\u{301}xyz".as_bytes()), Err(Error::PassphraseShort { min: 8 })));
        assert!(new("cafe\u{301}wxyz".as_bytes()).is_ok());
        assert_eq!("cafe\u{301}xyz".chars().count(), 8, "control: as typed it is long enough");
        // One ligature is three letters.
        assert!(new("\u{fb03}abcde".as_bytes()).is_ok());
    }

    #[test]
    fn a_passphrase_that_is_not_text_is_called_that_and_not_short() {
        for typed in [&b"\xff"[..], b"a long one \xff\xfe with more"] {
            assert!(matches!(new(typed), Err(Error::PassphraseNotText)));
        }
        assert!(matches!(new(b""), Err(Error::PassphraseEmpty)));
        assert!(matches!(new(b"short"), Err(Error::PassphraseShort { .. })), "control");
    }
}
