//! Making, signing and checking the organisation bundle on the desk's side.

use std::path::Path;

use kapok_seal::ClassRecipients;
use kapok_wire::bundle::{Bundle, BundleError, ClassKeys, Floor, ROOT_NAME, UntrustedNote, VerifiedBundle};
use kapok_wire::note;
use kapok_wire::sizes::PAGE;

use crate::doing::Doing;
use crate::error::{Error, ExpectedKey};
use crate::keys::secret::OrgKey;
use crate::net::card::ServerCard;
use crate::store::durable;

const DAY: u64 = 86_400;

/// What the organisation decides about a bundle; everything else comes from the server's card.
#[derive(Clone, Debug)]
pub struct BundlePlan {
    /// Shown to people who enrol.
    pub organisation: String,
    /// Higher than the bundle in force.
    pub sequence: u64,
    /// How long devices take it up.
    pub valid_days: u64,
    /// Public parts of three root keys.
    pub roots: [String; 3],
    /// Public parts of the desk keys of class triage.
    pub triage: Vec<String>,
    /// Public parts of the desk keys of class identities.
    pub identities: Vec<String>,
}

impl BundlePlan {
    /// The text to sign. `now` is seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Bundle`] with the rule that is broken; [`Error::BadPublicKey`].
    pub fn note(&self, card: &ServerCard, now: u64) -> Result<UntrustedNote, Error> {
        let bundle = Bundle {
            organisation: self.organisation.trim().to_owned(),
            sequence: self.sequence,
            // Clocks of phones are often a day off; a bundle that is not valid yet would stop them from enrolling.
            not_before: now.saturating_sub(DAY),
            not_after: now.saturating_add(self.valid_days.saturating_mul(DAY)),
            roots: self.roots.clone(),
            triage: class(&self.triage)?,
            identities: class(&self.identities)?,
            endpoints: vec![card.endpoint()],
            token_keys: vec![card.token_key()],
            logs: vec![card.log()],
            floor: Floor::Low,
        };
        ClassRecipients::of(&bundle)?;
        Ok(UntrustedNote::from_bytes(bundle.note_text()?.as_bytes())?)
    }
}

fn class(recipients: &[String]) -> Result<ClassKeys, Error> {
    let first: kapok_seal::Recipient =
        recipients.first().and_then(|text| text.parse().ok()).ok_or(Error::BadPublicKey("a desk key"))?;
    Ok(ClassKeys { algorithm: first.algorithm(), recipients: recipients.to_vec() })
}

/// What came of signing.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The note as it is now.
    pub note: UntrustedNote,
    /// Which of the bundle's roots the key is: 1, 2 or 3.
    pub root: usize,
    /// False if the key had signed before, and nothing was added.
    pub added: bool,
}

/// Adds a root key's signature; one that is there already is not added again.
///
/// # Errors
/// [`Error::NotThisKey`] for a desk key; [`Error::NotARoot`] if the bundle does not name the key; [`Error::Bundle`].
pub fn sign(note: &UntrustedNote, key: &OrgKey) -> Result<Signed, Error> {
    let (OrgKey::Root(secret), public) = (key, key.public()) else {
        return Err(Error::NotThisKey { expected: ExpectedKey::Root });
    };
    if !note.is_canonical() {
        return Err(BundleError::NotCanonical.into());
    }
    // A signature by a stranger would be carried along for nothing, and by mistake.
    let named = (1..).zip(&note.content().roots).zip(note.signers()).find(|((_, root), _)| **root == public);
    let ((root, _), before) = named.ok_or(Error::NotARoot)?;
    if before {
        return Ok(Signed { note: note.clone(), root, added: false });
    }
    let signed = note::sign(note.as_str(), ROOT_NAME, secret).map_err(|_| BundleError::Malformed)?;
    Ok(Signed { note: UntrustedNote::from_bytes(signed.as_bytes())?, root, added: true })
}

/// Verifies a bundle against the root keys that it names itself, dates left to the caller: for files of this desk,
/// and for a first bundle, whose roots a person compares.
///
/// # Errors
/// [`Error::Unsigned`], [`Error::TooFewSignatures`], [`Error::Bundle`].
pub fn verify_own(bytes: &[u8]) -> Result<VerifiedBundle, Error> {
    Ok(UntrustedNote::from_bytes(bytes)?.verify_own_undated()?)
}

/// Reads a bundle's file, signed or not.
///
/// # Errors
/// [`Error::Io`], [`Error::Bundle`].
pub fn read_note(path: &Path) -> Result<UntrustedNote, Error> {
    let bytes = durable::read_at_most(path, PAGE).map_err(Error::io(Doing::ReadBundle))?;
    Ok(UntrustedNote::from_bytes(&bytes)?)
}

#[cfg(test)]
#[path = "bundles_tests.rs"]
mod tests;
