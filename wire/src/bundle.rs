//! The organisation bundle: recipients, endpoints, pins and keys, signed by two of three offline root keys.
//!
//! The text of a C2SP signed note: one line that names version and purpose, one line of canonical JSON (sorted keys,
//! no white space). Everything a device trusts comes from here and from nowhere else. Unknown JSON fields and unknown
//! kinds of endpoint are skipped, so that a later bundle can add routes; what is known is checked completely.
//! Format: `docs/formats/bundle.md`.

mod signing;

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::note::{self, NoteKey};
use crate::sizes::{ORGANISATION_MAX, ORIGIN_MAX, PAGE, RECIPIENTS_MAX, RECIPIENTS_MIN, THRESHOLD};
use crate::tls::{Pin, Trust};
use crate::token::IssuerKey;

pub use signing::UntrustedNote;

/// First line of the note's text.
const PURPOSE: &str = "kapok bundle v1";
/// The name under which root keys sign.
pub const ROOT_NAME: &str = "kapok-root";

/// SHA-256 of the three root public keys, as an invite carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootHashes(pub [[u8; 32]; 3]);

/// Who may open which part of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// What happened.
    Triage,
    /// Who: names, contacts, item keys.
    Identities,
}

impl Class {
    /// The word for it, the same in files, on the command line and in texts.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Identities => "identities",
        }
    }
}

/// The algorithm of a class: never two in one class, since the weakest recipient decides what a stored copy is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// `mlkem768x25519`, recipients `age1pq1…`: safe against a later quantum computer, the default.
    PostQuantum,
    /// X25519 alone, recipients `age1…`.
    X25519,
}

/// The keys of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassKeys {
    /// What all of them are.
    pub algorithm: Algorithm,
    /// age recipients.
    pub recipients: Vec<String>,
}

/// A way to reach the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `direct`; later versions add others, which this one skips.
    pub kind: String,
    /// The name in the server's certificate: a DNS name or an address.
    #[serde(default)]
    pub name: String,
    /// Addresses to connect to, so that no DNS query is needed.
    #[serde(default)]
    pub addresses: Vec<SocketAddr>,
    /// The organisation's own root certificate, DER in base64.
    #[serde(default)]
    pub tls_root: String,
    /// Pins in base64.
    #[serde(default)]
    pub pins: Vec<String>,
}

/// The log that receipts promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Its C2SP origin line.
    pub origin: String,
    /// Ed25519 public key in base64.
    pub key: String,
}

/// Policy the organisation demands at least; a user may be stricter, never laxer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Floor {
    /// Everyday caution.
    Low,
    /// Known surveillance.
    Elevated,
    /// Threat to life or liberty.
    Severe,
}

/// The bundle's content. Lists have the current entry first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The organisation's name, shown to the person who enrols.
    pub organisation: String,
    /// Higher replaces lower; lower is refused.
    pub sequence: u64,
    /// Valid from, seconds since 1970.
    pub not_before: u64,
    /// Valid until, seconds since 1970.
    pub not_after: u64,
    /// The three root public keys, base64.
    pub roots: [String; 3],
    /// Keys of the class triage.
    pub triage: ClassKeys,
    /// Keys of the class identities.
    pub identities: ClassKeys,
    /// Ways to the server.
    pub endpoints: Vec<Endpoint>,
    /// Token issuer keys, base64.
    pub token_keys: Vec<String>,
    /// Logs.
    pub logs: Vec<Log>,
    /// Least strict policy.
    pub floor: Floor,
}

/// Why a bundle is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not a note with our purpose line and JSON.
    #[error("this is not a bundle of this version; ask the organisation for another")]
    Malformed,
    /// The JSON is not in its one canonical form.
    #[error("the bundle's bytes are not canonical; sign it again with kapok-desk")]
    NotCanonical,
    /// A field does not make sense.
    #[error("the bundle's field {0} is not usable; ask the organisation for another")]
    BadField(&'static str),
    /// The root keys are not those of the invite.
    #[error("the bundle's root keys are not those of your invite; ask the organisation in person")]
    OtherRoots,
    /// A bundle's text that nobody signed yet.
    #[error("nobody has signed this bundle; two of its root keys have to sign it")]
    Unsigned,
    /// Not enough good signatures.
    #[error("the bundle has {0} good signatures; two different root keys have to sign")]
    TooFewSignatures(usize),
    /// Valid only later: the bundle is early or this device's clock is wrong.
    #[error("the bundle is not valid yet; check the clock of this device")]
    NotYetValid,
    /// Too old to be taken up.
    #[error("the bundle has expired; ask the organisation for a newer one")]
    Expired,
    /// A lower number than the one in force.
    #[error("the bundle has number {offered}, but {in_force} is in force; an older bundle is never taken")]
    OlderSequence {
        /// Number of the bundle offered.
        offered: u64,
        /// Number of the bundle in force.
        in_force: u64,
    },
    /// One number, two contents.
    #[error("another bundle has the same number; ask the organisation in person")]
    SameSequence,
    /// One key is one lost laptop away from unreadable reports.
    #[error("the class {} has fewer than two desk keys; name two or three", .0.word())]
    TooFewRecipients(Class),
    /// More than a packet can carry.
    #[error("the class {} has more than three desk keys; name two or three", .0.word())]
    TooManyRecipients(Class),
    /// Post-quantum and classic keys in one class: an attacker would take the weaker.
    #[error("the class {} mixes post-quantum and X25519 keys; use one kind", .0.word())]
    MixedAlgorithms(Class),
}

