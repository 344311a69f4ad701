//! A report as rows to print, in a language of the pack. What the pack does not know prints as it is: never a gap.

use serde_json::Value as Json;

use crate::answer::{Answer, Certainty, Status};
use crate::answers::Answers;
use crate::body::{Body, ClockTrust, Envelope, Identities, Triage, answer};
use crate::error::Error;
use crate::evidence::Attachment;
use crate::json::words;
use crate::pack::{Field, FieldType, Pack};
use crate::value::{Edtf, known_members, parse_clock};

/// One row of a printed case.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The field's key, or a word such as `report_type` for the envelope.
    pub key: String,
    /// The label.
    pub label: String,
    /// The value in words.
    pub value: String,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({}, [redacted])", self.key)
    }
}

/// The rows of a case. Without `identities`, only what the triage document knows.
///
/// The form's own order; then answers and members that the pack does not know.
#[must_use]
pub fn case_text(pack: &Pack, triage: &Triage, identities: Option<&Identities>, lang: &str) -> Vec<Row> {
    let mut page = Page { pack, triage, identities, lang, rows: Vec::new() };
    page.envelope();
    let form = pack.form(&triage.form_id).ok();
    let mut keys: Vec<&str> = form.iter().flat_map(|form| form.fields()).map(|field| field.key.as_str()).collect();
    let known = keys.len();
    let theirs = identities.into_iter().flat_map(|identities| identities.answers.keys());
    for key in triage.answers.keys().chain(theirs).map(String::as_str) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for (at, key) in keys.into_iter().enumerate() {
        page.field(form.and_then(|form| form.field(key)), key, at >= known);
    }
    page.safety_flags();
    page.consent();
    page.evidence();
    for (key, value) in identities.into_iter().flat_map(|identities| &identities.extra) {
        let label = format!("{key} ({})", page.ui("not_in_form"));
        page.row(key, label, words(value));
    }
    page.rows
}

/// The rows of a draft, as the desk will read it: also of one that says too little to be finished yet.
///
/// # Errors
/// [`Error::NoSuchForm`]; [`Error::Document`] if two attachments have one id.
pub fn draft_text(
    pack: &Pack,
    form: &str,
    answers: &Answers,
    envelope: &Envelope,
    attachments: &[Attachment],
    lang: &str,
) -> Result<Vec<Row>, Error> {
    let body = Body::assemble(pack, pack.form(form)?, answers, envelope, attachments)?;
    Ok(case_text(pack, &body.triage, Some(&body.identities), lang))
}

struct Page<'a> {
    pack: &'a Pack,
    triage: &'a Triage,
    identities: Option<&'a Identities>,
    lang: &'a str,
    rows: Vec<Row>,
}

