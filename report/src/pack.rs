//! Packs: forms, lists and labels as data. The code knows no country and no question.
//!
//! A pack is a handful of JSON files. Everything a person sees or may choose comes from it, so that a question is added,
//! reworded or translated without touching code, and so that the organisation can sign and update it. Everything is
//! checked when it is loaded: what a screen needs later is known to be there.

mod builtin;
mod check;
mod form;
mod label;
mod list;
mod load;
mod raw;

use std::collections::BTreeMap;

pub use form::{Field, FieldCheck, FieldType, Form, ScreenPlan, Tier};
pub use label::{Label, Review};
pub use list::{Item, List, Redirect};

use crate::error::Error;
use label::Labels;

/// The newest pack format this version reads.
pub const PACK_FORMAT: u32 = 1;

/// A checked pack.
#[derive(Debug, Clone)]
pub struct Pack {
    id: String,
    country: String,
    time_zone: String,
    utc_offset_minutes: i32,
    languages: Vec<String>,
    forms: BTreeMap<String, Form>,
    lists: BTreeMap<String, List>,
    labels: Labels,
    consent: ConsentRules,
    safety_flags: Vec<String>,
}

/// How a consent choice becomes purposes granted: data, because organisations and laws differ.
#[derive(Debug, Clone)]
pub(crate) struct ConsentRules {
    pub(crate) field: String,
    pub(crate) contact_field: String,
    pub(crate) purposes: String,
    pub(crate) bases: String,
    pub(crate) always: Vec<String>,
    pub(crate) with_contact: Vec<String>,
    pub(crate) by_role: BTreeMap<String, RoleRule>,
    pub(crate) otherwise: RoleRule,
}

/// What a reporter in a role may allow for the person concerned.
#[derive(Debug, Clone)]
pub(crate) struct RoleRule {
    pub(crate) basis: Option<String>,
    pub(crate) only: Option<Vec<String>>,
}

impl Pack {
    /// Checks and loads a pack from its files: path within the pack (`pack.json`, `forms/….json`, `lists/….json`,
    /// `labels/….json`) and bytes.
    ///
    /// # Errors
    /// [`Error::Pack`] with the place and the mistake; the first one found.
    pub fn parse(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, Error> {
        load::load(files)
    }

    /// The pack that is compiled in.
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse(&builtin::files()).expect("the compiled-in pack is checked by a test")
    }

    /// The files of the compiled-in pack, as a start for another one.
    #[must_use]
    pub fn builtin_files() -> BTreeMap<String, Vec<u8>> {
        builtin::files()
    }

    /// The pack's name and version, such as `kh-2025.1`: written into each report as the version of its vocabulary.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The country, as ISO 3166-1 code: the default of a place.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// The time zone's name, the default of a time of day.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// Minutes to add to UTC for the local time.
    #[must_use]
    pub fn utc_offset_minutes(&self) -> i32 {
        self.utc_offset_minutes
    }

    /// The zone of local time, for people: `UTC+7`, `UTC-3:30`.
    #[must_use]
    pub fn zone_name(&self) -> String {
        let sign = if self.utc_offset_minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (self.utc_offset_minutes.abs() / 60, self.utc_offset_minutes.abs() % 60);
        let minutes = if minutes == 0 { String::new() } else { format!(":{minutes:02}") };
        format!("UTC{sign}{hours}{minutes}")
    }

    /// The languages with labels, the preferred one first.
    #[must_use]
    pub fn languages(&self) -> &[String] {
        &self.languages
    }

    /// The forms.
    pub fn forms(&self) -> impl Iterator<Item = &Form> {
        self.forms.values()
    }

    /// The form with this name.
    ///
    /// # Errors
    /// [`Error::NoSuchForm`] if the pack does not have it.
    pub fn form(&self, id: &str) -> Result<&Form, Error> {
        self.forms.get(id).ok_or_else(|| Error::NoSuchForm { form: id.chars().take(crate::limits::MAX_CODE).collect() })
    }

    /// The list with this name.
    #[must_use]
    pub fn list(&self, id: &str) -> Option<&List> {
        self.lists.get(id)
    }

    /// The label with this key in `lang`, else in the pack's first language.
    #[must_use]
    pub fn label(&self, key: &str, lang: &str) -> Option<&Label> {
        self.labels.get(key, lang)
    }

    /// The words of a label, else the key itself: something is always shown.
    #[must_use]
    pub fn text(&self, key: &str, lang: &str) -> String {
        self.label(key, lang).map_or_else(|| key.to_owned(), |label| label.text.clone())
    }

    /// The words of a code, else the code itself: a code from a newer pack prints as it is.
    #[must_use]
    pub fn code_text(&self, list: &str, code: &str, lang: &str) -> String {
        self.label(&format!("{list}.{code}"), lang).map_or_else(|| code.to_owned(), |label| label.text.clone())
    }

    /// Keys of the labels in `lang` that nobody has checked yet.
    #[must_use]
    pub fn unreviewed(&self, lang: &str) -> Vec<&str> {
        let labels = self.labels.by_lang.get(lang);
        labels
            .into_iter()
            .flatten()
            .filter(|(_, label)| label.review == Review::Unreviewed)
            .map(|(key, _)| key.as_str())
            .collect()
    }

    pub(crate) fn consent(&self) -> &ConsentRules {
        &self.consent
    }

    /// The protection flags of the safety block.
    #[must_use]
    pub fn safety_flags(&self) -> &[String] {
        &self.safety_flags
    }
}
