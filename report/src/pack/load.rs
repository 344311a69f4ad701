//! From files to a checked pack. Every mistake names its place; none is guessed around.

use std::collections::{BTreeMap, BTreeSet};

use kapok_wire::bundle::Class;
use serde::de::DeserializeOwned;

use super::check;
use super::form::{Field, FieldCheck, FieldType, Form, ScreenPlan, Tier};
use super::label::{Label, Labels, Review};
use super::list::{Item, List, Redirect};
use super::raw::{RawField, RawForm, RawItem, RawLabel, RawList, RawPack, RawRole};
use super::{ConsentRules, PACK_FORMAT, Pack, RoleRule};
use crate::answer::Status;
use crate::error::{Error, Mistake};
use crate::evidence::EvidenceKind;
use crate::json::Distinct;
use crate::limits;

pub(super) fn at(place: impl Into<String>, mistake: Mistake) -> Error {
    Error::Pack { place: place.into(), mistake }
}

type Files = BTreeMap<String, Vec<u8>>;

pub(super) fn load(files: &Files) -> Result<Pack, Error> {
    if files.len() > limits::MAX_PACK_FILES {
        return Err(at("files", Mistake::TooMany { what: "files", limit: limits::MAX_PACK_FILES }));
    }
    let raw: RawPack = read(files, "pack.json")?;
    if raw.format > PACK_FORMAT {
        return Err(at("pack.json", Mistake::NewerFormat { found: raw.format, known: PACK_FORMAT }));
    }
    let mut lists = BTreeMap::new();
    for id in &raw.lists {
        let list = list(id, read(files, &format!("lists/{id}.json"))?)?;
        if lists.insert(id.clone(), list).is_some() {
            return Err(at("pack.json", Mistake::Duplicate(id.clone())));
        }
    }
    let mut forms = BTreeMap::new();
    for id in &raw.forms {
        let form = form(id, read(files, &format!("forms/{id}.json"))?)?;
        if forms.insert(id.clone(), form).is_some() {
            return Err(at("pack.json", Mistake::Duplicate(id.clone())));
        }
    }
    let labels = labels(files, &raw.languages)?;
    let consent = raw.consent;
    let pack = Pack {
        id: raw.id,
        country: raw.country,
        time_zone: raw.time_zone,
        utc_offset_minutes: raw.utc_offset_minutes,
        languages: raw.languages,
        forms,
        lists,
        labels,
        consent: ConsentRules {
            field: consent.field,
            contact_field: consent.contact_field,
            purposes: consent.purposes,
            bases: consent.bases,
            always: consent.always,
            with_contact: consent.with_contact,
            by_role: consent.by_role.into_iter().map(|(role, rule)| (role, role_rule(rule))).collect(),
            otherwise: role_rule(consent.otherwise),
        },
        safety_flags: raw.safety_flags,
    };
    check::check(&pack)?;
    Ok(pack)
}

fn role_rule(raw: RawRole) -> RoleRule {
    RoleRule { basis: raw.basis, only: raw.only }
}

fn read<T: DeserializeOwned>(files: &Files, path: &str) -> Result<T, Error> {
    // A path comes from the pack itself; what an error shows of it is bounded.
    let place: String = path.chars().take(80).collect();
    let bytes = files.get(path).ok_or_else(|| at(place.clone(), Mistake::MissingFile))?;
    if bytes.len() > limits::MAX_PACK_FILE {
        return Err(at(place, Mistake::TooMany { what: "bytes", limit: limits::MAX_PACK_FILE }));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let reason = error.to_string().split(" at line ").next().unwrap_or_default().chars().take(200).collect();
        at(place, Mistake::Syntax { line: error.line(), column: error.column(), reason })
    })
}

fn list(id: &str, raw: RawList) -> Result<List, Error> {
    let place = format!("lists/{id}.json");
    if raw.list != id {
        return Err(at(place, Mistake::NoSuch(id.to_owned())));
    }
    if raw.items.len() > limits::MAX_ITEMS {
        return Err(at(place, Mistake::TooMany { what: "items", limit: limits::MAX_ITEMS }));
    }
    let mut items = Vec::with_capacity(raw.items.len());
    let mut by_code = BTreeMap::new();
    for raw in raw.items {
        let code = raw.code.clone();
        // A code that reads like a status would make the shorthand "unk" ambiguous.
        if !check::is_code(&code) || code == Status::Given.code() || Status::no_value(&code).is_some() {
            return Err(at(place, Mistake::BadCode(code)));
        }
        if by_code.insert(code.clone(), items.len()).is_some() {
            return Err(at(place, Mistake::Duplicate(code)));
        }
        items.push(item(raw));
    }
    Ok(List { id: id.to_owned(), items, by_code })
}

fn item(raw: RawItem) -> Item {
    let _ = raw.data;
    Item {
        code: raw.code,
        parent: raw.parent,
        huridocs: raw.huridocs,
        iso: raw.iso,
        retired: raw.retired.unwrap_or(false),
        exclusive: raw.exclusive.unwrap_or(false),
        note: raw.note,
        role: raw.role,
        grants: raw.grants.unwrap_or_default(),
        redirect: raw.redirect.map(|to| Redirect { key: to.key, code: to.code }),
        days: raw.days,
        with_time: raw.with_time.unwrap_or(false),
    }
}

