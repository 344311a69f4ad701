//! Passphrases drawn at random: the only ones whose strength is known.

use std::fmt;

use zeroize::Zeroizing;

use super::strength::Strength;
use super::words::{ENGLISH, KHMER, WordList};
use crate::vault::{KdfParams, Level, Passphrase};

/// What a generated passphrase is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassphraseKind {
    /// English words.
    EnglishWords,
    /// Khmer words. No speaker has reviewed the list yet: [`PassphraseKind::is_reviewed`].
    KhmerWords,
    /// Twenty digits in groups of four, for keyboards without letters and for people who do not read either script.
    Digits,
    /// Eight digits, and only with a separate secure element; else the same as [`PassphraseKind::Digits`].
    FewDigits,
}

/// Digits of one group.
const GROUP: usize = 4;

impl PassphraseKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::EnglishWords, Self::KhmerWords, Self::Digits, Self::FewDigits];

    /// How many words, or digits, it has on a device whose key lives there: the fewer, the slower each guess is.
    #[must_use]
    pub fn parts(self, level: Level) -> u32 {
        let secure = matches!(level, Level::StrongBox | Level::SecureEnclave);
        match (self, level) {
            (Self::EnglishWords, _) if secure => 3,
            (Self::EnglishWords, Level::Tee) => 5,
            (Self::EnglishWords, _) => 6,
            // As many as give at least the same choice; a test computes it.
            (Self::KhmerWords, _) if secure => 4,
            (Self::KhmerWords, Level::Tee) => 7,
            (Self::KhmerWords, _) => 8,
            (Self::FewDigits, _) if secure => 8,
            (Self::Digits | Self::FewDigits, _) => 20,
        }
    }

    /// Whether a speaker of the language has read the words. Shells for real users badge what nobody has.
    #[must_use]
    pub fn is_reviewed(self) -> bool {
        self.list().is_none_or(WordList::is_reviewed)
    }

    fn list(self) -> Option<WordList> {
        match self {
            Self::EnglishWords => Some(ENGLISH),
            Self::KhmerWords => Some(KHMER),
            Self::Digits | Self::FewDigits => None,
        }
    }

    /// Equally likely choices for each part.
    fn choices(self) -> u32 {
        self.list().map_or(10, WordList::size)
    }
}

/// A passphrase to be shown once, in memory that is wiped.
pub struct GeneratedPassphrase {
    text: Zeroizing<Vec<u8>>,
    kind: PassphraseKind,
    level: Level,
}

impl Passphrase {
    /// Draws a passphrase that is long enough for a device whose key lives at `level`.
    #[must_use]
    pub fn generate(kind: PassphraseKind, level: Level) -> GeneratedPassphrase {
        let parts = kind.parts(level);
        let longest = kind.list().map_or(1, WordList::longest);
        // Room for all from the start: a buffer that grows would leave unwiped copies behind.
        let mut text = Zeroizing::new(Vec::with_capacity((longest + 1) * parts as usize));
        for part in 0..parts as usize {
            let together = if kind.list().is_some() { 1 } else { GROUP };
            if part > 0 && part % together == 0 {
                text.push(b' ');
            }
            let drawn = below(kind.choices());
            match kind.list() {
                Some(list) => text.extend_from_slice(list.nth(drawn).unwrap_or_default().as_bytes()),
                None => text.extend(u8::try_from(drawn).map(|digit| b'0' + digit)),
            }
        }
        GeneratedPassphrase { text, kind, level }
    }
}

impl GeneratedPassphrase {
    /// The text to show: words, or groups of digits, with a space between them. Show it once and keep no copy.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.text).expect("it consists of whole words and digits")
    }

    /// The same as a passphrase for the core.
    #[must_use]
    pub fn to_passphrase(&self) -> Passphrase {
        Passphrase::new(self.text.to_vec()).expect("it has words or digits, and all are text")
    }

    /// Whether this is what somebody typed back, as the vault would judge it.
    #[must_use]
    pub fn is(&self, typed: &Passphrase) -> bool {
        // EXPOSE: compared on this device, with a text that its owner has just seen; there is nobody to time it.
        self.to_passphrase().expose() == typed.expose()
    }

    /// What it is made of.
    #[must_use]
    pub fn kind(&self) -> PassphraseKind {
        self.kind
    }

    /// How long it withstands guessing at this cost of a guess.
    #[must_use]
    pub fn strength(&self, kdf: KdfParams) -> Strength {
        Strength::of_choices(
            f64::from(self.kind.choices()).powf(f64::from(self.kind.parts(self.level))),
            self.level,
            kdf,
        )
    }
}

impl fmt::Debug for GeneratedPassphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratedPassphrase([redacted])")
    }
}

/// A number below `count`, each equally likely: what would make the first ones more likely is drawn again.
fn below(count: u32) -> u32 {
    let fair = u32::MAX - u32::MAX % count;
    loop {
        let drawn = Zeroizing::new(kapok_wire::rng::bytes::<4>());
        let number = u32::from_be_bytes(*drawn);
        if number < fair {
            return number % count;
        }
    }
}

#[cfg(test)]
#[path = "generate_tests.rs"]
mod tests;
