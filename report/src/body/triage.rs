//! The triage document.

use std::collections::BTreeMap;

use kapok_wire::bundle::Class;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::build::ClockTrust;
use super::{read_document, write_document};
use crate::answer::Answer;
use crate::consent::Consent;
use crate::error::Error;
use crate::evidence::EvidenceItem;
use crate::ids::ReportId;
use crate::limits::MAX_EVIDENCE;

/// What happened: codes, dates, numbers and the manifest of attachments. No name, no contact, no free word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triage {
    /// Version of this document.
    pub schema_version: u32,
    /// The report.
    pub report_id: ReportId,
    /// A code of `V-REPORT`.
    pub report_type: String,
    /// `quick`, `partial` or `full`.
    pub completeness: String,
    /// The form.
    pub form_id: String,
    /// The form's version.
    pub form_version: u32,
    /// The pack, for the meaning of codes.
    pub vocab_version: String,
    /// A code of `V-ROLE`.
    pub reporter_role: Answer<String>,
    /// BCP-47 language of free text.
    pub lang: String,
    /// When the form was filled, by the device's clock.
    pub recorded_on: Answer<Json>,
    /// Whether that clock can be trusted.
    pub clock_trust: ClockTrust,
    /// The report that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amends: Option<ReportId>,
    /// The short code of a case, given by the desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_hint: Option<String>,
    /// Another report about the same event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_hint: Option<ReportId>,
    /// What the reporter allows.
    pub consent: Consent,
    /// Protection flags, each an answer; all flags of the pack are there.
    pub safety: BTreeMap<String, Answer<Json>>,
    /// Answers by field key; a field that is not there was not asked or travels with the identities.
    pub answers: BTreeMap<String, Answer<Json>>,
    /// Keys of fields of this document of which the identities document holds more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed_apart: Vec<String>,
    /// Attachments.
    pub evidence: Vec<EvidenceItem>,
    /// Members written by a newer version.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Json>,
}

/// Field keys with this beginning lie in the safety block.
pub(super) const SAFETY: &str = "safety.";

impl Triage {
    /// The document's bytes: compact JSON, keys sorted.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        write_document(self, Class::Triage.word())
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Document`] if damaged, [`Error::NewerDocument`] if this version is too old for it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document = read_document(bytes, Class::Triage.word())?;
        let triage: Self = serde_json::from_value(document).map_err(|_| Error::Document { what: "triage members" })?;
        if triage.evidence.len() > MAX_EVIDENCE {
            return Err(Error::TooLarge { what: "evidence manifest", limit: MAX_EVIDENCE });
        }
        Ok(triage)
    }

    /// The answer to a field as far as this document knows it.
    #[must_use]
    pub fn answer(&self, key: &str) -> Option<&Answer<Json>> {
        match key.strip_prefix(SAFETY) {
            Some(flag) => self.safety.get(flag),
            None => self.answers.get(key),
        }
    }
}