fn form(id: &str, raw: RawForm) -> Result<Form, Error> {
    let place = format!("forms/{id}.json");
    if raw.id != id {
        return Err(at(place, Mistake::NoSuch(id.to_owned())));
    }
    let count = raw.fields.len() + raw.screens.iter().map(|screen| screen.fields.len()).sum::<usize>();
    if count > limits::MAX_FIELDS || raw.screens.len() > limits::MAX_FIELDS {
        return Err(at(place, Mistake::TooMany { what: "fields", limit: limits::MAX_FIELDS }));
    }
    let mut fields = Vec::with_capacity(count);
    let mut screens = Vec::with_capacity(raw.screens.len());
    let mut seen = BTreeSet::new();
    for screen in raw.screens {
        if !seen.insert(screen.id.clone()) {
            return Err(at(place, Mistake::Duplicate(screen.id)));
        }
        let keys = screen.fields.iter().map(|field| field.key.clone()).collect();
        screens.push(ScreenPlan { id: screen.id, label: screen.label, fields: keys });
        for raw in screen.fields {
            fields.push(field(&place, raw)?);
        }
    }
    for raw in raw.fields {
        fields.push(field(&place, raw)?);
    }
    let mut by_key = BTreeMap::new();
    for (index, field) in fields.iter().enumerate() {
        if by_key.insert(field.key.clone(), index).is_some() {
            return Err(at(format!("{place}, field {}", field.key), Mistake::Duplicate(field.key.clone())));
        }
    }
    let kinds = raw
        .needs_one_of
        .evidence
        .into_iter()
        .map(|word| EvidenceKind::from_code(&word).ok_or_else(|| at(place.clone(), Mistake::UnknownWord(word))));
    Ok(Form {
        id: raw.id,
        version: raw.version,
        report_type: raw.report_type,
        completeness: raw.completeness,
        label: raw.label,
        role_from: raw.role_from,
        needs_answers: raw.needs_one_of.answers,
        needs_evidence: kinds.collect::<Result<_, _>>()?,
        screens,
        fields,
        by_key,
        after_send: raw.after_send,
    })
}

fn field(form: &str, raw: RawField) -> Result<Field, Error> {
    let place = || format!("{form}, field {}", raw.key.chars().take(80).collect::<String>());
    if !check::is_path(&raw.key) {
        return Err(at(place(), Mistake::BadCode(raw.key.chars().take(80).collect())));
    }
    let kind = FieldType::from_code(&raw.kind).ok_or_else(|| at(place(), Mistake::UnknownType(raw.kind.clone())))?;
    let class = [Class::Triage, Class::Identities].into_iter().find(|class| class.word() == raw.class);
    let class = class.ok_or_else(|| at(place(), Mistake::UnknownClass(raw.class.clone())))?;
    let tier = [Tier::T0, Tier::T1, Tier::T2, Tier::T3].into_iter().find(|tier| tier.code() == raw.tier);
    let tier = tier.ok_or_else(|| at(place(), Mistake::UnknownClass(raw.tier.clone())))?;
    if class == Class::Triage && (kind.is_personal() || tier >= Tier::T2) {
        return Err(at(place(), Mistake::ClassTooOpen { kind: kind.code(), tier: tier.code() }));
    }
    let unknown = |word: &String| at(place(), Mistake::UnknownWord(word.clone()));
    let no_values = raw.no_values.iter().map(|word| Status::no_value(word).ok_or_else(|| unknown(word)));
    let no_values = no_values.collect::<Result<Vec<_>, _>>()?;
    let checks = raw.warnings.iter().map(|word| match word.as_str() {
        "recommended" => Ok(FieldCheck::Recommended),
        "not_future" => Ok(FieldCheck::NotFuture),
        _ => Err(unknown(word)),
    });
    let checks = checks.collect::<Result<Vec<_>, _>>()?;
    Ok(Field {
        label: raw.label.unwrap_or_else(|| format!("field.{}", raw.key)),
        key: raw.key,
        kind,
        class,
        tier,
        no_values,
        list: raw.list,
        offer: raw.offer,
        lists: raw.lists,
        offer_parts: raw.offer_parts,
        max_chars: raw.max_chars.unwrap_or(limits::MAX_TEXT).min(limits::MAX_TEXT),
        checks,
    })
}

fn labels(files: &Files, languages: &[String]) -> Result<Labels, Error> {
    let first = languages.first().ok_or_else(|| at("pack.json", Mistake::NoSuch("languages".into())))?;
    let mut out = Labels { by_lang: BTreeMap::new(), first: first.clone() };
    for lang in languages {
        let place = format!("labels/{lang}.json");
        let raw: Distinct<RawLabel> = read(files, &place)?;
        let mut labels = BTreeMap::new();
        for (key, raw) in raw.0 {
            let review = Review::from_code(&raw.review_status)
                .ok_or_else(|| at(place.clone(), Mistake::UnknownWord(raw.review_status.clone())))?;
            if raw.text.trim().is_empty() {
                return Err(at(place, Mistake::MissingLabel { key, lang: lang.clone() }));
            }
            labels.insert(key, Label { text: raw.text, review, reviewed_by: raw.reviewed_by });
        }
        if out.by_lang.insert(lang.clone(), labels).is_some() {
            return Err(at("pack.json", Mistake::Duplicate(lang.clone())));
        }
    }
    Ok(out)
}
