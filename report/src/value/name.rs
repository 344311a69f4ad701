//! Names: kept whole, cleaned for comparing, the original beside.
//!
//! A name is never split into family and given name: the order differs between Khmer, Cham and Latin writing, and people
//! flip it. Only the desk asks which part is which.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use unicode_normalization::UnicodeNormalization as _;

/// One way a person is called. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameForm {
    /// The cleaned name: NFC, single spaces, no invisible characters.
    pub text: String,
    /// `khmr`, `latn` or `other` (mixed writing included).
    pub script: String,
    /// `usual` unless said otherwise.
    pub kind: String,
    /// `unknown` until a person says which part is the family name.
    pub order: String,
    /// As it was typed, if cleaning changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
}

impl fmt::Debug for NameForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameForm([redacted])")
    }
}

impl NameForm {
    /// Cleans a typed name; `None` if nothing is left.
    #[must_use]
    pub fn of(typed: &str) -> Option<Self> {
        let text = normalise(typed);
        (!text.is_empty()).then(|| Self {
            script: script(&text).to_owned(),
            kind: "usual".into(),
            order: "unknown".into(),
            original: (text != typed).then(|| typed.to_owned()),
            text,
        })
    }

    pub(crate) fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Zero-width space and joiners and the byte order mark: invisible, typed by some keyboards, in the way of comparing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}')
}

fn normalise(typed: &str) -> String {
    let visible: String = typed.nfc().filter(|c| !is_invisible(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn script(text: &str) -> &'static str {
    let khmer = |c: char| matches!(c, '\u{1780}'..='\u{17d3}' | '\u{17d7}' | '\u{17dc}'..='\u{17dd}');
    let latin =
        |c: char| c.is_alphabetic() && (c.is_ascii() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}'));
    let letters = || text.chars().filter(|c| c.is_alphabetic() || khmer(*c));
    if letters().next().is_none() {
        "other"
    } else if letters().all(khmer) {
        "khmr"
    } else if letters().all(latin) {
        "latn"
    } else {
        "other"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cleaned_and_the_original_kept() {
        let typed = "\u{feff} ចាន់\u{200b} \u{200d} តារា ";
        let name = NameForm::of(typed).unwrap();
        assert_eq!(name.text, "ចាន់ តារា");
        assert_eq!(name.script, "khmr");
        assert_eq!(name.original.as_deref(), Some(typed));
        assert_eq!(NameForm::of("Chan Dara").unwrap().original, None);
        assert_eq!(format!("{name:?}"), "NameForm([redacted])");
    }

    #[test]
    fn scripts_are_told_apart() {
        for (text, script) in [("Chan Đara", "latn"), ("ចាន់ Dara", "other"), ("李", "other"), ("១២", "other")]
        {
            assert_eq!(NameForm::of(text).unwrap().script, script, "{text}");
        }
        assert_eq!(NameForm::of(" \u{200b} "), None);
    }
}
