//! The passphrase on its way in.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::passphrase::normal;

/// A passphrase in one normal form, wiped when dropped.
///
/// Normalised because two keyboards may send the same letters as different code points, in Khmer and in Latin script
/// alike. The normalisation is part of KDF id 1: another one needs another id, or people are locked out. It is in
/// `core/src/passphrase/`.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Fewest characters of a new one: a stop for accidents, not a measure of strength.
    pub const LEAST: usize = 8;

    /// Takes the bytes that were typed (UTF-8) and wipes the argument.
    ///
    /// # Errors
    /// [`Error::PassphraseEmpty`] and [`Error::PassphraseNotText`].
    pub fn new(typed: Vec<u8>) -> Result<Self> {
        let typed = Zeroizing::new(typed);
        let text = std::str::from_utf8(&typed).map_err(|_| Error::PassphraseNotText)?;
        let normal = normal(text);
        if normal.is_empty() { Err(Error::PassphraseEmpty) } else { Ok(Self(normal)) }
    }

    /// How many characters it has after normalisation: what a rule about the least length counts, so that one keyboard
    /// is not stricter than another.
    #[must_use]
    pub fn characters(&self) -> usize {
        // Every character has one byte that is no continuation byte.
        self.0.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
    }

    /// Refuses one that is too short to be given to a vault. An existing vault is opened with whatever opens it.
    pub(crate) fn fit_for_new(&self) -> Result<()> {
        if self.characters() < Self::LEAST { Err(Error::PassphraseTooShort { least: Self::LEAST }) } else { Ok(()) }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_passphrase_are_the_same() {
        let composed = Passphrase::new("caf\u{e9} \u{ff11}".into()).unwrap();
        let decomposed = Passphrase::new("cafe\u{301} 1".into()).unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
        // Control: without normalisation they differ.
        assert_ne!("caf\u{e9} \u{ff11}".as_bytes(), "cafe\u{301} 1".as_bytes());
    }

    #[test]
    fn characters_are_counted_after_normalisation() {
        assert_eq!(Passphrase::new("caf\u{e9}".into()).unwrap().characters(), 4);
        assert_eq!(Passphrase::new("cafe\u{301}".into()).unwrap().characters(), 4);
        assert_eq!(Passphrase::new("\u{1796}\u{17b6}\u{1780}\u{17d2}\u{1799}".into()).unwrap().characters(), 5);
        assert_eq!("cafe\u{301}".chars().count(), 5, "control: as typed it has one more");
    }

    #[test]
    fn empty_and_binary_passphrases_are_refused() {
        for empty in ["", "  ", "\u{200b}-\n"] {
            assert_eq!(Passphrase::new(empty.into()).unwrap_err(), Error::PassphraseEmpty);
        }
        assert_eq!(Passphrase::new(vec![0xff, 0xfe]).unwrap_err(), Error::PassphraseNotText);
    }

    #[test]
    fn debug_prints_no_letter_of_it() {
        let text = format!("{:?}", Passphrase::new(b"mango".to_vec()).unwrap());
        assert_eq!(text, "Passphrase([redacted])");
    }
}
