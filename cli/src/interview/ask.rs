//! One question: the prompt that fits the field's type.

use std::collections::BTreeSet;

use inquire::list_option::ListOption;
use inquire::{MultiSelect, Text};
use kapok_core::report::{FieldType, FieldView, Screen};
use serde_json::json;

use super::menu::{Entry, Item, PAGE, score};
use super::{Asked, Interview, Turn, reply};
use crate::output;

impl Interview<'_> {
    /// Asks one field. `first` is the very first question: there is nothing to go back to.
    pub(super) fn ask(&mut self, screen: &Screen, field: &FieldView, first: bool) -> Asked<Turn> {
        if let Some(so_far) = self.so_far(&field.key)? {
            self.app.say_with("ask.now", &[("answer", &so_far)]);
        }
        for choice in &field.choices {
            if let Some(note) = &choice.note {
                output::note(&format!("  {}: {}", choice.words.text, note.text));
            }
        }
        match field.kind {
            FieldType::Text | FieldType::Name => self.ask_words(screen, field, first),
            FieldType::Choice | FieldType::Bool3 => self.ask_choice(screen, field, first),
            FieldType::Choices | FieldType::Consent => self.ask_choices(screen, field, first),
            FieldType::Pdate => self.ask_date(screen, field, first),
            FieldType::Place | FieldType::Contact => self.ask_parts(screen, field, first),
            FieldType::Actors => self.ask_actors(screen, field, first),
        }
    }

    fn ask_words(&mut self, screen: &Screen, field: &FieldView, first: bool) -> Asked<Turn> {
        let title = self.title(field);
        let before = self.typed_before(&field.key);
        loop {
            if let Some(words) = self.type_words(&title, field.max_chars, "ask.help_words", &before)? {
                // Enter over the answer that is there keeps it as it is, with all that belongs to it.
                if words != before {
                    self.store(&field.key, json!(words))?;
                }
                return Ok(Turn::Next);
            }
            let again = vec![Item::new(Entry::Again, self.app.words.get("ask.again"))];
            let items = self.with_ways_out(again, screen, field, first);
            match self.choose(&title, &items)? {
                Entry::Again => {}
                entry => return self.leave(field, entry),
            }
        }
    }

    /// Typed words, short enough; `None` if nothing was typed.
    pub(super) fn type_words(&self, title: &str, limit: usize, help: &str, before: &str) -> Asked<Option<String>> {
        let mut before = before.to_owned();
        loop {
            let prompt = Text::new(title).with_help_message(self.app.words.get(help)).with_initial_value(&before);
            let Some(typed) = reply(prompt.prompt())? else { return Ok(None) };
            if typed.trim().is_empty() {
                return Ok(None);
            }
            if typed.chars().count() <= limit {
                return Ok(Some(typed));
            }
            self.app.say_with("ask.too_long", &[("limit", &limit.to_string())]);
            before = typed;
        }
    }

    fn ask_choice(&mut self, screen: &Screen, field: &FieldView, first: bool) -> Asked<Turn> {
        let choices = field.choices.iter().map(Item::choice).collect();
        let items = self.with_ways_out(choices, screen, field, first);
        match self.choose(&self.title(field), &items)? {
            Entry::Choice(code) => {
                self.store(&field.key, json!(code))?;
                Ok(Turn::Next)
            }
            entry => self.leave(field, entry),
        }
    }

    fn ask_choices(&mut self, screen: &Screen, field: &FieldView, first: bool) -> Asked<Turn> {
        match self.pick_some(screen, field, first)? {
            Ok(codes) => {
                // As with words: the same marks leave the answer as it is.
                let of = |codes: Vec<String>| codes.into_iter().collect::<BTreeSet<_>>();
                if of(codes.clone()) != of(self.codes_before(&field.key)) {
                    self.store(&field.key, json!(codes))?;
                }
                Ok(Turn::Next)
            }
            Err(turn) => Ok(turn),
        }
    }

    /// Some of the field's choices, or where to go without any.
    pub(super) fn pick_some(
        &mut self,
        screen: &Screen,
        field: &FieldView,
        first: bool,
    ) -> Asked<Result<Vec<String>, Turn>> {
        let title = self.title(field);
        loop {
            let marked = self.codes_before(&field.key);
            let choices = field.choices.iter().map(Item::choice).collect();
            let codes = self.mark(&title, choices, "ask.help_marks", &marked)?;
            if !codes.is_empty() {
                return Ok(Ok(codes));
            }
            let again = vec![Item::new(Entry::Again, self.app.words.get("ask.again"))];
            let items = self.with_ways_out(again, screen, field, first);
            match self.choose(&title, &items)? {
                Entry::Again => {}
                entry => return self.leave(field, entry).map(Err),
            }
        }
    }

    /// The codes that were marked in a list.
    pub(super) fn mark(&self, title: &str, items: Vec<Item>, help: &str, before: &[String]) -> Asked<Vec<String>> {
        let items = self.searchable(items);
        let score = |typed: &str, item: &Item, words: &str, at| score(&items, typed, item, words, at);
        let words = |marked: &[ListOption<&Item>]| {
            let choices = marked.iter().filter(|option| option.value.is_choice());
            choices.map(|option| option.value.to_string()).collect::<Vec<_>>().join(", ")
        };
        let is_marked = |item: &Item| matches!(&item.entry, Entry::Choice(code) if before.contains(code));
        let marked: Vec<usize> = (0..).zip(&items).filter(|(_, item)| is_marked(item)).map(|(at, _)| at).collect();
        let prompt = MultiSelect::new(title, items.clone())
            .with_page_size(PAGE)
            .with_scorer(&score)
            .with_formatter(&words)
            .with_default(&marked)
            .with_help_message(self.app.words.get(help));
        let marked = reply(prompt.prompt())?.unwrap_or_default();
        let code = |item: Item| match item.entry {
            Entry::Choice(code) => Some(code),
            _ => None,
        };
        Ok(marked.into_iter().filter_map(code).collect())
    }

    /// Carries out an entry that is no value.
    pub(super) fn leave(&mut self, field: &FieldView, entry: Entry) -> Asked<Turn> {
        match entry {
            Entry::Without(status) => {
                self.store_status(&field.key, status)?;
                Ok(Turn::Next)
            }
            Entry::Go(turn) => Ok(turn),
            Entry::Choice(_) | Entry::Other | Entry::TypeDate | Entry::Again | Entry::NothingMatches => Ok(Turn::Next),
        }
    }
}
