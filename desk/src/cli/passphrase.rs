//! Passphrases: typed without echo, or read from a descriptor. Never an argument, never the environment.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};

use inquire::{InquireError, Password, PasswordDisplayMode};
use kapok_desk::Error;
use kapok_desk::limits::{PASSPHRASE_MAX, PASSPHRASE_MIN};
use zeroize::Zeroizing;

use super::Session;

impl Session {
    /// The passphrase of existing keys.
    pub(crate) fn passphrase(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.passphrase_fd {
            Some(descriptor) => from_descriptor(descriptor),
            None => prompt(self.words.get("ask_passphrase"), None),
        }
    }

    /// A passphrase for new keys, typed twice.
    pub(crate) fn new_passphrase(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let passphrase = match self.passphrase_fd {
            Some(descriptor) => from_descriptor(descriptor)?,
            None => prompt(self.words.get("ask_new_passphrase"), Some(self.words.get("ask_passphrase_again")))?,
        };
        let characters = str::from_utf8(&passphrase).map_or(0, |text| text.chars().count());
        if characters < PASSPHRASE_MIN { Err(Error::PassphraseShort { min: PASSPHRASE_MIN }) } else { Ok(passphrase) }
    }
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
    if line.is_empty() { Err(Error::PassphraseEmpty) } else { Ok(line) }
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
    if first.is_empty() { Err(Error::PassphraseEmpty) } else { Ok(first) }
}
