//! Making, signing and checking the organisation bundle on the desk's side.

use std::path::Path;

use kapok_seal::ClassRecipients;
use kapok_wire::bundle::{
    Bundle, BundleError, ClassKeys, Floor, ROOT_NAME, UntrustedBundle, VerifiedBundle,
};
use kapok_wire::note;
use kapok_wire::sizes::PAGE;

use crate::error::Error;
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
    pub fn note_text(&self, card: &ServerCard, now: u64) -> Result<String, Error> {
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
        Ok(bundle.note_text()?)
    }
}

fn class(recipients: &[String]) -> Result<ClassKeys, Error> {
    let first: kapok_seal::Recipient =
        recipients.first().and_then(|text| text.parse().ok()).ok_or(Error::BadPublicKey("a desk key"))?;
    Ok(ClassKeys { algorithm: first.algorithm(), recipients: recipients.to_vec() })
}

/// Adds a root key's signature to a text or a note.
///
/// # Errors
/// [`Error::NotThisKey`] for a desk key; [`Error::NotARoot`] if the bundle does not name the key; [`Error::Bundle`].
pub fn sign(text: &str, key: &OrgKey) -> Result<String, Error> {
    let (OrgKey::Root(secret), public) = (key, key.public()) else {
        return Err(Error::NotThisKey { expected: "root" });
    };
    let bundle = content(text)?;
    let bare = note::verify(text, &[]).map_or(text, |(bare, _)| bare);
    // A root key signs nothing that this program does not fully understand.
    if bundle.note_text()? != bare {
        return Err(BundleError::NotCanonical.into());
    }
    // A signature by a stranger would be carried along for nothing, and by mistake.
    if !bundle.roots.contains(&public) {
        return Err(Error::NotARoot);
    }
    Ok(note::sign(text, ROOT_NAME, secret).map_err(|_| BundleError::Malformed)?)
}

/// What a bundle says, before anything about it is verified.
///
/// # Errors
/// [`Error::Bundle`].
pub fn content(text: &str) -> Result<Bundle, Error> {
    // A text without signatures is no note yet: the two lines are all there is.
    let text = note::verify(text, &[]).map_or(text, |(text, _)| text);
    let json = text.split_once('\n').map(|(_, json)| json).ok_or(BundleError::Malformed)?;
    let bundle: Bundle = serde_json::from_str(json).map_err(|_| BundleError::Malformed)?;
    Ok(bundle)
}

/// Verifies a bundle against the root keys that it names itself, dates left to the caller: for files of this desk,
/// and for a first bundle, whose roots a person compares.
///
/// # Errors
/// [`Error::Bundle`].
pub fn verify_own(bytes: &[u8]) -> Result<VerifiedBundle, Error> {
    let untrusted = UntrustedBundle::from_bytes(bytes)?;
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let text = bytes.get(..end).and_then(|bytes| str::from_utf8(bytes).ok()).ok_or(BundleError::Malformed)?;
    Ok(untrusted.verify_undated(&content(text)?.root_hashes()?)?)
}

/// Reads a bundle's file, signed or not.
///
/// # Errors
/// [`Error::Io`], [`Error::Bundle`].
pub fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = durable::read_at_most(path, PAGE).map_err(Error::io("reading the bundle"))?;
    String::from_utf8(bytes).map_err(|_| BundleError::Malformed.into())
}

#[cfg(test)]
#[path = "bundles_tests.rs"]
mod tests;
