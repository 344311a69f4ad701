//! Reading one value for one field.

use serde_json::{Map, Value as Json, json};

use super::edtf::{Edtf, Point};
use super::moment::{Moment, parse_clock, show_day};
use super::name::NameForm;
use super::{known_members, latin_digits};
use crate::json::{is_blank, words};
use crate::pack::{Field, FieldType, Item, List, Pack};
use crate::warning::WarningCode;

/// Reads `input` for `field`. `None` if nothing was said. Noticed oddities are added to `warnings`.
pub(crate) fn accept(
    pack: &Pack,
    field: &Field,
    input: Json,
    now: &Moment,
    warnings: &mut Vec<WarningCode>,
) -> Option<Json> {
    if is_blank(&input) {
        return None;
    }
    let mut reader = Reader { pack, field, now, warnings };
    Some(match field.kind {
        FieldType::Text => reader.text(input),
        FieldType::Name => reader.names(input),
        FieldType::Choice => reader.choice(input),
        FieldType::Bool3 => reader.bool3(input),
        FieldType::Choices | FieldType::Consent => reader.choices(input),
        FieldType::Pdate => reader.pdate(input),
        FieldType::Place => reader.place(input),
        FieldType::Contact => reader.contact(input),
        FieldType::Actors => reader.actors(input),
    })
}

struct Reader<'a> {
    pack: &'a Pack,
    field: &'a Field,
    now: &'a Moment,
    warnings: &'a mut Vec<WarningCode>,
}

impl<'a> Reader<'a> {
    fn warn(&mut self, code: WarningCode) {
        if !self.warnings.contains(&code) {
            self.warnings.push(code);
        }
    }

    /// The value of another shape, unchanged.
    fn kept(&mut self, input: Json) -> Json {
        self.warn(WarningCode::KeptAsText);
        input
    }

