//! The invite: what a QR code or a line of text hands to a new device, in person.
//!
//! bech32m with the prefix `kapok`: its checksum catches a mistyped character, and in upper case it fits the
//! alphanumeric mode of QR codes. Format: `docs/formats/invite.md`.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{ByteIterExt as _, Fe32IterExt as _, Hrp};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::bundle::RootHashes;
use crate::bytes::Reader;
use crate::sizes::{ADDRESS_MAX, INVITE_TEXT_MAX};
use crate::tls::Pin;
use crate::{Hour, rng};

const VERSION: u8 = 1;
const PREFIX: &str = "kapok";

/// bech32m without its length limit: an invite is longer than the 90 characters the original code is tuned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LongBech32m {}

impl bech32::Checksum for LongBech32m {
    type MidstateRepr = u32;
    const CODE_LENGTH: usize = usize::MAX;
    const CHECKSUM_LENGTH: usize = bech32::Bech32m::CHECKSUM_LENGTH;
    const GENERATOR_SH: [u32; 5] = bech32::Bech32m::GENERATOR_SH;
    const TARGET_RESIDUE: u32 = bech32::Bech32m::TARGET_RESIDUE;
}

/// Proves an invite once. Known to the desk's printout, the device, and as a hash to the server.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct InviteSecret([u8; 32]);

impl InviteSecret {
    /// A fresh secret.
    #[must_use]
    pub fn make() -> Self {
        Self(rng::bytes())
    }

    /// A secret that arrived from outside.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes. Each caller says why in an `EXPOSE` comment.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the server stores to recognise it: SHA-256.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        // EXPOSE: hashed here, so that callers need not touch the bytes.
        Sha256::digest(self.expose()).into()
    }
}

impl std::fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InviteSecret [redacted]")
    }
}

impl PartialEq for InviteSecret {
    fn eq(&self, other: &Self) -> bool {
        // Hashing first leaves nothing to time.
        self.hash() == other.hash()
    }
}

impl Eq for InviteSecret {}

/// What a new device learns in person.
#[derive(Debug, PartialEq, Eq)]
pub struct Invite {
    /// SHA-256 of the organisation's three root keys.
    pub roots: RootHashes,
    /// The key the server shows when the bundle is fetched.
    pub pin: Pin,
    /// One-time secret.
    pub secret: InviteSecret,
    /// Last hour in which the server accepts the secret.
    pub expires: Hour,
    /// Where the bundle lies: `address:port`.
    pub address: String,
}

/// Why a text is no invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// A character is wrong or missing.
    #[error("the invite has a typing mistake or is cut off; scan or type it again")]
    Mistyped,
    /// Made by a newer version.
    #[error("the invite is of a newer kind; update the app")]
    Newer,
    /// The address does not fit.
    #[error("the bundle address is longer than {ADDRESS_MAX} bytes; use a shorter one")]
    AddressTooLong,
}

impl Invite {
    /// The text to print, in upper case for the QR code.
    ///
    /// # Errors
    /// [`InviteError::AddressTooLong`].
    pub fn encode(&self) -> Result<String, InviteError> {
        let len = u8::try_from(self.address.len())
            .ok()
            .filter(|len| usize::from(*len) <= ADDRESS_MAX)
            .ok_or(InviteError::AddressTooLong)?;
        let mut out = vec![VERSION];
        out.extend(self.roots.0.iter().flatten());
        out.extend(self.pin.0);
        // EXPOSE: printing the secret for one person is what an invite is for.
        out.extend(self.secret.expose());
        out.extend(self.expires.0.to_be_bytes());
        out.push(len);
        out.extend(self.address.as_bytes());
        let hrp = Hrp::parse(PREFIX).expect("a constant, valid prefix");
        let chars = out.iter().copied().bytes_to_fes().with_checksum::<LongBech32m>(&hrp).chars();
        Ok(chars.collect::<String>().to_uppercase())
    }

