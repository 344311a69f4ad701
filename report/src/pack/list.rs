//! Lists of codes. A code is stable for ever; a retired one is no longer offered but stays readable.

use std::collections::BTreeMap;

/// A list of codes, in the order to offer them.
#[derive(Debug, Clone)]
pub struct List {
    pub(super) id: String,
    pub(super) items: Vec<Item>,
    pub(super) by_code: BTreeMap<String, usize>,
}

/// One code of a list with what the data says about it. Its words are labels under `<list>.<code>`.
#[derive(Debug, Clone, Default)]
pub struct Item {
    /// The code.
    pub code: String,
    /// A broader code of the same list.
    pub parent: Option<String>,
    /// The HURIDOCS micro-thesaurus code with the same meaning.
    pub huridocs: Option<String>,
    /// The ISO 3166-2 code of a province.
    pub iso: Option<String>,
    /// No longer offered.
    pub retired: bool,
    /// Excludes all other choices ("nothing known", "only keep it").
    pub exclusive: bool,
    /// Key of a label to show with the choice.
    pub note: Option<String>,
    /// For relations: the reporter's role that follows from it.
    pub role: Option<String>,
    /// For consent choices: the purposes granted.
    pub grants: Vec<String>,
    /// Store another code under another field instead.
    pub redirect: Option<Redirect>,
    /// For relative dates: first and last day counted from the day of recording.
    pub days: Option<(i32, i32)>,
    /// For relative dates: take the time of recording too.
    pub with_time: bool,
}

/// Where a choice is stored instead of its own field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The other field's key.
    pub key: String,
    /// The code to store there.
    pub code: String,
}

impl List {
    /// The list's name, such as `V-RELATION`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// All items, retired ones included.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item with this code.
    #[must_use]
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.by_code.get(code).and_then(|at| self.items.get(*at))
    }

    /// True if the code is in the list.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        self.by_code.contains_key(code)
    }
}
