//! References inside a pack: lists, labels, purposes, redirects. What is checked here need not be checked again.

use super::form::{Field, FieldType, Form};
use super::list::List;
use super::load::at;
use super::{Pack, RoleRule};
use crate::answer::{Certainty, Status};
use crate::error::{Error, Mistake};
use crate::evidence::EvidenceKind;
use crate::limits::{MAX_CODE, MAX_UTC_OFFSET_MINUTES};
use crate::warning::WarningCode;

/// Words of the program itself that each pack has to provide.
const UI: [&str; 26] = [
    "skip",
    "back",
    "send",
    "send_now",
    "saved",
    "choose_date",
    "about",
    "speak",
    "photo",
    "before",
    "after",
    "between",
    "uncertain",
    "unreviewed",
    "sealed_apart",
    "report_type",
    "reporter_role",
    "recorded_on",
    "clock_suspect",
    "granted",
    "not_given",
    "attachment",
    "not_in_form",
    "note",
    "safety",
    "basis",
];

/// Lists of the envelope that each pack has to provide.
const ENVELOPE_LISTS: [&str; 3] = ["V-REPORT", "V-ROLE", "V-EVIDENCE"];

/// A code: lower-case letters, digits and underscore.
pub(super) fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_CODE
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A field key: codes joined by points.
pub(super) fn is_path(text: &str) -> bool {
    text.len() <= 100 && text.split('.').all(is_code)
}

pub(super) fn check(pack: &Pack) -> Result<(), Error> {
    let offset = pack.utc_offset_minutes;
    if offset.unsigned_abs() > u32::from(MAX_UTC_OFFSET_MINUTES) {
        return Err(at("pack.json", Mistake::NoSuchZone(offset)));
    }
    for id in ENVELOPE_LISTS {
        list(pack, "pack.json", id)?;
    }
    for key in UI {
        label(pack, "program", &format!("ui.{key}"))?;
    }
    for status in Status::NO_VALUES {
        label(pack, "program", &format!("status.{}", status.code()))?;
    }
    for certainty in [Certainty::ThinkSo, Certainty::Heard] {
        label(pack, "program", &format!("certainty.{}", certainty.code()))?;
    }
    for warning in WarningCode::ALL {
        label(pack, "program", &format!("warning.{}", warning.code()))?;
    }
    for kind in EvidenceKind::ALL {
        code("lists/V-EVIDENCE.json", list(pack, "pack.json", "V-EVIDENCE")?, kind.code())?;
    }
    for one in pack.lists.values() {
        check_list(pack, one)?;
    }
    for form in pack.forms.values() {
        check_form(pack, form)?;
    }
    check_consent(pack)?;
    for flag in &pack.safety_flags {
        if !is_code(flag) {
            return Err(at("pack.json", Mistake::BadCode(flag.clone())));
        }
    }
    Ok(())
}

fn list<'a>(pack: &'a Pack, place: &str, id: &str) -> Result<&'a List, Error> {
    pack.list(id).ok_or_else(|| at(place, Mistake::MissingList(id.to_owned())))
}

fn code(place: &str, list: &List, code: &str) -> Result<(), Error> {
    if list.has(code) { Ok(()) } else { Err(at(place, Mistake::NoSuch(format!("{}.{code}", list.id)))) }
}

fn label(pack: &Pack, place: &str, key: &str) -> Result<(), Error> {
    for (lang, labels) in &pack.labels.by_lang {
        if !labels.contains_key(key) {
            return Err(at(place, Mistake::MissingLabel { key: key.to_owned(), lang: lang.clone() }));
        }
    }
    Ok(())
}

fn check_list(pack: &Pack, one: &List) -> Result<(), Error> {
    let place = format!("lists/{}.json", one.id);
    for item in &one.items {
        label(pack, &place, &format!("{}.{}", one.id, item.code))?;
        if let Some(note) = &item.note {
            label(pack, &place, note)?;
        }
        if let Some(parent) = &item.parent {
            code(&place, one, parent)?;
        }
        if let Some(role) = &item.role {
            code(&place, list(pack, &place, "V-ROLE")?, role)?;
        }
        if !item.grants.is_empty() {
            purposes(pack, &place, &item.grants)?;
        }
        if item.days.is_some_and(|(from, to)| from > to || from < -366 || to > 366) {
            return Err(at(place, Mistake::BadCode(item.code.clone())));
        }
    }
    Ok(())
}

