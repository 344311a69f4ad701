//! From answers to the two documents.

use std::collections::{BTreeMap, BTreeSet};

use kapok_wire::bundle::Class;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::triage::SAFETY;
use super::{Body, Identities, SCHEMA_VERSION, Triage};
use crate::answer::{Answer, Status};
use crate::answers::Answers;
use crate::consent::Consent;
use crate::error::Error;
use crate::evidence::{Attachment, EvidenceKind};
use crate::ids::{ReportId, ShortCode};
use crate::limits::MAX_EVIDENCE;
use crate::pack::{Field, Form, Pack};
use crate::validate::validate;
use crate::value::{Moment, project};
use crate::warning::Warning;

/// Whether the device's clock can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockTrust {
    /// Nothing speaks against it.
    #[default]
    Ok,
    /// It was set back, or never set; also what a newer version wrote and this one does not know.
    #[serde(other)]
    Suspect,
}

/// What the device says about a report, beside the answers.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The report.
    pub report_id: ReportId,
    /// When the form was filled.
    pub recorded_on: Moment,
    /// Whether the clock can be trusted.
    pub clock_trust: ClockTrust,
    /// BCP-47 language of free text.
    pub lang: String,
    /// The reporter's role, if the device knows it (an enrolled monitor); else it follows from the answers.
    pub reporter_role: Option<String>,
    /// The organisation's pseudonymous code for the reporter.
    pub reporter_ref: Option<String>,
    /// The report that this one replaces.
    pub amends: Option<ReportId>,
    /// A case's short code, given by the desk.
    pub case_hint: Option<ShortCode>,
    /// Another report about the same event.
    pub incident_hint: Option<ReportId>,
}

impl Envelope {
    /// An envelope with nothing optional.
    #[must_use]
    pub fn new(report_id: ReportId, recorded_on: Moment, lang: &str) -> Self {
        Self {
            report_id,
            recorded_on,
            clock_trust: ClockTrust::Ok,
            lang: lang.to_owned(),
            reporter_role: None,
            reporter_ref: None,
            amends: None,
            case_hint: None,
            incident_hint: None,
        }
    }
}

impl Body {
    /// Builds both documents. Returns the warnings of [`validate`] beside them.
    ///
    /// # Errors
    /// [`Error::NoSuchForm`]; the refusals of [`validate`]; [`Error::TooLarge`] for too many attachments or a document
    /// over its limit; [`Error::Document`] if two attachments have one id.
    pub fn build(
        pack: &Pack,
        form: &str,
        answers: &Answers,
        envelope: &Envelope,
        attachments: &[Attachment],
    ) -> Result<(Self, Vec<Warning>), Error> {
        let form = pack.form(form)?;
        if attachments.len() > MAX_EVIDENCE {
            return Err(Error::TooLarge { what: "attachments", limit: MAX_EVIDENCE });
        }
        let kinds: Vec<EvidenceKind> = attachments.iter().map(|one| one.item.kind).collect();
        let warnings = validate(pack, form, answers, &kinds, &envelope.recorded_on)?;
        let body = Self::assemble(pack, form, answers, envelope, attachments)?;
        body.can_be_read_back()?;
        Ok((body, warnings))
    }

