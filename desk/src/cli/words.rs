//! The desk's own words in Khmer and English: data, so that a translator needs no compiler.
//!
//! A key leads to a text and its review status, as in the words of `kapok`.

use std::collections::BTreeMap;

use serde::Deserialize;

const EN: &str = include_str!("../../words/en.json");
const KM: &str = include_str!("../../words/km.json");

/// A language of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Lang {
    Km,
    En,
}

impl Lang {
    /// The code that packs use.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Km => "km",
            Self::En => "en",
        }
    }

    /// By the locale; English if it says nothing that is known.
    pub(crate) fn of_locale() -> Self {
        let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
        let first = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
        // Not only by how it begins: `kmr` is Kurdish.
        if first == "km" || first.starts_with("km_") || first.starts_with("km.") { Self::Km } else { Self::En }
    }
}

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
pub(crate) struct Words {
    entries: BTreeMap<String, Entry>,
    pub(crate) lang: Lang,
}

impl Words {
    pub(crate) fn of(lang: Lang) -> Self {
        let json = match lang {
            Lang::Km => KM,
            Lang::En => EN,
        };
        Self { entries: serde_json::from_str(json).expect("a test reads both files"), lang }
    }

    /// Every key there is.
    #[cfg(test)]
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The text for `key`; a missing one prints its key.
    pub(crate) fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.entries.get(key).map_or(key, |entry| &entry.text)
    }

    /// The text with its numbers filled in: `{0}`, `{1}`.
    pub(crate) fn fill(&self, key: &str, values: &[&dyn std::fmt::Display]) -> String {
        let mut text = self.get(key).to_owned();
        for (at, value) in values.iter().enumerate() {
            text = text.replace(&format!("{{{at}}}"), &value.to_string());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_places() {
        let (en, km) = (Words::of(Lang::En), Words::of(Lang::Km));
        assert_eq!(en.entries.keys().collect::<Vec<_>>(), km.entries.keys().collect::<Vec<_>>());
        for (key, entry) in &en.entries {
            for place in ["{0}", "{1}", "{2}"] {
                assert_eq!(entry.text.contains(place), km.get(key).contains(place), "{key}");
            }
        }
    }

    #[test]
    fn khmer_words_are_khmer_and_nobody_claims_a_review_that_was_not() {
        for lang in [Lang::Km, Lang::En] {
            for (key, entry) in &Words::of(lang).entries {
                assert!(lang == Lang::En || entry.text.chars().any(|c| ('ក'..='៿').contains(&c)), "{key}");
                assert_eq!(entry.review_status, Review::Unreviewed, "{key}: change this test together with a review");
            }
        }
    }
}