    fn list(&self) -> Option<&'a List> {
        self.field.list.as_deref().and_then(|id| self.pack.list(id))
    }

    fn in_list(&self, code: &str) -> bool {
        self.list().is_some_and(|list| list.has(code))
    }

    fn text(&mut self, input: Json) -> Json {
        match input {
            Json::String(_) => input,
            other => self.kept(other),
        }
    }

    fn names(&mut self, input: Json) -> Json {
        let items = match input {
            Json::Array(items) => items,
            one => vec![one],
        };
        Json::Array(items.into_iter().filter(|item| !is_blank(item)).map(|item| self.name(item)).collect())
    }

    fn name(&mut self, item: Json) -> Json {
        match item {
            Json::String(typed) => NameForm::of(&typed).map_or(Json::String(typed), |name| name.to_json()),
            Json::Object(mut members) => {
                let typed = members.get("text").and_then(Json::as_str).and_then(NameForm::of);
                let Some(name) = typed else { return self.kept(Json::Object(members)) };
                self.known(&members);
                if let Json::Object(cleaned) = name.to_json() {
                    for (key, member) in cleaned {
                        // What was said about the name counts more than what is guessed; only the text is cleaned.
                        if key == "text" || !members.contains_key(&key) {
                            members.insert(key, member);
                        }
                    }
                }
                Json::Object(members)
            }
            other => self.kept(other),
        }
    }

    fn choice(&mut self, input: Json) -> Json {
        match input {
            Json::String(code) => {
                let code = code.trim().to_owned();
                if !self.in_list(&code) {
                    self.warn(WarningCode::UnknownCode);
                }
                Json::String(code)
            }
            other => self.kept(other),
        }
    }

    fn bool3(&mut self, input: Json) -> Json {
        match input {
            Json::Bool(yes) => json!(if yes { "yes" } else { "no" }),
            other => self.choice(other),
        }
    }

    fn choices(&mut self, input: Json) -> Json {
        let items = match input {
            Json::Array(items) => items,
            Json::String(_) => vec![input],
            other => return self.kept(other),
        };
        let mut out: Vec<Json> = Vec::with_capacity(items.len());
        for item in items.into_iter().filter(|item| !is_blank(item)) {
            let item = self.choice(item);
            if !out.contains(&item) {
                out.push(item);
            }
        }
        let exclusive =
            |code: &Json| code.as_str().and_then(|code| self.list()?.item(code)).is_some_and(|item| item.exclusive);
        if out.len() > 1 && out.iter().any(exclusive) {
            self.warn(WarningCode::ChoicesConflict);
        }
        Json::Array(out)
    }

    fn pdate(&mut self, input: Json) -> Json {
        match input {
            Json::String(text) => self.dated(&text).map_or(Json::String(text), Json::Object),
            Json::Number(number) if number.is_u64() => {
                self.dated(&number.to_string()).map_or(Json::Number(number), Json::Object)
            }
            Json::Object(members) => self.date_members(members),
            other => self.kept(other),
        }
    }

    /// What a person said in place of a date, as members; or a warning that it stays text.
    fn dated(&mut self, text: &str) -> Option<Map<String, Json>> {
        let relative = self.list().and_then(|list| list.item(text.trim()));
        if let Some(members) = relative.and_then(|item| self.relative(item)) {
            return Some(members);
        }
        match Edtf::from_person(text, self.now.date()) {
            Ok(edtf) => Some(Map::from_iter([("edtf".to_owned(), edtf.to_string().into())])),
            Err(_) => {
                let buddhist = Edtf::buddhist_offer(text).is_some();
                self.warn(if buddhist { WarningCode::BuddhistYear } else { WarningCode::KeptAsText });
                None
            }
        }
    }

    /// "Yesterday" becomes the day it was, and says that it was said so, and when.
    fn relative(&self, item: &Item) -> Option<Map<String, Json>> {
        let (from, to) = item.days?;
        let at = |days: i32| self.now.date().checked_add(time::Duration::days(i64::from(days))).map(Point::of_day);
        let (first, last) = (at(from)?, at(to)?);
        let edtf = if first == last { Edtf::At(first) } else { Edtf::Between(first, last) };
        let mut members = Map::new();
        members.insert("edtf".into(), edtf.to_string().into());
        members.insert("basis".into(), "relative".into());
        members.insert("on".into(), show_day(self.now.date()).into());
        if let Some(clock) = self.now.clock().filter(|_| item.with_time) {
            members.insert("tod".into(), clock.into());
        }
        Some(members)
    }

    fn date_members(&mut self, mut members: Map<String, Json>) -> Json {
        let Some(text) = members.get("edtf").and_then(Json::as_str).map(str::to_owned) else {
            return self.kept(Json::Object(members));
        };
        // Stored before, by us or a newer version: canonical, and not to be computed again on another day.
        let stored = members.contains_key("basis") && Edtf::parse(&text).is_ok();
        if let Some(read) = (!stored).then(|| self.dated(&text)).flatten() {
            for (key, member) in read {
                // The time of day that was said counts more than that of recording.
                if key == "edtf" || !members.contains_key(&key) {
                    members.insert(key, member);
                }
            }
        }
        if let Some(tod) = members.get("tod") {
            match tod.as_str().map(latin_digits) {
                Some(text) if parse_clock(&text).is_some() => {
                    members.insert("tod".into(), text.into());
                }
                _ => self.member_codes(&members, "tod"),
            }
        }
        self.known(&members);
        Json::Object(members)
    }

    fn place(&mut self, input: Json) -> Json {
        let mut members = match input {
            Json::String(text) => {
                let code = latin_digits(text.trim());
                let member = ["province", "kind"].into_iter().find(|member| self.member_has(member, &code));
                Map::from_iter([match member {
                    Some(member) => (member.to_owned(), Json::String(code)),
                    None => ("text".to_owned(), Json::String(text)),
                }])
            }
            Json::Object(members) => members,
            other => return self.kept(other),
        };
        self.known(&members);
        for member in ["province", "kind"] {
            self.member_codes(&members, member);
        }
        if !members.contains_key("country") {
            members.insert("country".into(), self.pack.country().into());
        }
        let finer = ["district", "commune", "village", "facility", "geo"]
            .into_iter()
            .any(|member| members.contains_key(member));
        if members.contains_key("province") && !finer && !members.contains_key("precision") {
            members.insert("precision".into(), "province".into());
        }
        if members.get("kind").and_then(Json::as_str) == Some("home") {
            members.insert("sensitive".into(), true.into());
        }
        Json::Object(members)
    }

    fn contact(&mut self, input: Json) -> Json {
        let mut members = match input {
            Json::String(text) => Map::from_iter([("value".to_owned(), Json::String(text))]),
            Json::Object(members) => members,
            other => return self.kept(other),
        };
        if let Some(one @ Json::String(_)) = members.get("safe_times").cloned() {
            members.insert("safe_times".into(), Json::Array(vec![one]));
        }
        self.known(&members);
        for member in ["channel", "safe_times"] {
            self.member_codes(&members, member);
        }
        Json::Object(members)
    }

    fn actors(&mut self, input: Json) -> Json {
        let items = match input {
            Json::Array(items) => items,
            one => vec![one],
        };
        Json::Array(items.into_iter().filter(|item| !is_blank(item)).map(|item| self.actor(item)).collect())
    }

    fn actor(&mut self, item: Json) -> Json {
        match item {
            Json::String(code) if self.in_list(code.trim()) => json!({"force": code.trim()}),
            Json::String(text) => {
                self.warn(WarningCode::KeptAsText);
                json!({"text": text})
            }
            Json::Object(mut members) => {
                if let Some(force) = members.get("force")
                    && !force.as_str().is_some_and(|code| self.in_list(code))
                {
                    self.warn(WarningCode::UnknownCode);
                }
                if let Some(count) = members.get("count") {
                    let count = latin_digits(&words(count));
                    members.insert("count".into(), count.into());
                }
                self.known(&members);
                Json::Object(members)
            }
            other => self.kept(other),
        }
    }

    fn known(&mut self, members: &Map<String, Json>) {
        let known = known_members(self.field.kind);
        if members.keys().any(|key| !known.contains(&key.as_str())) {
            self.warn(WarningCode::UnknownMember);
        }
    }

    fn member_has(&self, member: &str, code: &str) -> bool {
        let list = self.field.lists.get(member).and_then(|id| self.pack.list(id));
        list.is_some_and(|list| list.has(code))
    }

    fn member_codes(&mut self, members: &Map<String, Json>, member: &str) {
        let ok = match members.get(member) {
            None => true,
            Some(Json::Array(codes)) => {
                codes.iter().all(|code| code.as_str().is_some_and(|code| self.member_has(member, code)))
            }
            Some(code) => code.as_str().is_some_and(|code| self.member_has(member, code)),
        };
        if !ok {
            self.warn(WarningCode::UnknownCode);
        }
    }
}
