//! Making, signing and checking the organisation bundle on the desk's side.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use kapok_seal::ClassRecipients;
use kapok_wire::bundle::{
    Bundle, BundleError, ClassKeys, Floor, ROOT_NAME, RootHashes, UntrustedBundle, VerifiedBundle,
};
use kapok_wire::note::{self, NoteKey};
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

/// Adds a root key's signature to a text or a note; one that is there already is not added again.
///
/// # Errors
/// [`Error::NotThisKey`] for a desk key; [`Error::NotARoot`] if the bundle does not name the key; [`Error::Bundle`].
pub fn sign(text: &str, key: &OrgKey) -> Result<String, Error> {
    let (OrgKey::Root(secret), public) = (key, key.public()) else {
        return Err(Error::NotThisKey { expected: ExpectedKey::Root });
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
    if signers(text)?.iter().zip(&bundle.roots).any(|(signed, root)| *signed && *root == public) {
        return Ok(text.to_owned());
    }
    Ok(note::sign(text, ROOT_NAME, secret).map_err(|_| BundleError::Malformed)?)
}

/// Which of the bundle's root keys have signed it, in its order. Only good signatures count.
///
/// # Errors
/// [`Error::Bundle`].
pub fn signers(text: &str) -> Result<[bool; 3], Error> {
    let keys = content(text)?.roots.iter().map(|root| root_key(root)).collect::<Result<Vec<_>, _>>()?;
    // A bare text has no signatures, which is not an error here.
    let good = note::verify(text, &keys).map_or(Vec::new(), |(_, good)| good);
    Ok([0, 1, 2].map(|at| good.contains(&at)))
}

fn root_key(text: &str) -> Result<NoteKey, BundleError> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    let key = bytes.and_then(|bytes: [u8; 32]| VerifyingKey::from_bytes(&bytes).ok());
    NoteKey::new(ROOT_NAME, key.ok_or(BundleError::BadField("roots"))?).map_err(|_| BundleError::Malformed)
}

/// Why devices refuse this text, in words for those who make bundles: to them a missing signature is a next step.
pub(crate) fn refused(text: &str, error: BundleError) -> Error {
    match error {
        BundleError::Malformed if note::verify(text, &[]).is_err() && content(text).is_ok() => Error::Unsigned,
        BundleError::TooFewSignatures(good) => Error::TooFewSignatures { good },
        other => other.into(),
    }
}

/// Checks a bundle as devices do that know the root keys it names itself.
///
/// # Errors
/// [`Error::Unsigned`], [`Error::TooFewSignatures`], [`Error::Bundle`].
pub fn accepted_by_devices(text: &str, now: u64) -> Result<VerifiedBundle, Error> {
    verify(text, &content(text)?.root_hashes()?, None, now)
}

/// [`UntrustedBundle::verify`] with words for those who make bundles.
pub(crate) fn verify(
    text: &str,
    roots: &RootHashes,
    in_force: Option<&VerifiedBundle>,
    now: u64,
) -> Result<VerifiedBundle, Error> {
    let untrusted = UntrustedBundle::from_bytes(text.as_bytes())?;
    untrusted.verify(roots, in_force, now).map_err(|error| refused(text, error))
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
/// [`Error::Unsigned`], [`Error::TooFewSignatures`], [`Error::Bundle`].
pub fn verify_own(bytes: &[u8]) -> Result<VerifiedBundle, Error> {
    let untrusted = UntrustedBundle::from_bytes(bytes)?;
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let text = bytes.get(..end).and_then(|bytes| str::from_utf8(bytes).ok()).ok_or(BundleError::Malformed)?;
    untrusted.verify_undated(&content(text)?.root_hashes()?).map_err(|error| refused(text, error))
}

/// Reads a bundle's file, signed or not.
///
/// # Errors
/// [`Error::Io`], [`Error::Bundle`].
pub fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = durable::read_at_most(path, PAGE).map_err(Error::io(Doing::ReadBundle))?;
    String::from_utf8(bytes).map_err(|_| BundleError::Malformed.into())
}

#[cfg(test)]
#[path = "bundles_tests.rs"]
mod tests;
