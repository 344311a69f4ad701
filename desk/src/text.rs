//! Which characters of a stranger's text act instead of showing something.
//!
//! One answer for the terminal, for names of files and for JSON. The list is Unicode's own (general category), not one
//! of ours: lists of ours missed the tag characters, with which a text can carry another one that nobody sees.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// True for control and format characters and for separators of lines and paragraphs: they steer a terminal, turn the
/// reading direction round, or show nothing at all.
///
/// The zero-width space, non-joiner and joiner are format characters too, but Khmer is written with them.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    let khmer = matches!(c, '\u{200b}'..='\u{200d}');
    !khmer
        && matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            Control | Format | LineSeparator | ParagraphSeparator
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_instead_of_showing_is_hidden_and_what_khmer_needs_is_not() {
        let table: [(&str, bool, &[char]); 11] = [
            ("controls, the eight-bit ones included", true, &['\0', '\u{1b}', '\r', '\n', '\t', '\u{7f}', '\u{9b}']),
            ("marks of direction", true, &['\u{200e}', '\u{200f}', '\u{61c}']),
            ("embeddings and overrides", true, &['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}']),
            ("isolates", true, &['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}']),
            ("separators of lines and paragraphs", true, &['\u{2028}', '\u{2029}']),
            ("joiners that no letter needs", true, &['\u{2060}', '\u{2061}', '\u{2064}', '\u{206a}', '\u{206f}']),
            ("byte order mark, soft hyphen, annotations", true, &['\u{feff}', '\u{ad}', '\u{fff9}', '\u{fffb}']),
            ("tags", true, &['\u{e0001}', '\u{e0020}', '\u{e0041}', '\u{e007f}']),
            ("zero-width signs of Khmer", false, &['\u{200b}', '\u{200c}', '\u{200d}']),
            ("Khmer letters, vowels that stand alone, signs", false, &['ក', '\u{17b4}', '\u{17c6}', '\u{17d2}', '៛']),
            ("other letters, spaces, combining marks, emoji", false, &['a', ' ', '\u{a0}', '\u{301}', 'ת', '😀']),
        ];
        for (name, hidden, chars) in table {
            for c in chars {
                assert_eq!(is_hidden(*c), hidden, "{name}: {c:?}");
            }
        }
    }
}
