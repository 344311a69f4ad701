//! What can be chosen at a question: the form's choices, the answers without a value, and where to go.

use std::fmt;

use inquire::Select;
use inquire::list_option::ListOption;
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
    /// Shown alone when nothing else matches what was typed: the library would show an empty list, in which no key
    /// does anything.
    NothingMatches,
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

    pub(super) fn is_choice(&self) -> bool {
        matches!(self.entry, Entry::Choice(_))
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
        let items = self.searchable(items.to_vec());
        let score = |typed: &str, item: &Item, words: &str, at| score(&items, typed, item, words, at);
        let words = |chosen: ListOption<&Item>| match chosen.value.entry {
            Entry::NothingMatches => String::new(),
            _ => chosen.value.words.clone(),
        };
        loop {
            let select = Select::new(title, items.clone())
                .with_page_size(PAGE)
                .with_scorer(&score)
                .with_formatter(&words)
                .with_help_message(self.app.words.get("ask.help_list"));
            match reply(select.prompt())? {
                None | Some(Item { entry: Entry::NothingMatches, .. }) => {}
                Some(item) => return Ok(item.entry),
            }
        }
    }

    /// The entries with the one that is shown when a search finds none of them.
    pub(super) fn searchable(&self, mut items: Vec<Item>) -> Vec<Item> {
        items.push(Item::new(Entry::NothingMatches, self.app.words.get("ask.nothing_matches")));
        items
    }

    pub(super) fn title(&self, field: &FieldView) -> String {
        badged(&field.label)
    }
}

/// Whether and where an entry is shown for what was typed: entries that match keep their order.
pub(super) fn score(all: &[Item], typed: &str, item: &Item, words: &str, at: usize) -> Option<i64> {
    let typed = typed.trim().to_lowercase();
    let matches = |words: &str| words.to_lowercase().contains(&typed);
    let shown = match item.entry {
        Entry::NothingMatches => {
            !all.iter().any(|other| !matches!(other.entry, Entry::NothingMatches) && matches(&other.words))
        }
        _ => matches(words),
    };
    shown.then(|| i64::try_from(at).map_or(i64::MIN, |at| -at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_keeps_its_order_and_nothing_else_is_said_only_if_nothing_does() {
        let item = |words: &str| Item::new(Entry::Choice(words.to_owned()), words);
        let mut all = vec![item("Kampot"), item("Kep"), item("កំពត")];
        all.push(Item::new(Entry::NothingMatches, "Nothing matches"));
        let found = |typed: &str| {
            let scores =
                all.iter().enumerate().map(|(at, item)| (score(&all, typed, item, &item.words, at), &item.words));
            let mut shown: Vec<_> = scores.filter_map(|(score, words)| Some((score?, words.as_str()))).collect();
            shown.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
            shown.into_iter().map(|(_, words)| words).collect::<Vec<_>>()
        };
        assert_eq!(found(""), ["Kampot", "Kep", "កំពត"]);
        assert_eq!(found(" k"), ["Kampot", "Kep"]);
        assert_eq!(found("ពត"), ["កំពត"]);
        assert_eq!(found("xyz"), ["Nothing matches"]);
        assert_eq!(found("nothing"), ["Nothing matches"], "its own words are not searched");
    }
}