/// A bundle as it arrived.
#[derive(Clone, Debug)]
pub struct UntrustedBundle(String);

/// The second line of a bundle's text, and whether signature lines follow.
struct Json<'a> {
    text: &'a str,
    signed: bool,
}

/// A bundle that two roots signed and whose every field was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBundle {
    note: String,
    bundle: Bundle,
    log_key: VerifyingKey,
    issuer: IssuerKey,
    trust: Vec<(Endpoint, Vec<u8>, Vec<Pin>)>,
}

impl Bundle {
    /// The text that roots sign: purpose line and canonical JSON.
    ///
    /// # Errors
    /// Every rule of [`UntrustedBundle::verify`] that needs no signature: nothing unusable gets signed.
    pub fn note_text(&self) -> Result<String, BundleError> {
        checked(self)?;
        let value = serde_json::to_value(self).map_err(|_| BundleError::Malformed)?;
        Ok(format!("{PURPOSE}\n{}\n", canonical::json(&value)))
    }

    /// SHA-256 of the root keys, for invites.
    ///
    /// # Errors
    /// [`BundleError::BadField`] if a root is not a key.
    pub fn root_hashes(&self) -> Result<RootHashes, BundleError> {
        let [a, b, c] = &self.roots;
        let hash = |text: &String| Ok::<_, BundleError>(Sha256::digest(b64::<32>(text, "roots")?).into());
        Ok(RootHashes([hash(a)?, hash(b)?, hash(c)?]))
    }
}

impl UntrustedBundle {
    /// A bundle from a file or a page; trailing zeros are padding.
    ///
    /// # Errors
    /// [`BundleError::Malformed`] if it is longer than a page or not text.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > PAGE {
            return Err(BundleError::Malformed);
        }
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        let text = bytes.get(..end).and_then(|b| std::str::from_utf8(b).ok()).ok_or(BundleError::Malformed)?;
        Ok(Self(text.to_owned()))
    }

    /// Checks everything: roots, two of three signatures, form, fields, dates, and that it is not older than
    /// `in_force`. `now` is seconds since 1970.
    ///
    /// # Errors
    /// The first rule that is broken. Nothing of a refused bundle is used.
    pub fn verify(
        &self,
        roots: &RootHashes,
        in_force: Option<&VerifiedBundle>,
        now: u64,
    ) -> Result<VerifiedBundle, BundleError> {
        let verified = self.verify_undated(roots)?;
        if let Some(current) = in_force {
            let (offered, in_force) = (verified.bundle.sequence, current.bundle.sequence);
            if offered < in_force {
                return Err(BundleError::OlderSequence { offered, in_force });
            }
            if offered == in_force && verified.bundle != current.bundle {
                return Err(BundleError::SameSequence);
            }
        }
        if now < verified.bundle.not_before {
            return Err(BundleError::NotYetValid);
        }
        if verified.is_expired(now) {
            return Err(BundleError::Expired);
        }
        Ok(verified)
    }

    /// As [`Self::verify`], for a bundle that was taken up before and lies in this device's own store: an expired one
    /// still serves to seal, since losing a report is worse.
    ///
    /// # Errors
    /// As [`Self::verify`], without dates and sequence.
    pub fn verify_undated(&self, roots: &RootHashes) -> Result<VerifiedBundle, BundleError> {
        let (bundle, Json { text: json, signed }) = self.read()?;
        if !signed {
            return Err(BundleError::Unsigned);
        }
        if bundle.root_hashes()? != *roots {
            return Err(BundleError::OtherRoots);
        }
        let keys = root_keys(&bundle)?;
        let (_, good) = note::verify(&self.0, &keys).map_err(|_| BundleError::Malformed)?;
        if good.len() < THRESHOLD {
            return Err(BundleError::TooFewSignatures(good.len()));
        }
        let value: serde_json::Value = serde_json::from_str(json).map_err(|_| BundleError::Malformed)?;
        if canonical::json(&value) != json {
            return Err(BundleError::NotCanonical);
        }
        let (log_key, issuer, trust) = checked(&bundle)?;
        Ok(VerifiedBundle { note: self.0.clone(), bundle, log_key, issuer, trust })
    }

    /// What it says, signed or not.
    fn read(&self) -> Result<(Bundle, Json<'_>), BundleError> {
        let (text, lines) = note::parts(&self.0).map_err(|_| BundleError::Malformed)?;
        let json = text.strip_prefix(PURPOSE).and_then(|rest| rest.strip_prefix('\n'));
        let json = json.and_then(|rest| rest.strip_suffix('\n')).ok_or(BundleError::Malformed)?;
        let bundle = serde_json::from_str(json).map_err(|_| BundleError::Malformed)?;
        Ok((bundle, Json { text: json, signed: !lines.is_empty() }))
    }
}