    /// Both documents, also of a draft that says too little, or too much, to be finished yet.
    pub(crate) fn assemble(
        pack: &Pack,
        form: &Form,
        answers: &Answers,
        envelope: &Envelope,
        attachments: &[Attachment],
    ) -> Result<Self, Error> {
        let role = role(pack, form, answers, envelope);
        let consent_list = form.field(&pack.consent().field).and_then(|field| field.list.as_deref());
        let mut body = Self {
            triage: Triage {
                schema_version: SCHEMA_VERSION,
                report_id: envelope.report_id,
                report_type: form.report_type().to_owned(),
                completeness: form.completeness().to_owned(),
                form_id: form.id().to_owned(),
                form_version: form.version(),
                vocab_version: pack.id().to_owned(),
                consent: Consent::of(pack, consent_list, answers, &role),
                reporter_role: role,
                lang: language(pack, &envelope.lang),
                recorded_on: Answer::value(recorded(&envelope.recorded_on)),
                clock_trust: envelope.clock_trust,
                amends: envelope.amends,
                case_hint: envelope.case_hint.map(|code| code.to_string()),
                incident_hint: envelope.incident_hint,
                safety: pack.safety_flags().iter().map(|flag| (flag.clone(), Answer::default())).collect(),
                answers: BTreeMap::new(),
                sealed_apart: Vec::new(),
                evidence: Vec::new(),
                rest: BTreeMap::new(),
            },
            identities: Identities {
                schema_version: SCHEMA_VERSION,
                report_id: envelope.report_id,
                reporter_ref: envelope.reporter_ref.clone(),
                answers: BTreeMap::new(),
                extra: answers.extra().map(|(key, value)| (key.to_owned(), value.clone())).collect(),
                evidence: BTreeMap::new(),
                rest: BTreeMap::new(),
            },
        };
        for (key, answer) in answers.iter() {
            body.place_answer(pack, form.field(key), key, answer);
        }
        body.place_evidence(attachments)?;
        Ok(body)
    }

    /// A report that the desk cannot read is a lost report, so it is found out here, while the draft still exists.
    fn can_be_read_back(&self) -> Result<(), Error> {
        let read = Self::parse(&self.triage.to_bytes(), &self.identities.to_bytes())?;
        if read == *self { Ok(()) } else { Err(Error::Document { what: "it does not read back equal" }) }
    }

    /// Puts one answer where it belongs: what the triage document may show there, and the whole of it with the
    /// identities unless the triage document shows the whole.
    fn place_answer(&mut self, pack: &Pack, field: Option<&Field>, key: &str, answer: &Answer<Json>) {
        let triage_field = field.filter(|field| field.class == Class::Triage);
        let shown = triage_field.and_then(|field| {
            let value = answer.get().map(|value| project(pack, field, value));
            match value {
                None => Some(answer.bare(None)),
                Some(part) => part.map(|part| answer.bare(Some(part))),
            }
        });
        if shown.as_ref() != Some(answer) {
            self.identities.answers.insert(key.to_owned(), answer.clone());
            if triage_field.is_some() {
                self.triage.sealed_apart.push(key.to_owned());
            }
        }
        if let Some(shown) = shown.filter(|shown| shown.status() != Status::NotAsked) {
            match key.strip_prefix(SAFETY) {
                Some(flag) => self.triage.safety.insert(flag.to_owned(), shown),
                None => self.triage.answers.insert(key.to_owned(), shown),
            };
        }
    }

    fn place_evidence(&mut self, attachments: &[Attachment]) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        for Attachment { item, private } in attachments {
            let item = item.clone().guarded();
            if !seen.insert(item.evidence_id.clone()) {
                return Err(Error::Document { what: "two attachments have one id" });
            }
            self.identities.evidence.insert(item.evidence_id.clone(), private.clone());
            self.triage.evidence.push(item);
        }
        Ok(())
    }
}

/// The role the device knows, else the one that follows from the reporter's relation to the person. Codes only.
fn role(pack: &Pack, form: &Form, answers: &Answers, envelope: &Envelope) -> Answer<String> {
    let roles = pack.list("V-ROLE");
    let known = envelope.reporter_role.clone().filter(|role| roles.is_some_and(|list| list.has(role)));
    let from_answers = || {
        let field = form.field(form.role_from()?)?;
        let answer = answers.get(&field.key);
        pack.list(field.list.as_deref()?)?.item(answer.get()?.as_str()?)?.role.clone()
    };
    known.or_else(from_answers).map_or_else(Answer::default, Answer::value)
}

/// A language tag, or the pack's first language if it is not one: no place for words here.
fn language(pack: &Pack, lang: &str) -> String {
    let subtag = |part: &str| (2..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    if lang.len() <= 12 && lang.split('-').all(subtag) {
        lang.to_owned()
    } else {
        pack.languages().first().cloned().unwrap_or_default()
    }
}

fn recorded(moment: &Moment) -> Json {
    match moment.clock() {
        Some(clock) => json!({"edtf": moment.day(), "tod": clock}),
        None => json!({"edtf": moment.day()}),
    }
}
