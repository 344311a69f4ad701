//! The words of recovery shares: the first 4,096 of the English list, twelve bits each.

use super::words::ENGLISH;

const WORDS: u16 = 4_096;

/// The word of these twelve bits.
pub(crate) fn word(number: u16) -> &'static str {
    ENGLISH.nth(u32::from(number % WORDS)).unwrap_or_default()
}

/// The bits of a word, however it is capitalised.
pub(crate) fn number(word: &str) -> Option<u16> {
    let at = ENGLISH.words().take(WORDS.into()).position(|known| known.eq_ignore_ascii_case(word))?;
    u16::try_from(at).ok()
}
