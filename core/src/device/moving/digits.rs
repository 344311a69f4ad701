//! The digits that people compare, and the secret they come from.
//!
//! Key digits and file digits are twenty, some 66 bits: neither is secret, so somebody who sees them may look for another
//! key or file with the same ones for as long as he likes. Six would take a laptop a minute. They are typed, not
//! confirmed: a question that can be answered without looking is answered without looking.

use hkdf::Hkdf;
use kapok_seal::Recipient;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const KEY: &[u8] = b"kapok/2026-11/move/key-digits";
const FILE: &[u8] = b"kapok/2026-11/move/file-digits";
const ARRIVAL: &[u8] = b"kapok/2026-11/move/arrival";

/// Digits in a group, as shown.
const GROUP: usize = 4;

/// Random, in the file: whoever has it opened the file, or wrote it.
pub(super) struct MoveSecret(Zeroizing<[u8; 32]>);

impl MoveSecret {
    pub(super) fn make() -> Self {
        Self(Zeroizing::new(kapok_wire::rng::bytes()))
    }

    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// For the file, which is sealed.
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digits of a whole file: sealed to this key, with this secret inside.
    pub(super) fn file_digits(&self, to: &Recipient, file: &[u8; 32]) -> String {
        let to = Sha256::digest(to.to_string());
        derive(Some(&to), &*self.0, &[FILE, file], 20)
    }

    /// The digits that prove to the old phone that somebody opened the file. Few, because they are guessed three times.
    pub(super) fn arrival(&self) -> String {
        derive(None, &*self.0, &[ARRIVAL], 8)
    }
}

/// The digits of a move key.
pub(super) fn key_digits(key: &Recipient) -> String {
    derive(None, key.to_string().as_bytes(), &[KEY], 20)
}

fn derive(salt: Option<&[u8]>, input: &[u8], info: &[&[u8]], digits: usize) -> String {
    let mut out = [0; 16];
    let hkdf = Hkdf::<Sha256>::new(salt, input);
    hkdf.expand_multi_info(info, &mut out).expect("16 bytes are a length HKDF can give");
    let all = format!("{:039}", u128::from_be_bytes(out));
    // The last digits: the first of a 128-bit number are far from uniform.
    let kept: Vec<char> = all.chars().skip(39 - digits).collect();
    kept.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Whether somebody typed these digits: spaces and hyphens as they like, Khmer digits too.
pub(super) fn same(typed: &str, digits: &str) -> bool {
    let plain = |text: &str| -> Option<String> {
        let kept = text.chars().filter(|sign| !sign.is_whitespace() && !matches!(sign, '-' | '\u{200b}'));
        kept.map(|sign| match sign {
            '0'..='9' => Some(sign),
            '\u{17e0}'..='\u{17e9}' => char::from_digit(u32::from(sign) - 0x17e0, 10),
            _ => None,
        })
        .collect()
    };
    plain(typed).is_some_and(|typed| Some(typed) == plain(digits))
}

#[cfg(test)]
mod tests {
    use kapok_seal::Identity;

    use super::*;

    #[test]
    fn every_input_changes_the_digits_of_a_file() {
        let (key, other) = (Identity::make_pq().to_recipient(), Identity::make_pq().to_recipient());
        let secret = MoveSecret::from_bytes([1; 32]);
        let digits = secret.file_digits(&key, &[2; 32]);
        assert_eq!(digits, secret.file_digits(&key, &[2; 32]));
        assert_eq!(digits.len(), 24);
        assert_eq!(secret.arrival().len(), 9);
        assert_ne!(digits, secret.file_digits(&other, &[2; 32]), "a key that was swapped");
        assert_ne!(digits, secret.file_digits(&key, &[3; 32]), "another file");
        assert_ne!(digits, MoveSecret::from_bytes([3; 32]).file_digits(&key, &[2; 32]), "another secret");
        assert_ne!(key_digits(&key), key_digits(&other));
    }

    #[test]
    fn digits_are_the_same_however_they_are_typed_and_nothing_else_is() {
        for typed in ["1234 5678", "12345678", " 12-34 56-78 ", "១២៣៤ ៥៦៧៨"] {
            assert!(same(typed, "1234 5678"), "{typed}");
        }
        for typed in ["", "1234 5679", "1234 567", "1234 56789", "1234 567a"] {
            assert!(!same(typed, "1234 5678"), "{typed}");
        }
    }
}
