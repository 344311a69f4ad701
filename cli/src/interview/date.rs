//! When: a relative day, a typed date in either calendar, and the time of day.

use kapok_core::report::{Edtf, FieldView, Screen, WarningCode};
use serde_json::{Value as Json, json};

use super::menu::{Entry, Item};
use super::{Asked, Interview, Turn};

impl Interview<'_> {
    pub(super) fn ask_date(&mut self, screen: &Screen, field: &FieldView, first: bool) -> Asked<Turn> {
        let choose_date = self.pack().text("ui.choose_date", self.app.lang.code());
        let mut items: Vec<_> = field.choices.iter().map(Item::choice).collect();
        items.push(Item::new(Entry::TypeDate, choose_date));
        let items = self.with_ways_out(items, screen, field, first);
        match self.choose(&self.title(field), &items)? {
            Entry::Choice(code) => {
                self.store(&field.key, json!(code))?;
            }
            Entry::TypeDate => {
                let Some(part) = field.parts.iter().find(|part| part.choices.is_empty()) else { return Ok(Turn::Next) };
                match self.type_words(&part.label.text, field.max_chars, "ask.help_date", "")? {
                    Some(typed) => self.store_typed(field, &typed)?,
                    None => return self.ask_date(screen, field, first),
                }
            }
            entry => return self.leave(field, entry),
        }
        self.ask_time(field)
    }

    /// A year of the Buddhist era is offered in the common era, and converted only on a yes.
    fn store_typed(&mut self, field: &FieldView, typed: &str) -> Asked<()> {
        let found = self.store(&field.key, json!(typed))?;
        let offer = found.iter().any(|warning| warning.code == WarningCode::BuddhistYear);
        let Some(date) = Edtf::buddhist_offer(typed).filter(|_| offer) else { return Ok(()) };
        let date = date.to_string();
        let yes = Item::new(Entry::Choice(date.clone()), self.app.words.fill("ask.common_era", &[("date", &date)]));
        let no = Item::new(Entry::Other, self.app.words.get("ask.as_typed"));
        if let Entry::Choice(date) = self.choose(&field.label.text, &[no, yes])? {
            self.store(&field.key, json!(date))?;
            // What the warning asked for has been done.
            self.noticed.pop();
        }
        Ok(())
    }

    /// The time of day, where there is a date that has none yet.
    fn ask_time(&mut self, field: &FieldView) -> Asked<Turn> {
        let Some(part) = field.parts.iter().find(|part| !part.choices.is_empty()) else { return Ok(Turn::Next) };
        let Some(Json::Object(mut members)) = self.answers.get(&field.key).get().cloned() else {
            return Ok(Turn::Next);
        };
        if members.contains_key(&part.member) {
            return Ok(Turn::Next);
        }
        let skip = Item::new(Entry::Other, format!("→ {}", self.pack().text("ui.skip", self.app.lang.code())));
        let mut items = vec![skip];
        items.extend(part.choices.iter().map(Item::choice));
        if let Entry::Choice(code) = self.choose(&part.label.text, &items)? {
            members.insert(part.member.clone(), code.into());
            self.store(&field.key, Json::Object(members))?;
        }
        Ok(Turn::Next)
    }
}
