//! Composed answers: a place, a way to reach somebody, who took the person. Part by part, saved after each.

use kapok_core::report::{FieldView, PartView, Screen};
use serde_json::{Map, Value as Json, json};

use super::menu::{Entry, Item};
use super::{Asked, Interview, Turn};

/// Members that hold several codes.
const SEVERAL: [&str; 1] = ["safe_times"];
/// The member in which an alleged actor's own words go.
const WORDS: &str = "text";

impl Interview<'_> {
    pub(super) fn ask_parts(&mut self, screen: &Screen, field: &FieldView, first: bool) -> Asked<Turn> {
        let Some((opening, others)) = field.parts.split_first() else { return Ok(Turn::Next) };
        let mut items: Vec<_> = opening.choices.iter().map(Item::choice).collect();
        items.push(Item::new(Entry::Other, self.app.words.get("ask.none_of_these")));
        let items = self.with_ways_out(items, screen, field, first);
        let mut members = Map::new();
        match self.choose(&self.title(field), &items)? {
            Entry::Choice(code) => {
                members.insert(opening.member.clone(), code.into());
                self.store(&field.key, Json::Object(members.clone()))?;
            }
            Entry::Other => {}
            entry => return self.leave(field, entry),
        }
        for part in others {
            if let Some(value) = self.ask_part(part, field.max_chars)? {
                members.insert(part.member.clone(), value);
                self.store(&field.key, Json::Object(members.clone()))?;
            }
        }
        Ok(Turn::Next)
    }

    pub(super) fn ask_actors(&mut self, screen: &Screen, field: &FieldView, first: bool) -> Asked<Turn> {
        let forces = match self.pick_some(screen, field, first)? {
            Ok(codes) => codes,
            Err(turn) => return Ok(turn),
        };
        let mut actors: Vec<Json> = forces.iter().map(|code| json!({"force": code})).collect();
        self.store(&field.key, json!(actors))?;
        let alone = actors.len() == 1;
        for part in &field.parts {
            // How many they were can be said of one group; with several, words say it better.
            if !alone && part.member != WORDS {
                continue;
            }
            let Some(value) = self.ask_part(part, field.max_chars)? else { continue };
            match actors.first_mut().and_then(Json::as_object_mut).filter(|_| alone) {
                Some(only) => {
                    only.insert(part.member.clone(), value);
                }
                None => actors.push(json!({part.member.clone(): value})),
            }
            self.store(&field.key, json!(actors))?;
        }
        Ok(Turn::Next)
    }

    /// One part; `None` if it was skipped.
    fn ask_part(&self, part: &PartView, limit: usize) -> Asked<Option<Json>> {
        if part.choices.is_empty() {
            return Ok(self.type_words(&part.label.text, limit, "ask.help_part", "")?.map(Json::from));
        }
        if SEVERAL.contains(&part.member.as_str()) {
            let items = part.choices.iter().map(Item::choice).collect();
            let codes = self.mark(&part.label.text, items, "ask.help_marks_part", &[])?;
            return Ok((!codes.is_empty()).then(|| codes.into()));
        }
        let skip = Item::new(Entry::Other, format!("→ {}", self.pack().text("ui.skip", self.app.lang.code())));
        let mut items = vec![skip];
        items.extend(part.choices.iter().map(Item::choice));
        match self.choose(&part.label.text, &items)? {
            Entry::Choice(code) => Ok(Some(code.into())),
            _ => Ok(None),
        }
    }
}
