//! The report body: two JSON documents, *triage* (what happened) and *identities* (who), sealed apart.
//!
//! The triage document holds codes, dates and numbers only; see `value/project.rs` for the rule. The identities document
//! holds every answer that is more than that, whole. Where both have an answer, the one in the identities is the complete
//! one, so reading them together needs no merging inside values. Splitting values into two halves was rejected: a half
//! that a newer version does not know how to put back is lost.
//!
//! Answers lie flat under their field keys (`"arrest.date"`), not in nested groups: two documents are combined key by key,
//! and no field can collide with a group.

mod build;
mod identities;
mod triage;

use serde::Serialize;
use serde_json::Value as Json;

pub use build::{ClockTrust, Envelope};
pub use identities::Identities;
pub use triage::Triage;

use crate::answer::Answer;
use crate::error::Error;
use crate::limits::MAX_DOCUMENT;

/// The newest schema this version writes and reads.
pub const SCHEMA_VERSION: u32 = 1;

/// Both documents of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// What happened.
    pub triage: Triage,
    /// Who.
    pub identities: Identities,
}

impl Body {
    /// Reads both documents and checks that they belong together.
    ///
    /// # Errors
    /// [`Error::Document`], [`Error::NewerDocument`], [`Error::TooLarge`], [`Error::Mismatch`].
    pub fn parse(triage: &[u8], identities: &[u8]) -> Result<Self, Error> {
        let (triage, identities) = (Triage::parse(triage)?, Identities::parse(identities)?);
        if triage.report_id != identities.report_id {
            return Err(Error::Mismatch);
        }
        Ok(Self { triage, identities })
    }

    /// The complete answer to a field.
    #[must_use]
    pub fn answer(&self, key: &str) -> Answer<Json> {
        answer(&self.triage, Some(&self.identities), key)
    }
}

/// The most complete answer that the documents at hand have.
pub(crate) fn answer(triage: &Triage, identities: Option<&Identities>, key: &str) -> Answer<Json> {
    let whole = identities.and_then(|identities| identities.answers.get(key));
    whole.or_else(|| triage.answer(key)).cloned().unwrap_or_default()
}

/// Reads one document: size and version first, then its members.
fn read_document(bytes: &[u8], class: &str) -> Result<Json, Error> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(Error::TooLarge { what: "report document", limit: MAX_DOCUMENT });
    }
    let mut document: Json = serde_json::from_slice(bytes).map_err(|_| Error::Document { what: "not JSON" })?;
    let version =
        document.get("schema_version").and_then(Json::as_u64).ok_or(Error::Document { what: "no schema_version" })?;
    if version > u64::from(SCHEMA_VERSION) {
        return Err(Error::NewerDocument { found: version, known: u64::from(SCHEMA_VERSION) });
    }
    let members = document.as_object_mut().ok_or(Error::Document { what: "not an object" })?;
    if members.remove("class").as_ref().and_then(Json::as_str) != Some(class) {
        return Err(Error::Document { what: "another class" });
    }
    Ok(document)
}

/// Writes one document with sorted keys and its class.
fn write_document<T: Serialize>(document: &T, class: &str) -> Vec<u8> {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.insert("class".into(), class.into());
    }
    crate::json::canonical(&value).into_bytes()
}
