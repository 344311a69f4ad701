//! One record of a phone: what the desk calls it, which invite it was given, and whether it is written off.
//!
//! Sealed it is an ordinary age file to the recipients of class identities, of one length whatever it says. Its content
//! is one line of JSON, so that any age tool shows it, and zeros. A record says everything again, the later one that a
//! phone is written off included: a damaged file then costs no label. Format: `docs/formats/desk-folder.md`.

use kapok_report::is_hidden;
use kapok_seal::{Identity, Recipients, open_envelope, seal_to_length};
use kapok_wire::{Digest, Hour};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::limits::{PHONE_FILE, PHONE_LABEL_MAX};

const VERSION: u64 = 1;

/// A day since 1970 in the calendar of the country's pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub u64);

/// What the desk calls a person or a phone. It may name somebody, so it does not print by accident.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneLabel(String);

impl PhoneLabel {
    /// A label: 1 to 80 characters, none of which a person could not see.
    ///
    /// # Errors
    /// [`Error::PhoneLabel`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > PHONE_LABEL_MAX || text.chars().any(is_hidden) {
            return Err(Error::PhoneLabel { max: PHONE_LABEL_MAX });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, for a person who gave a passphrase.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PhoneLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneLabel [redacted]")
    }
}

/// What is known of a phone that was invited. The order of phones is that of the fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneRecord {
    /// The day on which the invite was made.
    pub made: Day,
    /// SHA-256 of the invite's secret, as the server knows it.
    pub invite: Digest,
    /// The last hour in which the invite may be used.
    pub expires: Hour,
    /// What the desk calls it.
    pub label: PhoneLabel,
    /// The day on which it was written off.
    pub lost: Option<Day>,
}

/// Why a file in `phones/` says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneFault {
    /// Sealed; its key is not here, or not behind this passphrase.
    NoKey,
    /// Changed after sealing, or never a record.
    Damaged,
    /// A newer version wrote it.
    Newer,
    /// The disk does not give it out, or it is no file.
    Unreadable,
}

impl PhoneFault {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::Damaged => "damaged",
            Self::Newer => "newer",
            Self::Unreadable => "unreadable",
        }
    }
}

#[derive(Deserialize)]
struct Version {
    kapok_phone: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    kapok_phone: u64,
    label: std::borrow::Cow<'a, str>,
    invite: String,
    expires: u64,
    made: u64,
    lost: Option<u64>,
}

/// The record as the file in `phones/`: [`PHONE_FILE`] bytes, always.
pub(crate) fn seal(record: &PhoneRecord, to: &Recipients) -> Result<Vec<u8>, Error> {
    Ok(seal_to_length(to, &encode(record), PHONE_FILE)?)
}

/// The record that a file holds; `None` if none of `identities` opens it.
pub(crate) fn open(file: &[u8], identities: &[Identity]) -> Result<Option<PhoneRecord>, PhoneFault> {
    if file.len() != PHONE_FILE {
        return Err(PhoneFault::Damaged);
    }
    match open_envelope(file, identities) {
        // EXPOSE: to read the record, for a person who gave a passphrase.
        Ok(Some(content)) => decode(content.expose()).map(Some),
        Ok(None) => Ok(None),
        Err(_) => Err(PhoneFault::Damaged),
    }
}

fn encode(record: &PhoneRecord) -> Zeroizing<Vec<u8>> {
    let document = Document {
        kapok_phone: VERSION,
        label: record.label.as_str().into(),
        invite: record.invite.to_string(),
        expires: record.expires.0,
        made: record.made.0,
        lost: record.lost.map(|day| day.0),
    };
    let mut line = serde_json::to_vec(&document).expect("texts and numbers are always JSON");
    line.push(b'\n');
    Zeroizing::new(line)
}

fn decode(content: &[u8]) -> Result<PhoneRecord, PhoneFault> {
    let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
    let (line, zeros) = content.split_at(end);
    if zeros.iter().any(|byte| *byte != 0) {
        return Err(PhoneFault::Damaged);
    }
    let version: Version = serde_json::from_slice(line).map_err(|_| PhoneFault::Damaged)?;
    if version.kapok_phone > VERSION {
        return Err(PhoneFault::Newer);
    }
    let document: Document<'_> = serde_json::from_slice(line).map_err(|_| PhoneFault::Damaged)?;
    let label = PhoneLabel::parse(&document.label).map_err(|_| PhoneFault::Damaged)?;
    // One form only: what was not written by this program is not shown as if it were.
    if document.kapok_phone != VERSION || label.as_str() != document.label {
        return Err(PhoneFault::Damaged);
    }
    Ok(PhoneRecord {
        made: Day(document.made),
        invite: document.invite.parse().map_err(|_| PhoneFault::Damaged)?,
        expires: Hour(document.expires),
        label,
        lost: document.lost.map(Day),
    })
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
