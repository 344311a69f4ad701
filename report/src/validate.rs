//! Is this a report? Only two answers are "no": it is empty, or a text is longer than its limit. (The third refusal, an
//! attachment that cannot be encrypted, belongs to the device.) Everything else is a warning.

use serde_json::Value as Json;

use crate::answer::{Answer, Status};
use crate::answers::Answers;
use crate::error::Error;
use crate::evidence::EvidenceKind;
use crate::json::{is_blank, longest_text};
use crate::limits::{MAX_NOTE, MAX_TEXT};
use crate::pack::{Field, FieldCheck, FieldType, Form, Pack};
use crate::value::{Edtf, Moment};
use crate::warning::{Warning, WarningCode};

/// Checks a draft before it is finished. `attached` are the kinds of its attachments.
///
/// # Errors
/// [`Error::Empty`] and [`Error::TextTooLong`]; nothing else refuses.
pub fn validate(
    pack: &Pack,
    form: &Form,
    answers: &Answers,
    attached: &[EvidenceKind],
    now: &Moment,
) -> Result<Vec<Warning>, Error> {
    says_something(form, answers, attached)?;
    for (key, answer) in answers.iter() {
        let limit = form.field(key).map_or(MAX_TEXT, |field| field.max_chars);
        let is_name = form.field(key).is_some_and(|field| field.kind == FieldType::Name);
        fits(
            key,
            answer.get().map_or(0, |value| if is_name { longest_name(value) } else { longest_text(value) }),
            limit,
        )?;
        fits(key, answer.note.as_ref().map_or(0, |note| note.chars().count()), MAX_NOTE)?;
    }
    for (key, value) in answers.extra() {
        fits("extra", longest_text(value).max(key.chars().count()), MAX_TEXT)?;
    }
    let mut warnings: Vec<Warning> =
        form.fields().iter().filter_map(|field| check(field, &answers.get(&field.key), now)).collect();
    warnings.extend(answers.extra().map(|(key, _)| Warning::new(WarningCode::UnknownKey, key)));
    warnings.extend(contact_unused(pack, form, answers));
    Ok(warnings)
}

/// One of the fields or attachments that the form names. Answers to no question count too: they may be the name in a
/// newer form, and a refusal would be worse than a report that the desk has to ask about.
fn says_something(form: &Form, answers: &Answers, attached: &[EvidenceKind]) -> Result<(), Error> {
    let answered = form.needs_answers().iter().any(|key| answers.get(key).status() == Status::Given);
    let shown = attached.iter().any(|kind| form.needs_evidence().contains(kind));
    let extra = answers.extra().any(|(_, value)| !is_blank(value));
    if answered || shown || extra { Ok(()) } else { Err(Error::Empty) }
}

/// The longest cleaned name: invisible characters in the original do not count.
fn longest_name(names: &Json) -> usize {
    let of = |name: &Json| name.get("text").map_or_else(|| longest_text(name), longest_text);
    names.as_array().map_or_else(|| longest_text(names), |names| names.iter().map(of).max().unwrap_or(0))
}

fn fits(key: &str, found: usize, limit: usize) -> Result<(), Error> {
    if found <= limit { Ok(()) } else { Err(Error::TextTooLong { key: key.to_owned(), found, limit }) }
}

fn check(field: &Field, answer: &Answer<Json>, now: &Moment) -> Option<Warning> {
    field.checks.iter().find_map(|check| match check {
        FieldCheck::Recommended if answer.status() == Status::NotAsked => {
            Some(Warning::new(WarningCode::Recommended, &field.key))
        }
        FieldCheck::NotFuture => {
            let edtf = answer.get()?.get("edtf")?.as_str()?;
            let (first, _) = Edtf::parse(edtf).ok()?.bounds();
            // One day of slack: clocks differ, and so do time zones.
            let late = now.date().checked_add(time::Duration::DAY)?;
            (first? > late).then(|| Warning::new(WarningCode::DateInFuture, &field.key))
        }
        FieldCheck::Recommended => None,
    })
}

/// A contact was given, but the choice made does not allow to use it: say so before it is too late.
fn contact_unused(pack: &Pack, form: &Form, answers: &Answers) -> Option<Warning> {
    let rules = pack.consent();
    if answers.get(&rules.contact_field).status() != Status::Given {
        return None;
    }
    let list = form.field(&rules.field)?.list.as_deref().and_then(|id| pack.list(id))?;
    let codes = answers.get(&rules.field);
    let codes = codes.get()?.as_array()?;
    let granting = |code: &Json| {
        let item = list.item(code.as_str()?)?;
        Some(item.grants.iter().any(|grant| rules.with_contact.contains(grant)))
    };
    let allowed = codes.iter().any(|code| granting(code) == Some(true));
    (!allowed).then(|| Warning::new(WarningCode::ContactWithoutConsent, &rules.contact_field))
}
