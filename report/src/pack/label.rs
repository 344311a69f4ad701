//! Labels: every word a person sees, in every language of the pack, each with its review status.

use std::collections::BTreeMap;

/// How far a label was checked by a person who speaks the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Review {
    /// Nobody checked it. A release must badge or refuse it in consent and safety texts.
    Unreviewed,
    /// One person checked it, or it comes from an official source (named in `reviewed_by`).
    Reviewed,
    /// The organisation approved it.
    Approved,
}

impl Review {
    pub(super) fn from_code(code: &str) -> Option<Self> {
        match code {
            "unreviewed" => Some(Self::Unreviewed),
            "reviewed" => Some(Self::Reviewed),
            "approved" => Some(Self::Approved),
            _ => None,
        }
    }
}

/// Words in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The words.
    pub text: String,
    /// How far they were checked.
    pub review: Review,
    /// By whom, or from which source.
    pub reviewed_by: Option<String>,
}

/// The labels of all languages of a pack.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    pub(super) by_lang: BTreeMap<String, BTreeMap<String, Label>>,
    /// The first language of the pack: used when a language is not there.
    pub(super) first: String,
}

impl Labels {
    pub(super) fn get(&self, key: &str, lang: &str) -> Option<&Label> {
        let of = |lang: &str| self.by_lang.get(lang).and_then(|labels| labels.get(key));
        // "km-KH" is served by "km".
        of(lang).or_else(|| of(lang.split('-').next().unwrap_or(lang))).or_else(|| of(&self.first))
    }
}