impl Page<'_> {
    fn row(&mut self, key: &str, label: String, value: String) {
        self.rows.push(Row { key: key.to_owned(), label, value });
    }

    fn ui(&self, key: &str) -> String {
        self.pack.text(&format!("ui.{key}"), self.lang)
    }

    fn envelope(&mut self) {
        let kind = self.pack.code_text("V-REPORT", &self.triage.report_type, self.lang);
        self.row("report_type", self.ui("report_type"), kind);
        let role = match self.triage.reporter_role.get() {
            Some(role) => self.pack.code_text("V-ROLE", role, self.lang),
            None => self.status(self.triage.reporter_role.status()),
        };
        self.row("reporter_role", self.ui("reporter_role"), role);
        let mut recorded = self.triage.recorded_on.get().map(|date| self.recorded(date)).unwrap_or_default();
        if self.triage.clock_trust == ClockTrust::Suspect {
            recorded = format!("{recorded} ({})", self.ui("clock_suspect"));
        }
        self.row("recorded_on", self.ui("recorded_on"), recorded);
    }

    /// The moment of recording, with the zone beside its minute: it is noted in the local time of the pack, and a desk
    /// shows it beside the hours of the server.
    fn recorded(&self, date: &Json) -> String {
        let shown = self.date(None, date);
        let minute = date.get("tod").and_then(Json::as_str).and_then(parse_clock);
        if minute.is_some() { format!("{shown} {}", self.pack.zone_name()) } else { shown }
    }

    fn field(&mut self, field: Option<&Field>, key: &str, force: bool) {
        let answer = answer(self.triage, self.identities, key);
        if answer.status() == Status::NotAsked && !force {
            return;
        }
        let label = field.map_or_else(|| key.to_owned(), |field| self.pack.text(&field.label, self.lang));
        let mut value = self.answer(field, &answer);
        if self.identities.is_none() && self.triage.sealed_apart.iter().any(|apart| apart == key) {
            value = format!("{value} ({})", self.ui("sealed_apart"));
        }
        self.row(key, label, value);
    }

    fn status(&self, status: Status) -> String {
        self.pack.text(&format!("status.{}", status.code()), self.lang)
    }

    fn answer(&self, field: Option<&Field>, answer: &Answer<Json>) -> String {
        let mut text = match answer.get() {
            Some(value) => self.value(field, value),
            None => self.status(answer.status()),
        };
        if answer.certainty != Certainty::Sure {
            text = format!("{text} ({})", self.pack.text(&format!("certainty.{}", answer.certainty.code()), self.lang));
        }
        if let Some(note) = &answer.note {
            text = format!("{text}. {}: {note}", self.ui("note"));
        }
        text
    }

    fn value(&self, field: Option<&Field>, value: &Json) -> String {
        let Some(field) = field else { return words(value) };
        match (field.kind, value) {
            (FieldType::Pdate, Json::Object(_)) => self.date(Some(field), value),
            (FieldType::Name, Json::Array(names)) => {
                let texts = names
                    .iter()
                    .map(|name| name.get("text").and_then(Json::as_str).map_or_else(|| words(name), str::to_owned));
                texts.collect::<Vec<_>>().join(", ")
            }
            (FieldType::Place | FieldType::Contact, Json::Object(_)) => self.members(field, value),
            (FieldType::Actors, Json::Array(actors)) => {
                actors.iter().map(|actor| self.members(field, actor)).collect::<Vec<_>>().join("; ")
            }
            (_, Json::Array(codes)) => {
                codes.iter().map(|code| self.code(field.list.as_deref(), code)).collect::<Vec<_>>().join(", ")
            }
            (_, Json::String(_)) => self.code(field.list.as_deref(), value),
            _ => words(value),
        }
    }

    fn code(&self, list: Option<&str>, code: &Json) -> String {
        match (list, code.as_str()) {
            (Some(list), Some(code)) => self.pack.code_text(list, code, self.lang),
            _ => words(code),
        }
    }

    /// A composed value: members in the order of the type, unknown ones last; flags and defaults left out.
    fn members(&self, field: &Field, value: &Json) -> String {
        let Some(members) = value.as_object() else { return words(value) };
        let known = known_members(field.kind);
        let unknown = members.keys().map(String::as_str).filter(|key| !known.contains(key));
        let keys = known.iter().copied().chain(unknown);
        keys.filter_map(|key| self.member(field, key, members.get(key)?)).collect::<Vec<_>>().join(", ")
    }

    fn member(&self, field: &Field, key: &str, member: &Json) -> Option<String> {
        let silent = match key {
            "country" => member.as_str() == Some(self.pack.country()),
            "precision" | "sensitive" => field.kind == FieldType::Place,
            _ => false,
        };
        if silent {
            return None;
        }
        let list =
            field.lists.get(key).map(String::as_str).or(if key == "force" { field.list.as_deref() } else { None });
        let text = match member {
            Json::Array(codes) => codes.iter().map(|code| self.code(list, code)).collect::<Vec<_>>().join(", "),
            _ => self.code(list, member),
        };
        // The members that make the value need no label; the others are not understood without one.
        let plain = ["province", "kind", "text", "channel", "value", "force"].contains(&key);
        let label = self.pack.label(&format!("part.{key}"), self.lang).map_or(key, |label| label.text.as_str());
        Some(if plain { text } else { format!("{label}: {text}") })
    }

    fn date(&self, field: Option<&Field>, value: &Json) -> String {
        let Some(text) = value.get("edtf").and_then(Json::as_str) else { return words(value) };
        let mut shown = match Edtf::parse(text) {
            Ok(Edtf::Between(first, last)) => format!("{} {first} – {last}", self.ui("between")),
            Ok(Edtf::Before(point)) => format!("{} {point}", self.ui("before")),
            Ok(Edtf::After(point)) => format!("{} {point}", self.ui("after")),
            _ => text.to_owned(),
        };
        for (sign, word) in [('~', "about"), ('?', "uncertain")] {
            if shown.contains(sign) || shown.contains('%') {
                shown = format!("{shown} ({})", self.ui(word));
            }
        }
        shown = shown.replace(['~', '?', '%'], "");
        if let Some(tod) = value.get("tod").and_then(Json::as_str) {
            let list = field.and_then(|field| field.lists.get("tod")).map_or("V-TOD", String::as_str);
            shown = format!("{shown}, {}", self.pack.code_text(list, tod, self.lang));
        }
        shown
    }

    /// Protection flags that no field of the form shows.
    fn safety_flags(&mut self) {
        let shown: Vec<String> = self.rows.iter().map(|row| row.key.clone()).collect();
        for (flag, answer) in &self.triage.safety {
            let key = format!("safety.{flag}");
            if answer.status() != Status::NotAsked && !shown.contains(&key) {
                let value = self.answer(None, answer);
                let label = self.pack.text(&format!("field.{key}"), self.lang);
                self.row(&key, label, value);
            }
        }
    }

    fn consent(&mut self) {
        let list = self.pack.consent().purposes.clone();
        let granted: Vec<String> =
            self.triage.consent.granted.iter().map(|purpose| self.pack.code_text(&list, purpose, self.lang)).collect();
        let mut granted = granted.join(", ");
        // Without a choice something is granted all the same; nobody shall think that the reporter chose it.
        let chosen = answer(self.triage, self.identities, &self.pack.consent().field);
        if chosen.get().is_none() && self.triage.consent.choice.is_empty() {
            granted = format!("{granted} ({})", self.ui("granted_unchosen"));
        }
        self.row("consent.granted", self.ui("granted"), granted);
        if let Some(basis) = &self.triage.consent.basis {
            let words = self.pack.code_text(&self.pack.consent().bases, basis, self.lang);
            self.row("consent.basis", self.ui("basis"), words);
        }
    }

    fn evidence(&mut self) {
        for item in &self.triage.evidence {
            let kind = self.pack.code_text("V-EVIDENCE", item.kind.code(), self.lang);
            let name = self.identities.and_then(|identities| identities.evidence.get(&item.evidence_id)?.name.clone());
            let hash: String = item.sha256.chars().take(16).collect();
            let name = name.map(|name| format!(", {name}")).unwrap_or_default();
            let value = format!("{kind}{name}, {}, {} B, SHA-256 {hash}…", item.mime, item.size);
            self.row(&format!("evidence.{}", item.evidence_id), self.ui("attachment"), value);
        }
    }
}
