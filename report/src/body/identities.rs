//! The identities document.

use std::collections::BTreeMap;
use std::fmt;

use kapok_wire::bundle::Class;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{read_document, write_document};
use crate::answer::Answer;
use crate::error::Error;
use crate::evidence::EvidencePrivate;
use crate::ids::ReportId;

/// Who: names, contacts, free words, file names and the keys of attachments. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identities {
    /// Version of this document.
    pub schema_version: u32,
    /// The report.
    pub report_id: ReportId,
    /// The organisation's pseudonymous code for the reporter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter_ref: Option<String>,
    /// Complete answers by field key.
    pub answers: BTreeMap<String, Answer<Json>>,
    /// What was given under keys that the form does not have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Json>,
    /// File names and item keys by `evidence_id`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, EvidencePrivate>,
    /// Members written by a newer version.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Json>,
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities([redacted])")
    }
}

impl Identities {
    /// The document's bytes: compact JSON, keys sorted.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write_document(self, Class::Identities.word())
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Document`] if damaged, [`Error::NewerDocument`] if this version is too old for it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document = read_document(bytes, Class::Identities.word())?;
        serde_json::from_value(document).map_err(|_| Error::Document { what: "identities members" })
    }
}
