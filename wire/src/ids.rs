//! Identifiers, digests and hours as newtypes: mixing two of them up does not compile.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::hex::{self, HexError};

/// Writes the first four bytes in hex: enough to tell two ids apart in a log, too little to look one up.
fn short(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in bytes.iter().take(4) {
        write!(f, "{byte:02x}")?;
    }
    f.write_str("…")
}

/// Names one upload: up to 64 objects sent under one token. Random, made by the device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub [u8; 16]);

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(&self.0, f)
    }
}

/// Names one sealed object. Made by the device: random for a packet, derived from the item key for a chunk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub [u8; 16]);

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(&self.0, f)
    }
}

/// All of it, for names of files and for documents; logs take the short form of `Debug`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl FromStr for ObjectId {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        hex::parse(text).map(Self)
    }
}

/// SHA-256: of an object's sealed area, of an attachment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(&self.0, f)
    }
}

/// All of it, to compare and to store; logs take the short form of `Debug`.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl FromStr for Digest {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        hex::parse(text).map(Self)
    }
}

/// First eight bytes of SHA-256 of a token issuer's public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenKeyId(pub [u8; 8]);

impl fmt::Debug for TokenKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        short(&self.0, f)
    }
}

impl Digest {
    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

/// Whole hours since 1970-01-01T00:00Z: the finest time the server keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(pub u64);

impl Hour {
    /// The hour that contains `seconds` since 1970-01-01T00:00Z.
    #[must_use]
    pub fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds / 3_600)
    }
}

/// The two kinds of upload body: one packet of text, or one chunk of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// 16,384 bytes: a packet.
    Text,
    /// 65,536 bytes: a media chunk.
    Media,
}

impl Lane {
    /// The lane's number in a head.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Media => 1,
        }
    }

    /// The lane with this number, if there is one.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Text),
            1 => Some(Self::Media),
            _ => None,
        }
    }

    /// Length of a body in this lane, in bytes.
    #[must_use]
    pub fn body_len(self) -> usize {
        match self {
            Self::Text => crate::sizes::TEXT_BODY,
            Self::Media => crate::sizes::MEDIA_BODY,
        }
    }

    /// Length of the sealed area in this lane, in bytes.
    #[must_use]
    pub fn sealed_len(self) -> usize {
        self.body_len() - crate::sizes::HEAD
    }
}