impl VerifiedBundle {
    /// The content.
    #[must_use]
    pub fn content(&self) -> &Bundle {
        &self.bundle
    }

    /// The signed note, to store or to serve.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// True after `not_after`: it still seals, with a warning, and takes up no enrolment.
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        now > self.bundle.not_after
    }

    /// The key and origin by which receipts are checked.
    #[must_use]
    pub fn log(&self) -> (&VerifyingKey, &str) {
        let origin = self.bundle.logs.first().map_or("", |log| log.origin.as_str());
        (&self.log_key, origin)
    }

    /// The current token issuer.
    #[must_use]
    pub fn issuer(&self) -> &IssuerKey {
        &self.issuer
    }

    /// The direct endpoints with whom to trust there.
    pub fn direct_endpoints(&self) -> impl Iterator<Item = (&Endpoint, Trust)> {
        self.trust
            .iter()
            .map(|(endpoint, root, pins)| (endpoint, Trust::RootAndPins { root: root.clone(), pins: pins.clone() }))
    }
}

type Checked = (VerifyingKey, IssuerKey, Vec<(Endpoint, Vec<u8>, Vec<Pin>)>);

fn checked(bundle: &Bundle) -> Result<Checked, BundleError> {
    let name = bundle.organisation.chars();
    if bundle.organisation.is_empty() || name.clone().count() > ORGANISATION_MAX || name.clone().any(char::is_control) {
        return Err(BundleError::BadField("organisation"));
    }
    if bundle.not_before >= bundle.not_after {
        return Err(BundleError::BadField("not_after"));
    }
    root_keys(bundle)?;
    check_class(Class::Triage, &bundle.triage)?;
    check_class(Class::Identities, &bundle.identities)?;
    let issuer = bundle.token_keys.first().ok_or(BundleError::BadField("token_keys"))?;
    let issuer = IssuerKey(b64(issuer, "token_keys")?);
    let log = bundle.logs.first().filter(|log| !log.origin.is_empty() && log.origin.len() <= ORIGIN_MAX);
    let log = log.ok_or(BundleError::BadField("logs"))?;
    let log_key = verifying_key(&log.key, "logs")?;
    let mut trust = Vec::new();
    for endpoint in bundle.endpoints.iter().filter(|endpoint| endpoint.kind == "direct") {
        let root = STANDARD.decode(&endpoint.tls_root).map_err(|_| BundleError::BadField("tls_root"))?;
        let pins = endpoint.pins.iter().map(|pin| b64(pin, "pins").map(Pin)).collect::<Result<Vec<_>, _>>()?;
        if endpoint.name.is_empty() || endpoint.addresses.is_empty() || root.is_empty() || pins.is_empty() {
            return Err(BundleError::BadField("endpoints"));
        }
        trust.push((endpoint.clone(), root, pins));
    }
    if trust.is_empty() {
        return Err(BundleError::BadField("endpoints"));
    }
    Ok((log_key, issuer, trust))
}

fn check_class(class: Class, keys: &ClassKeys) -> Result<(), BundleError> {
    let mut distinct = keys.recipients.clone();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < RECIPIENTS_MIN {
        return Err(BundleError::TooFewRecipients(class));
    }
    if keys.recipients.len() > RECIPIENTS_MAX {
        return Err(BundleError::TooManyRecipients(class));
    }
    let post_quantum = |recipient: &String| recipient.starts_with("age1pq1");
    let expected = keys.algorithm == Algorithm::PostQuantum;
    if keys.recipients.iter().any(|recipient| post_quantum(recipient) != expected) {
        return Err(BundleError::MixedAlgorithms(class));
    }
    if keys.recipients.iter().any(|recipient| !recipient.starts_with("age1")) {
        return Err(BundleError::BadField("recipients"));
    }
    Ok(())
}

fn root_keys(bundle: &Bundle) -> Result<Vec<NoteKey>, BundleError> {
    let [a, b, c] = &bundle.roots;
    if a == b || b == c || a == c {
        return Err(BundleError::BadField("roots"));
    }
    let key =
        |text: &String| NoteKey::new(ROOT_NAME, verifying_key(text, "roots")?).map_err(|_| BundleError::Malformed);
    Ok(vec![key(a)?, key(b)?, key(c)?])
}

fn verifying_key(text: &str, field: &'static str) -> Result<VerifyingKey, BundleError> {
    VerifyingKey::from_bytes(&b64(text, field)?).map_err(|_| BundleError::BadField(field))
}

fn b64<const N: usize>(text: &str, field: &'static str) -> Result<[u8; N], BundleError> {
    let bytes = STANDARD.decode(text).map_err(|_| BundleError::BadField(field))?;
    bytes.try_into().map_err(|_| BundleError::BadField(field))
}

#[cfg(test)]
mod tests;