    /// Reads an invite from a QR code or from typed text: white space is ignored, upper and lower case are equal.
    ///
    /// # Errors
    /// [`InviteError::Mistyped`] or [`InviteError::Newer`].
    pub fn decode(text: &str) -> Result<Self, InviteError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).take(INVITE_TEXT_MAX + 1).collect();
        if text.len() > INVITE_TEXT_MAX {
            return Err(InviteError::Mistyped);
        }
        let text = text.to_ascii_lowercase();
        let parsed = CheckedHrpstring::new::<LongBech32m>(&text).map_err(|_| InviteError::Mistyped)?;
        if parsed.hrp().as_str() != PREFIX {
            return Err(InviteError::Mistyped);
        }
        let bytes = zeroize::Zeroizing::new(parsed.byte_iter().collect::<Vec<u8>>());
        match bytes.first() {
            Some(&VERSION) => Self::decode_fields(&bytes).ok_or(InviteError::Mistyped),
            Some(version) if *version > VERSION => Err(InviteError::Newer),
            _ => Err(InviteError::Mistyped),
        }
    }

    fn decode_fields(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        r.u8()?;
        let roots = RootHashes([r.array()?, r.array()?, r.array()?]);
        let pin = Pin(r.array()?);
        let secret = InviteSecret::from_bytes(r.array()?);
        let expires = Hour(r.u64()?);
        let len = usize::from(r.u8()?);
        let address = std::str::from_utf8(r.take(len)?).ok()?.to_owned();
        let whole = len <= ADDRESS_MAX && r.rest().is_empty();
        whole.then_some(Self { roots, pin, secret, expires, address })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn invite() -> Invite {
        Invite {
            roots: RootHashes([[1; 32], [2; 32], [3; 32]]),
            pin: Pin([4; 32]),
            secret: InviteSecret::from_bytes([5; 32]),
            expires: Hour(498_072),
            address: "127.0.0.1:8443".to_owned(),
        }
    }

    #[test]
    fn an_invite_reads_back_in_any_case_and_with_line_breaks() {
        let text = invite().encode().unwrap();
        assert_eq!(Invite::decode(&text).unwrap(), invite());
        let lower = text.to_lowercase();
        let lines: Vec<_> = lower.as_bytes().chunks(40).map(String::from_utf8_lossy).collect();
        assert_eq!(Invite::decode(&lines.join("\n ")).unwrap(), invite());
    }

    #[test]
    fn the_committed_vector_still_reads() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/invite.json")).unwrap();
        assert_eq!(Invite::decode(vectors["invite"].as_str().unwrap()).unwrap(), invite());
    }

    #[test]
    #[ignore = "writes the vector once"]
    fn write_vector() {
        crate::vectors::write("invite", "invite", &invite().encode().unwrap());
    }

    #[test]
    fn one_wrong_character_is_noticed_wherever_it_is() {
        let text = invite().encode().unwrap();
        for at in 0..text.len() {
            let mut bad = text.clone().into_bytes();
            bad[at] = if bad[at] == b'Q' { b'P' } else { b'Q' };
            assert_eq!(Invite::decode(std::str::from_utf8(&bad).unwrap()), Err(InviteError::Mistyped), "at {at}");
        }
    }

    #[test]
    fn the_secret_does_not_print() {
        assert!(format!("{:?}", invite()).contains("InviteSecret [redacted]"));
    }

    proptest! {
        #[test]
        fn random_text_never_panics(text in "(kapok1)?\\PC{0,700}") {
            let _ = Invite::decode(&text);
        }

        #[test]
        fn random_payloads_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let hrp = Hrp::parse(PREFIX).unwrap();
            let text: String =
                bytes.iter().copied().bytes_to_fes().with_checksum::<LongBech32m>(&hrp).chars().collect();
            let _ = Invite::decode(&text);
        }
    }
}