fn check_form(pack: &Pack, form: &Form) -> Result<(), Error> {
    let place = format!("forms/{}.json", form.id);
    if !is_code(&form.id) {
        return Err(at(place, Mistake::BadCode(form.id.clone())));
    }
    code(&place, list(pack, &place, "V-REPORT")?, &form.report_type)?;
    if !["quick", "partial", "full"].contains(&form.completeness.as_str()) {
        return Err(at(place, Mistake::UnknownWord(form.completeness.clone())));
    }
    label(pack, &place, &form.label)?;
    for key in &form.after_send {
        label(pack, &place, key)?;
    }
    for screen in &form.screens {
        label(pack, &format!("{place}, screen {}", screen.id), &screen.label)?;
    }
    for key in form.needs_answers.iter().chain(&form.role_from) {
        if form.field(key).is_none() {
            return Err(at(place, Mistake::NoSuch(key.clone())));
        }
    }
    for field in &form.fields {
        check_field(pack, form, field)?;
    }
    Ok(())
}

fn check_field(pack: &Pack, form: &Form, field: &Field) -> Result<(), Error> {
    let place = format!("forms/{}.json, field {}", form.id, field.key);
    label(pack, &place, &field.label)?;
    let main = field.list.as_deref().map(|id| list(pack, &place, id)).transpose()?;
    if main.is_none() && field.kind.needs_list() {
        return Err(at(place, Mistake::ListNeeded));
    }
    for offered in &field.offer {
        let Some(main) = main else { return Err(at(place, Mistake::ListNeeded)) };
        code(&place, main, offered)?;
    }
    if field.kind == FieldType::Bool3
        && main.is_some_and(|list| list.items.iter().any(|item| !["yes", "no"].contains(&item.code.as_str())))
    {
        return Err(at(place, Mistake::NoSuch("yes, no".into())));
    }
    for (member, id) in &field.lists {
        label(pack, &place, &format!("part.{member}"))?;
        list(pack, &place, id)?;
    }
    for (member, offered) in &field.offer_parts {
        let of = field.lists.get(member).ok_or_else(|| at(place.clone(), Mistake::NoSuch(member.clone())))?;
        let of = list(pack, &place, of)?;
        for one in offered {
            code(&place, of, one)?;
        }
    }
    for member in crate::value::word_members(field.kind) {
        label(pack, &place, &format!("part.{member}"))?;
    }
    for redirect in main.into_iter().flat_map(|list| &list.items).filter_map(|item| item.redirect.as_ref()) {
        let target =
            form.field(&redirect.key).ok_or_else(|| at(place.clone(), Mistake::NoSuch(redirect.key.clone())))?;
        // The target holds a code, and its own list does not send it on: no chains, no cycles.
        let of = target.list.as_deref().filter(|_| target.kind == FieldType::Choice);
        let of = list(pack, &place, of.ok_or_else(|| at(place.clone(), Mistake::ListNeeded))?)?;
        match of.item(&redirect.code) {
            Some(item) if item.redirect.is_none() => {}
            _ => return Err(at(place, Mistake::NoSuch(format!("{}.{}", of.id, redirect.code)))),
        }
    }
    Ok(())
}

fn purposes(pack: &Pack, place: &str, granted: &[String]) -> Result<(), Error> {
    let all = list(pack, place, &pack.consent.purposes)?;
    granted.iter().try_for_each(|purpose| code(place, all, purpose))
}

fn check_consent(pack: &Pack) -> Result<(), Error> {
    let rules = &pack.consent;
    let place = "pack.json, consent";
    purposes(pack, place, &rules.always)?;
    purposes(pack, place, &rules.with_contact)?;
    let roles = list(pack, place, "V-ROLE")?;
    for role in rules.by_role.keys() {
        code(place, roles, role)?;
    }
    for RoleRule { basis, only } in rules.by_role.values().chain([&rules.otherwise]) {
        purposes(pack, place, only.as_deref().unwrap_or_default())?;
        if let Some(basis) = basis {
            code(place, list(pack, place, &rules.bases)?, basis)?;
        }
    }
    Ok(())
}
