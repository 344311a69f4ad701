//! Forms: screens of fields, all of it data.

use std::collections::BTreeMap;

use kapok_wire::bundle::Class;

use crate::answer::Status;
use crate::evidence::EvidenceKind;

/// The type of a field: decides how a value is read, checked, split between the envelopes and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldType {
    /// Free words.
    Text,
    /// Names of a person, each unsplit, with its script.
    Name,
    /// One code of a list.
    Choice,
    /// Some codes of a list.
    Choices,
    /// A partial date with an optional time of day.
    Pdate,
    /// A place: codes and words.
    Place,
    /// A way to reach a person.
    Contact,
    /// What the reporter allows.
    Consent,
    /// Yes or no.
    Bool3,
    /// Alleged actors: one code each, with count and words.
    Actors,
}

impl FieldType {
    /// All types, for tables.
    pub const ALL: [Self; 10] = [
        Self::Text,
        Self::Name,
        Self::Choice,
        Self::Choices,
        Self::Pdate,
        Self::Place,
        Self::Contact,
        Self::Consent,
        Self::Bool3,
        Self::Actors,
    ];

    /// The name in a form file.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Name => "name",
            Self::Choice => "choice",
            Self::Choices => "choices",
            Self::Pdate => "pdate",
            Self::Place => "place",
            Self::Contact => "contact",
            Self::Consent => "consent",
            Self::Bool3 => "bool3",
            Self::Actors => "actors",
        }
    }

    /// The type with this name.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// True if a value is made of words that may name somebody: never part of the triage document.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Text | Self::Name | Self::Contact)
    }

    /// True if any string is a value, so that `"unk"` cannot be a shorthand for "don't know".
    #[must_use]
    pub fn takes_words(self) -> bool {
        self.is_personal() || self == Self::Place
    }

    pub(super) fn needs_list(self) -> bool {
        matches!(self, Self::Choice | Self::Choices | Self::Consent | Self::Bool3 | Self::Actors)
    }
}

/// How sensitive a field is. T2 and T3 never travel in the triage envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Codes, province, month, sex, age band.
    T0,
    /// Exact dates, districts, codes that describe the case.
    T1,
    /// Names, contacts, addresses, free words.
    T2,
    /// Medical detail, minors' identity, gender identity, names of alleged perpetrators.
    T3,
}

impl Tier {
    /// The name in a form file.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::T0 => "T0",
            Self::T1 => "T1",
            Self::T2 => "T2",
            Self::T3 => "T3",
        }
    }
}

/// A check that a form asks for. It warns, it never refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldCheck {
    /// Say so if it is not answered.
    Recommended,
    /// Say so if the date lies in the future.
    NotFuture,
}

/// One field of a form.
#[derive(Debug, Clone)]
pub struct Field {
    /// The path, such as `person.names`.
    pub key: String,
    /// The type.
    pub kind: FieldType,
    /// The envelope it travels in.
    pub class: Class,
    /// How sensitive it is.
    pub tier: Tier,
    /// The statuses without a value that the screen offers.
    pub no_values: Vec<Status>,
    /// Key of its label.
    pub label: String,
    /// Its list of codes.
    pub list: Option<String>,
    /// The codes to draw, in order; empty = all. Other codes of the list are accepted all the same.
    pub offer: Vec<String>,
    /// Lists of the members of a composed value, such as `province` of a place.
    pub lists: BTreeMap<String, String>,
    /// The codes of a member to draw.
    pub offer_parts: BTreeMap<String, Vec<String>>,
    /// Longest text, in characters.
    pub max_chars: usize,
    /// Checks.
    pub checks: Vec<FieldCheck>,
}

/// One screen of a form: one question, one or more fields.
#[derive(Debug, Clone)]
pub struct ScreenPlan {
    /// The screen's name.
    pub id: String,
    /// Key of the question's label.
    pub label: String,
    /// Keys of its fields, in order.
    pub fields: Vec<String>,
}

/// A form.
#[derive(Debug, Clone)]
pub struct Form {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) report_type: String,
    pub(super) completeness: String,
    pub(super) label: String,
    pub(super) role_from: Option<String>,
    pub(super) needs_answers: Vec<String>,
    pub(super) needs_evidence: Vec<EvidenceKind>,
    pub(super) screens: Vec<ScreenPlan>,
    pub(super) fields: Vec<Field>,
    pub(super) by_key: BTreeMap<String, usize>,
    pub(super) after_send: Vec<String>,
}

impl Form {
    /// The form's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The form's version; raised whenever a question changes.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The report type, a code of `V-REPORT`.
    #[must_use]
    pub fn report_type(&self) -> &str {
        &self.report_type
    }

    /// `quick`, `partial` or `full`.
    #[must_use]
    pub fn completeness(&self) -> &str {
        &self.completeness
    }

    /// Key of the form's own label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The field whose choice tells the reporter's role.
    #[must_use]
    pub fn role_from(&self) -> Option<&str> {
        self.role_from.as_deref()
    }

    /// The screens, in order.
    #[must_use]
    pub fn screens(&self) -> &[ScreenPlan] {
        &self.screens
    }

    /// All fields: those on screens in order, then those that only files and later forms fill.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field with this key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.by_key.get(key).and_then(|at| self.fields.get(*at))
    }

    /// Keys of the labels to show after sending, in order.
    #[must_use]
    pub fn after_send(&self) -> &[String] {
        &self.after_send
    }

    /// Fields of which one value is enough to make a report.
    pub(crate) fn needs_answers(&self) -> &[String] {
        &self.needs_answers
    }

    /// Kinds of attachment of which one is enough to make a report.
    pub(crate) fn needs_evidence(&self) -> &[EvidenceKind] {
        &self.needs_evidence
    }
}
