//! A stranger's text made harmless: for a terminal, for names of files, for JSON that somebody prints.
//!
//! One answer for device and desk. Which characters act instead of showing something are Unicode's own lists (general
//! category, default ignorable), not one of ours: lists of ours missed the tag characters and the variation selectors,
//! with which a text can carry another one that nobody sees.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// A letter by its category, a blank by its looks; no list of Unicode says so.
const BRAILLE_BLANK: char = '\u{2800}';

/// True for control and format characters, for separators of lines and paragraphs and for all that a font leaves out:
/// they steer a terminal, turn the reading direction round, or show nothing at all.
///
/// The zero-width space, non-joiner and joiner and two vowels that fonts leave out belong to them, but Khmer is written
/// with them.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    let khmer = matches!(c, '\u{200b}'..='\u{200d}' | '\u{17b4}' | '\u{17b5}');
    let acts = matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        Control | Format | LineSeparator | ParagraphSeparator
    );
    !khmer && (acts || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) || c == BRAILLE_BLANK)
}

/// A stranger's text for a terminal: line breaks are indented, so that no line of it looks like one of the program's;
/// everything that acts instead of showing something becomes a visible mark.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\n      "),
            '\t' => out.push(' '),
            c if is_hidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A JSON document, as `serde_json` writes it, with the same values and every character that could act on a terminal
/// written as its number. JSON itself asks for that only below the space.
#[must_use]
pub fn harmless_json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        // A line break stands between values, for the look; within a string it is written as a number already. All other
        // such characters stand within strings.
        if is_hidden(c) && c != '\n' {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_instead_of_showing_is_hidden_and_what_khmer_needs_is_not() {
        let table: [(&str, bool, &[char]); 16] = [
            ("controls, the eight-bit ones included", true, &['\0', '\u{1b}', '\r', '\n', '\t', '\u{7f}', '\u{9b}']),
            ("marks of direction", true, &['\u{200e}', '\u{200f}', '\u{61c}']),
            ("embeddings and overrides", true, &['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}']),
            ("isolates", true, &['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}']),
            ("separators of lines and paragraphs", true, &['\u{2028}', '\u{2029}']),
            ("joiners that no letter needs", true, &['\u{2060}', '\u{2061}', '\u{2064}', '\u{206a}', '\u{206f}']),
            ("byte order mark, soft hyphen, annotations", true, &['\u{feff}', '\u{ad}', '\u{fff9}', '\u{fffb}']),
            ("tags", true, &['\u{e0001}', '\u{e0020}', '\u{e0041}', '\u{e007f}']),
            ("variation selectors", true, &['\u{fe00}', '\u{fe0f}', '\u{e0100}', '\u{e01ef}']),
            ("variation selectors of Mongolian", true, &['\u{180b}', '\u{180c}', '\u{180d}', '\u{180e}', '\u{180f}']),
            ("letters that fill", true, &['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}', '\u{34f}', '\u{2800}']),
            ("places kept for more of them", true, &['\u{2065}', '\u{fff0}', '\u{e0fff}']),
            ("their neighbours, which show", false, &['\u{3163}', '\u{3165}', '\u{2801}', '\u{1161}', '\u{ffa1}']),
            ("zero-width signs of Khmer", false, &['\u{200b}', '\u{200c}', '\u{200d}']),
            (
                "Khmer letters, vowels that stand alone, signs",
                false,
                &['ក', '\u{17b4}', '\u{17b5}', '\u{17c6}', '\u{17d2}', '៛'],
            ),
            ("other letters, spaces, combining marks, emoji", false, &['a', ' ', '\u{a0}', '\u{301}', 'ת', '😀']),
        ];
        for (name, hidden, chars) in table {
            for c in chars {
                assert_eq!(is_hidden(*c), hidden, "{name}: {c:?}");
            }
        }
    }

    #[test]
    fn a_text_cannot_steer_the_terminal_nor_begin_a_line() {
        assert_eq!(
            printable("a\u{1b}]0;x\u{7}b\u{9b}c\r\u{202e}d"),
            "a\u{fffd}]0;x\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d"
        );
        assert_eq!(printable("a\u{feff}\u{2069}\u{e0041}\u{2028}b"), "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(printable("ខ្មែរ\u{200b}អក្សរ\nline\tend"), "ខ្មែរ\u{200b}អក្សរ\n      line end");
    }

    #[test]
    fn a_document_says_the_same_and_cannot_steer_the_terminal_either() {
        let said = serde_json::json!({ "name": "a\u{9b}31m\u{202e}b\u{e0041}\u{200b}ខ្មែរ\n" });
        let text = harmless_json(&said.to_string());
        assert_eq!(text, "{\"name\":\"a\\u009b31m\\u202eb\\udb40\\udc41\u{200b}ខ្មែរ\\n\"}");
        for document in [text, harmless_json(&format!("{said:#}"))] {
            assert!(document.chars().all(|c| !is_hidden(c) || c == '\n'), "{document:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&document).unwrap(), said);
        }
        assert!(said.to_string().contains('\u{9b}'), "control: JSON alone lets it through");
    }
}
