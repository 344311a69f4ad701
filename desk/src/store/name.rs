//! File names that came with a report, made safe to create on the desk's machine.
//!
//! A name is a stranger's text. It keeps its letters, Khmer included, and loses everything that means something to a
//! file system, a shell or a terminal. Refusing bad names was rejected: the evidence matters, not its name.

use crate::limits::{EXTENSION_MAX, NAME_MAX};
use kapok_report::is_hidden;

/// The Khmer sign that stacks the next letter: meaningless at the end of a cut name.
const COENG: char = '\u{17d2}';

/// A name for an attachment: the last part of `original`, harmless, or `fallback` if nothing is left of it.
///
/// The result is never empty, never longer than 200 bytes, holds no separator or control character, does not start
/// with a dot, a space or a hyphen, and is no device name of Windows. `fallback` has to keep these rules itself.
#[must_use]
pub fn safe_name(original: Option<&str>, fallback: &str) -> String {
    let name = original.map(clean).unwrap_or_default();
    if name.is_empty() { fallback.to_owned() } else { name }
}

/// `name` with a number before its extension, for the second file of that name and later ones.
#[must_use]
pub fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) = split(name);
    format!("{stem} ({number}){extension}")
}

fn clean(original: &str) -> String {
    let last = original.split(['/', '\\']).map(str::trim).rfind(|part| part.chars().any(|c| c != '.'));
    let kept: String = last.unwrap_or_default().chars().filter(|c| !is_hidden(*c)).map(harmless).collect();
    let name = trimmed(&kept);
    let name = if name.starts_with('-') || is_reserved(name) { format!("_{name}") } else { name.to_owned() };
    cut(&name)
}

fn trimmed(name: &str) -> &str {
    let edge = |c: char| c == '.' || c.is_whitespace();
    name.trim_matches(edge)
}

fn harmless(c: char) -> char {
    if "<>:\"|?*".contains(c) { '_' } else { c }
}

/// Device names of Windows, with any extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let digit = stem.strip_prefix(prefix).map(|rest| rest.chars().collect::<Vec<_>>());
        matches!(digit.as_deref(), Some(['0'..='9' | '¹' | '²' | '³']))
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"].contains(&stem.as_str())
        || numbered("COM")
        || numbered("LPT")
}

/// Stem and extension (with its dot); a name of which little would remain has no extension.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= EXTENSION_MAX => name.split_at(at),
        _ => (name, ""),
    }
}

fn cut(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let mut end = NAME_MAX - extension.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let stem =
        stem.get(..end).unwrap_or_default().trim_end_matches(|c: char| c == COENG || c == '.' || c.is_whitespace());
    format!("{stem}{extension}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(name: &str) -> String {
        safe_name(Some(name), "attachment-1")
    }

    #[test]
    fn ordinary_and_khmer_names_stay_as_they_are() {
        for name in ["photo.jpg", "រូបថត ភស្តុតាង.jpg", "ឯកសារ\u{200b}ទី១.pdf", "a b (2).tar.gz", "_x", "noext"]
        {
            assert_eq!(safe(name), name);
        }
    }

    #[test]
    fn names_that_mean_something_to_a_system_lose_it() {
        for (name, expected) in [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("/", "attachment-1"),
            ("..", "attachment-1"),
            ("a/..", "a"),
            ("", "attachment-1"),
            ("   ", "attachment-1"),
            (".bashrc", "bashrc"),
            ("...x", "x"),
            ("a\0b\nc\u{1b}[2J.jpg", "abc[2J.jpg"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("photo\u{e0067}\u{feff}.jpg", "photo.jpg"),
            ("C:evil|?.txt", "C_evil__.txt"),
            ("NUL", "_NUL"),
            ("com1.jpg", "_com1.jpg"),
            ("Lpt¹ .x", "_Lpt¹ .x"),
            ("nul. ", "_nul"),
            ("-rf", "_-rf"),
            ("trailing. . ", "trailing"),
        ] {
            assert_eq!(safe(name), expected, "{name:?}");
        }
        assert_eq!(safe_name(None, "attachment-7.jpg"), "attachment-7.jpg");
    }

    #[test]
    fn a_long_name_is_cut_between_letters_and_keeps_its_extension() {
        let long = format!("{}.jpg", "ក្ត".repeat(100));
        let name = safe(&long);
        assert!(name.len() <= NAME_MAX && name.ends_with(".jpg") && !name.contains("\u{17d2}."));
        let all_extension = format!("a.{}", "x".repeat(300));
        assert_eq!(safe(&all_extension).len(), NAME_MAX);
        assert_eq!(numbered("photo.jpg", 2), "photo (2).jpg");
        assert_eq!(numbered("noext", 3), "noext (3)");
        assert_eq!(numbered(&".".repeat(3), 2).matches(" (2)").count(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn every_name_keeps_the_rules(
            name in "([./\\\\ ]{0,4}|(?i:con|nul|com1|lpt9)?)(\\PC|[\\x00-\\x20./\\\\:-]|[ក-៹]|[\u{202a}-\u{202e}]){0,150}[. ]{0,3}",
        ) {
            let made = safe(&name);
            prop_assert!(!made.is_empty() && made.len() <= NAME_MAX);
            prop_assert!(!made.contains(['/', '\\', ':', '\0', '\n']) && !made.chars().any(char::is_control));
            prop_assert!(!made.starts_with(['.', ' ', '-']) && !made.ends_with(['.', ' ']));
            prop_assert!(!is_reserved(&made));
            let path = std::path::Path::new(&made);
            prop_assert_eq!(path.components().count(), 1);
            prop_assert!(matches!(path.components().next(), Some(std::path::Component::Normal(_))));
            prop_assert_eq!(safe(&made), made.clone(), "cleaning twice changes nothing");
            prop_assert!(numbered(&made, u32::MAX).len() <= 255);
        }
    }
}
