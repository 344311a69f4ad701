//! What can be chosen at a question: the form's choices, the answers without a value, and where to go.

use std::fmt;

use inquire::Select;
use kapok_core::report::{ChoiceView, FieldView, Screen, Status};

use super::{Asked, Interview, Turn, badged, reply};

/// Lines of a list shown at once.
pub(super) const PAGE: usize = 14;

#[derive(Clone)]
pub(super) enum Entry {
    Choice(String),
    /// "None of these": on to the next part of a composed answer.
    Other,
    /// A date that is typed.
    TypeDate,
    /// Back to the question that words are typed at.
    Again,
    Without(Status),
    Go(Turn),
}

/// An entry with its words.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) entry: Entry,
    words: String,
}

impl Item {
    pub(super) fn new(entry: Entry, words: impl Into<String>) -> Self {
        Self { entry, words: words.into() }
    }

    pub(super) fn choice(choice: &ChoiceView) -> Self {
        Self::new(Entry::Choice(choice.code.clone()), choice.words.text.clone())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Interview<'_> {
    /// A question's own entries with those that every question offers. Skipping stands first, where the cursor is: Enter
    /// alone must never record an answer that nobody gave.
    pub(super) fn with_ways_out(&self, own: Vec<Item>, screen: &Screen, field: &FieldView, first: bool) -> Vec<Item> {
        let skip = if self.answered(&field.key) { self.app.words.get("ask.keep") } else { &screen.skip.text };
        let mut items = vec![Item::new(Entry::Go(Turn::Next), format!("→ {skip}"))];
        items.extend(own);
        let without = field.no_values.iter();
        items.extend(without.map(|(status, words)| Item::new(Entry::Without(*status), words.text.clone())));
        if !first {
            items.push(Item::new(Entry::Go(Turn::Back), format!("← {}", screen.back.text)));
        }
        items.push(Item::new(Entry::Go(Turn::SendNow), format!("✓ {}", screen.send_now.text)));
        items.push(Item::new(Entry::Go(Turn::Later), format!("‖ {}", self.app.words.get("ask.later"))));
        items
    }

    /// Lets one entry be chosen. Esc leads back to the list: it must not end anything by accident.
    pub(super) fn choose(&self, title: &str, items: &[Item]) -> Asked<Entry> {
        loop {
            let select = Select::new(title, items.to_vec())
                .with_page_size(PAGE)
                .with_help_message(self.app.words.get("ask.help_list"));
            if let Some(item) = reply(select.prompt())? {
                return Ok(item.entry);
            }
        }
    }

    pub(super) fn title(&self, field: &FieldView) -> String {
        badged(&field.label)
    }
}
