//! The reasons in words, for command lines and for shells that have none of their own. The words are data.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::reason::Reason;

/// A language the words exist in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// Khmer.
    Km,
    /// English.
    En,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    km: String,
    en: String,
    review_status: ReviewStatus,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ReviewStatus {
    Unreviewed,
    Reviewed,
    Approved,
}

/// One sentence per reason and language.
pub struct ReasonWords(BTreeMap<String, Entry>);

impl ReasonWords {
    /// Reads the words that are built in.
    #[must_use]
    pub fn load() -> Self {
        Self(serde_json::from_str(include_str!("words.json")).expect("a test reads the built-in words"))
    }

    /// The sentence for `reason`.
    #[must_use]
    pub fn get(&self, reason: Reason, lang: Lang) -> &str {
        // A test finds every reason; the code itself is the honest answer should one ever be missing.
        self.0.get(reason.code()).map_or(reason.code(), |entry| match lang {
            Lang::Km => &entry.km,
            Lang::En => &entry.en,
        })
    }

    /// Whether a native speaker has checked the sentence. Shells for real users badge those that nobody has.
    #[must_use]
    pub fn is_reviewed(&self, reason: Reason) -> bool {
        let status = self.0.get(reason.code()).map(|entry| entry.review_status);
        matches!(status, Some(ReviewStatus::Reviewed | ReviewStatus::Approved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_khmer_and_an_english_sentence_and_nothing_else_has() {
        let words = ReasonWords::load();
        for reason in Reason::ALL {
            let khmer = words.get(reason, Lang::Km);
            let english = words.get(reason, Lang::En);
            assert!(khmer.chars().any(|c| ('\u{1780}'..='\u{17ff}').contains(&c)) && khmer.ends_with('។'), "{reason}");
            assert!(english.is_ascii() && english.ends_with('.'), "{reason}");
        }
        assert_eq!(words.0.len(), Reason::ALL.len());
    }

    #[test]
    fn no_two_reasons_share_a_sentence() {
        let words = ReasonWords::load();
        for lang in [Lang::Km, Lang::En] {
            let mut seen: Vec<_> = Reason::ALL.iter().map(|reason| words.get(*reason, lang)).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), Reason::ALL.len());
        }
    }
}
