//! The answers of one draft: filled one by one on screens, or from a file.
//!
//! An answers file is a JSON object: field key → value, or the long form `{"s":"unk"}`. The short forms `"unk"`, `"ref"`,
//! `"nap"`, `"wth"`, `"nas"` are read where no word could be meant: not in fields for words (text, name, contact, place).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::answer::{Answer, Status};
use crate::error::Error;
use crate::json::{Distinct, is_blank, shallow};
use crate::limits::{MAX_ANSWERS, MAX_DEPTH};
use crate::pack::{Field, FieldType, Form, Pack, Redirect};
use crate::value::{self, Moment};
use crate::warning::{Warning, WarningCode};

/// What was answered so far. `Debug` shows numbers only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Answers to fields of the form.
    fields: BTreeMap<String, Answer<Json>>,
    /// What was given under keys that the form does not have: kept, and sent with the identities.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, Json>,
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answers({} fields, {} extra, [redacted])", self.fields.len(), self.extra.len())
    }
}

impl Answers {
    /// No answers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads an answers file against a form. Nothing in it is dropped: what is not understood is kept and warned about.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::AnswersSyntax`], [`Error::NoSuchForm`].
    pub fn parse(pack: &Pack, form: &str, bytes: &[u8], now: &Moment) -> Result<(Self, Vec<Warning>), Error> {
        let form = pack.form(form)?;
        if bytes.len() > MAX_ANSWERS {
            return Err(Error::TooLarge { what: "answers file", limit: MAX_ANSWERS });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let given: Distinct<Json> = serde_json::from_slice(bytes)
            .map_err(|error| Error::AnswersSyntax { line: error.line(), column: error.column() })?;
        let mut answers = Self::new();
        let mut warnings = Vec::new();
        for (key, input) in given.0 {
            warnings.extend(answers.set(pack, form, &key, input, now));
        }
        Ok((answers, warnings))
    }

    /// Answers one field; the old answer is replaced. `input` is a value or the long form of an [`Answer`]; null and
    /// blank text take the answer back ("not asked").
    pub fn set(&mut self, pack: &Pack, form: &Form, key: &str, input: Json, now: &Moment) -> Vec<Warning> {
        let (input, was_deep) = shallow(input, MAX_DEPTH);
        let Some(field) = form.field(key) else {
            self.extra.insert(key.to_owned(), input);
            return vec![Warning::new(WarningCode::UnknownKey, key)];
        };
        let mut codes = if was_deep { vec![WarningCode::KeptAsText] } else { Vec::new() };
        let answer = read(pack, field, input, now, &mut codes);
        self.forget_redirected(pack, field);
        match redirect(pack, field, &answer) {
            Some(to) => {
                let answer = answer.with_value(Some(Json::String(to.code.clone())));
                self.fields.remove(key);
                self.fields.insert(to.key.clone(), answer);
            }
            None if answer == Answer::default() => {
                self.fields.remove(key);
            }
            None => {
                self.fields.insert(key.to_owned(), answer);
            }
        }
        codes.into_iter().map(|code| Warning::new(code, key)).collect()
    }

    /// A choice that was stored elsewhere goes when the question is answered anew.
    fn forget_redirected(&mut self, pack: &Pack, field: &Field) {
        let list = field.list.as_deref().and_then(|id| pack.list(id));
        for to in list.into_iter().flat_map(|list| list.items()).filter_map(|item| item.redirect.as_ref()) {
            if self.fields.get(&to.key).and_then(Answer::get).and_then(Json::as_str) == Some(&to.code) {
                self.fields.remove(&to.key);
            }
        }
    }

    /// The answer to a field; "not asked" if there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> Answer<Json> {
        self.fields.get(key).cloned().unwrap_or_default()
    }

    /// All answers that are not "not asked", by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Answer<Json>)> {
        self.fields.iter().map(|(key, answer)| (key.as_str(), answer))
    }

    /// What was given under keys that the form does not have.
    pub fn extra(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.extra.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// True if nothing was given at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.extra.values().all(is_blank)
    }

    /// The stored form of a draft: JSON with sorted keys.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::json::canonical(&serde_json::to_value(self).unwrap_or_default())
    }

    /// Reads the stored form back. No pack is needed: a draft survives an update of its form.
    ///
    /// # Errors
    /// [`Error::Document`] if it is not one.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|_| Error::Document { what: "stored answers" })
    }
}

fn read(pack: &Pack, field: &Field, input: Json, now: &Moment, codes: &mut Vec<WarningCode>) -> Answer<Json> {
    if let Some(word) = input.as_str().map(str::trim)
        && let Some(status) = Status::no_value(word)
    {
        if !field.kind.takes_words() {
            return without(field, Answer::none(status), codes);
        }
        codes.push(WarningCode::LooksLikeNoValue);
    }
    let long_form = input.get("s").is_some_and(Json::is_string);
    match serde_json::from_value::<Answer<Json>>(input.clone()) {
        Ok(answer) if long_form => match answer.get().cloned() {
            Some(value) => {
                let value = value::accept(pack, field, value, now, codes);
                answer.with_value(value)
            }
            None => without(field, answer, codes),
        },
        _ => value::accept(pack, field, input, now, codes).map_or_else(Answer::default, Answer::value),
    }
}

fn without(field: &Field, answer: Answer<Json>, codes: &mut Vec<WarningCode>) -> Answer<Json> {
    let status = answer.status();
    if status != Status::NotAsked && !field.no_values.contains(&status) {
        codes.push(WarningCode::NoValueNotOffered);
    }
    answer
}

fn redirect(pack: &Pack, field: &Field, answer: &Answer<Json>) -> Option<Redirect> {
    let code = answer.get()?.as_str().filter(|_| field.kind == FieldType::Choice)?;
    pack.list(field.list.as_deref()?)?.item(code)?.redirect.clone()
}
