//! Every word this program prints, as data: `words/km.json` and `words/en.json`.
//!
//! A key leads to a text and its review status. Placeholders are `{name}`. Words of forms, choices and warnings come
//! with the form pack, words of reasons with the policy engine.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::lang::Lang;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    text: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "for reviewers; a test checks it"))]
    review_status: Review,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Review {
    Unreviewed,
    Reviewed,
    Approved,
}

/// The words of one language.
pub(crate) struct Words(BTreeMap<String, Entry>);

impl Words {
    pub(crate) fn load(lang: Lang) -> Self {
        let text = match lang {
            Lang::Km => include_str!("../words/km.json"),
            Lang::En => include_str!("../words/en.json"),
        };
        Self(serde_json::from_str(text).expect("a test reads the built-in words"))
    }

    /// The words of a key. A test finds every key; the key itself is the honest answer should one ever be missing.
    pub(crate) fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.get(key).map_or(key, |entry| &entry.text)
    }

    /// The words of a key with its placeholders filled in.
    pub(crate) fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        values.iter().fold(self.get(key).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_the_same_placeholders() {
        let (km, en) = (Words::load(Lang::Km), Words::load(Lang::En));
        assert_eq!(km.0.keys().collect::<Vec<_>>(), en.0.keys().collect::<Vec<_>>());
        for (key, entry) in &en.0 {
            assert_eq!(placeholders(&entry.text), placeholders(km.get(key)), "{key}");
        }
    }

    #[test]
    fn khmer_words_are_khmer_and_nobody_claims_a_review_that_was_not() {
        for (key, entry) in &Words::load(Lang::Km).0 {
            assert!(entry.text.chars().any(|c| ('\u{1780}'..='\u{17ff}').contains(&c)), "{key}");
            assert_eq!(entry.review_status, Review::Unreviewed, "{key}: change this test together with a review");
        }
    }

    #[test]
    fn every_key_in_the_code_has_words_and_every_word_is_used() {
        let words = Words::load(Lang::En);
        let sections: BTreeSet<&str> = words.0.keys().filter_map(|key| key.split('.').next()).collect();
        let mut used = BTreeSet::new();
        literals(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut |literal| {
            let section = literal.split('.').next().unwrap_or_default();
            let is_key = literal.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b));
            if is_key && sections.contains(section) && literal.len() > section.len() + 1 {
                used.insert(literal.to_owned());
            }
        });
        for key in &used {
            assert!(words.0.contains_key(key), "no words for {key}");
        }
        // Help is found by walking the command line (`args.rs`), not by literals.
        for key in words.0.keys().filter(|key| !key.starts_with("help.") && !key.starts_with("arg.")) {
            assert!(used.contains(key), "{key} is not used");
        }
        assert!(used.len() > 40, "control: the search finds keys at all");
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    fn literals(folder: &Path, found: &mut dyn FnMut(&str)) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                literals(&path, found);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                text.lines().flat_map(|line| line.split('"').skip(1).step_by(2)).for_each(&mut *found);
            }
        }
    }
}
