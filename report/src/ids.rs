//! The id of a report and the short code that people say aloud.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use crate::error::Error;

/// Names a report. A random UUID (version 4): it tells neither time nor device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReportId(Uuid);

impl ReportId {
    /// From 16 random bytes; version and variant bits are set.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(Builder::from_random_bytes(bytes).into_uuid())
    }

    /// The 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// From the 16 bytes of an existing id.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for ReportId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Uuid::parse_str(text).map(Self).map_err(|_| Error::NotAReportId)
    }
}

/// 28 symbols: digits and consonants without 0 O 1 I L. Without vowels no code spells a word in any language.
const SYMBOLS: &[u8; 28] = b"23456789BCDFGHJKMNPQRSTVWXYZ";
const LEN: usize = 5;
const LABEL: &[u8] = b"kapok/2026-11/short-code";

/// Five symbols that name a report between people, such as `K7-PQ4`. Derived from the report's id, so phone and desk
/// show the same one. About 17 million: enough to find a report in a list, not enough to be its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortCode([u8; LEN]);

impl ShortCode {
    /// The code of a report.
    #[must_use]
    pub fn of(id: &ReportId) -> Self {
        let mut hash = Sha256::new();
        hash.update(LABEL);
        hash.update(id.as_bytes());
        // 256 bits against 28: the remainder's bias is below 2^-200 of a symbol.
        let mut number = hash.finalize().iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        let mut out = [0; LEN];
        for slot in &mut out {
            let at = usize::try_from(number % 28).unwrap_or(0);
            *slot = SYMBOLS.get(at).copied().unwrap_or(b'2');
            number /= 28;
        }
        Self(out)
    }

    /// Reads what a person typed: any case, any spaces or punctuation between.
    ///
    /// # Errors
    /// [`Error::NotAShortCode`] unless five symbols of the alphabet remain.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut out = [0; LEN];
        let mut slots = out.iter_mut();
        for c in text.chars().filter(|c| c.is_alphanumeric()) {
            let symbol = u8::try_from(c.to_ascii_uppercase()).ok().filter(|symbol| SYMBOLS.contains(symbol));
            match (slots.next(), symbol) {
                (Some(slot), Some(symbol)) => *slot = symbol,
                _ => return Err(Error::NotAShortCode),
            }
        }
        if slots.next().is_some() { Err(Error::NotAShortCode) } else { Ok(Self(out)) }
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, symbol) in self.0.iter().enumerate() {
            if at == 2 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*symbol))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ShortCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_stable_and_typed_freely() {
        let id: ReportId = "6f0c2d7e-9a0b-4a31-9a53-1f0e6d3d8d10".parse().unwrap();
        let code = ShortCode::of(&id);
        let shown = code.to_string();
        assert_eq!(shown.len(), 6);
        for typed in [shown.to_lowercase(), shown.replace('-', ""), format!(" {} ", shown.replace('-', " · "))] {
            assert_eq!(ShortCode::parse(&typed).unwrap(), code, "{typed}");
        }
        for bad in ["", "K7-PQ", "K7-PQ44", "K7-PO4", "K7-PI4", "K7-Pង4"] {
            assert_eq!(ShortCode::parse(bad), Err(Error::NotAShortCode), "{bad}");
        }
    }

    #[test]
    fn an_id_from_random_bytes_is_a_version_4_uuid() {
        let text = ReportId::from_random([0xff; 16]).to_string();
        assert_eq!(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!("no id".parse::<ReportId>(), Err(Error::NotAReportId));
    }
}
