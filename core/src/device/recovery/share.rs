//! A share as bytes and as printed words.
//!
//! A row is six bytes: four words of twelve bits, and a fifth that checks the row, so that a mistyped word is found in its row before
//! anything is combined. The first row says what the share is: `version ‖ needed and people, four bits each ‖ number ‖
//! set[3]`; the others are its value. Every check covers the first row too, so that rows of two shares are not mixed.

use std::fmt;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::ShareError;
use crate::passphrase::share_word;
use crate::vault::RecoverySecret;

const VERSION: u8 = 1;
const ROW: usize = 6;
/// Words in a row, the check among them.
const WORDS: usize = 5;
const ROWS: usize = 1 + RecoverySecret::LEN / ROW;
const LEN: usize = ROWS * ROW;
const CHECK: &[u8] = b"kapok/2026-11/recovery/row";
const _: () = assert!(RecoverySecret::LEN.is_multiple_of(ROW));

/// One person's share. Wiped on drop, never printed by `Debug`.
pub struct RecoveryShare(Box<Zeroizing<[u8; LEN]>>);

/// Which shares belong together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ShareSet {
    pub(super) needed: u8,
    pub(super) people: u8,
    pub(super) id: [u8; 3],
}

impl RecoveryShare {
    /// Words of a share.
    pub const WORDS: usize = ROWS * WORDS;
    /// Rows of a share.
    pub const ROWS: usize = ROWS;
    /// Words of a row.
    pub const ROW_WORDS: usize = WORDS;

    /// `value` is the share's number and then its bytes.
    pub(super) fn new(set: ShareSet, value: &[u8]) -> Option<Self> {
        let (&number, value) = value.split_first()?;
        if value.len() != RecoverySecret::LEN {
            return None;
        }
        let mut bytes = Box::new(Zeroizing::new([0; LEN]));
        let head = [VERSION, set.needed << 4 | set.people, number];
        for (byte, from) in bytes.iter_mut().zip(head.iter().chain(&set.id).chain(value)) {
            *byte = *from;
        }
        Some(Self(bytes))
    }

    /// Reads a share that was typed: its words, with or without the numbers of the rows.
    ///
    /// # Errors
    /// What is wrong, by row and word.
    pub fn parse(text: &str) -> Result<Self, ShareError> {
        let is_number = |word: &&str| word.trim_end_matches('.').bytes().all(|byte| byte.is_ascii_digit());
        let words: Vec<_> = text.split_whitespace().filter(|word| !is_number(word)).collect();
        let mut bytes = Box::new(Zeroizing::new([0; LEN]));
        let mut checks = Zeroizing::new([0_u16; ROWS]);
        for ((row, typed), (out, check)) in
            words.chunks(WORDS).enumerate().zip(bytes.chunks_mut(ROW).zip(checks.iter_mut()))
        {
            let mut bits = Zeroizing::new(0_u64);
            for (at, word) in typed.iter().enumerate() {
                let number = share_word::number(word).ok_or(ShareError::NotAWord { row: row + 1, word: at + 1 })?;
                if at + 1 < WORDS {
                    *bits = *bits << 12 | u64::from(number);
                } else {
                    *check = number;
                }
            }
            out.iter_mut().rev().zip(bits.to_le_bytes()).for_each(|(byte, from)| *byte = from);
        }
        if words.len() != Self::WORDS {
            return Err(ShareError::WrongLength { words: words.len(), least: Self::WORDS });
        }
        let share = Self(bytes);
        let wrong = |(row, check): &(usize, &u16)| share.check(*row) != **check;
        if let Some((row, _)) = checks.iter().enumerate().find(wrong) {
            return Err(ShareError::WrongRow { row: row + 1 });
        }
        if share.at(0) != VERSION || share.number() == 0 {
            return Err(ShareError::NewerVersion);
        }
        Ok(share)
    }

    /// The words to print, a row each, to be shown once.
    #[must_use]
    pub fn expose_rows(&self) -> Vec<Zeroizing<String>> {
        let row = |(row, bytes): (usize, &[u8])| {
            let bits =
                bytes.iter().fold(Zeroizing::new(0_u64), |bits, byte| Zeroizing::new(*bits << 8 | u64::from(*byte)));
            let mut text = Zeroizing::new(String::with_capacity(80));
            for number in
                [36, 24, 12, 0].map(|shift| (*bits >> shift & 0xfff) as u16).into_iter().chain([self.check(row)])
            {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(share_word::word(number));
            }
            text
        };
        // EXPOSE: printed for one person, who is trusted with it.
        self.0.chunks(ROW).enumerate().map(row).collect()
    }

    /// Whether it can stand beside shares that were accepted, so that a wrong one is refused when it is given.
    ///
    /// # Errors
    /// [`ShareError::OtherSet`], [`ShareError::Twice`].
    pub fn fits(&self, others: &[Self]) -> Result<(), ShareError> {
        let number = self.number();
        if others.first().is_some_and(|first| first.set() != self.set()) {
            return Err(ShareError::OtherSet { number });
        }
        if others.iter().any(|other| other.number() == number) {
            return Err(ShareError::Twice { number });
        }
        Ok(())
    }

    /// Its number in the set, from 1.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.at(2)
    }

    /// How many of its set are needed.
    #[must_use]
    pub fn needed(&self) -> u8 {
        self.at(1) >> 4
    }

    pub(super) fn set(&self) -> ShareSet {
        ShareSet { needed: self.needed(), people: self.at(1) & 0xf, id: [self.at(3), self.at(4), self.at(5)] }
    }

    /// Number and value, as the splitting gave them.
    pub(super) fn expose_value(&self) -> Zeroizing<Vec<u8>> {
        let mut value = Zeroizing::new(Vec::with_capacity(1 + RecoverySecret::LEN));
        value.push(self.number());
        // EXPOSE: combined at once by the only caller.
        value.extend(self.0.iter().skip(ROW));
        value
    }

    fn at(&self, index: usize) -> u8 {
        self.0.get(index).copied().unwrap_or_default()
    }

    /// The twelve bits that check a row.
    fn check(&self, row: usize) -> u16 {
        let mut hash = Sha256::new_with_prefix(CHECK);
        hash.update(self.0.get(..ROW).unwrap_or_default());
        hash.update([u8::try_from(row).unwrap_or(u8::MAX)]);
        hash.update(self.0.get(row * ROW..(row + 1) * ROW).unwrap_or_default());
        let hash = hash.finalize();
        hash.first_chunk::<2>().map_or(0, |first| u16::from_be_bytes(*first) >> 4)
    }
}

impl fmt::Debug for RecoveryShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryShare([redacted])")
    }
}
