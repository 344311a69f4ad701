//! One form for everything that two keyboards may send for the same passphrase.
//!
//! A person who types what is on the paper must get in, on another phone too: where a keyboard writes a zero-width space
//! between Khmer words, puts signs in another order, begins with a capital or ends with a space. So these do not
//! count; nothing else is forgiven, and what *looks* different stays different. The rules are part of KDF id 1: beyond
//! NFKC, which is stable, they are lists of code points in this folder, so that no later Unicode or Rust changes them.
//!
//! Rejected: dropping every space (it would also join the words of those who choose their own), and correcting
//! slips (each passphrase would open with many others).

use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use super::khmer;

/// The normal form, in UTF-8. Total; the normal form of a normal form is itself.
pub(crate) fn normal(text: &str) -> Zeroizing<Vec<u8>> {
    let mut letters = collect(|| text.chars().flat_map(khmer::replacement).filter(|c| !is_invisible(*c)).nfkc());
    let kept = spaces(&mut letters);
    // Letters that became small, or neighbours, may form one letter now.
    let mut letters = collect(|| letters.iter().copied().take(kept).nfkc());
    khmer::order_signs(&mut letters);

    let mut out = Zeroizing::new(Vec::with_capacity(letters.iter().map(|c| c.len_utf8()).sum()));
    let mut encoded = [0; 4];
    for letter in letters.iter() {
        out.extend_from_slice(letter.encode_utf8(&mut encoded).as_bytes());
    }
    encoded.zeroize();
    out
}

/// Counted first: a buffer that grows would leave unwiped copies behind.
fn collect<I: Iterator<Item = char>>(letters: impl Fn() -> I) -> Zeroizing<Vec<char>> {
    let mut out = Zeroizing::new(Vec::with_capacity(letters().count()));
    out.extend(letters());
    out
}

/// Makes letters small and spaces single, in place, and gives the new length. Spaces go at both ends, between two digits and
/// between two Khmer words, which are written with and without.
fn spaces(letters: &mut [char]) -> usize {
    let (mut len, mut gap) = (0_usize, false);
    for at in 0..letters.len() {
        let Some(letter) = letters.get(at).copied().map(simple) else { break };
        if letter == ' ' {
            gap = true;
            continue;
        }
        let before = len.checked_sub(1).and_then(|last| letters.get(last).copied());
        if gap && before.is_some_and(|before| !joins(before, letter)) {
            put(letters, &mut len, ' ');
        }
        gap = false;
        put(letters, &mut len, letter);
    }
    len
}

/// Never writes past what was read: a space is put only after one was taken away.
fn put(letters: &mut [char], len: &mut usize, letter: char) {
    if let Some(place) = letters.get_mut(*len) {
        *place = letter;
        *len += 1;
    }
}

fn simple(letter: char) -> char {
    match letter {
        // Hyphens and dashes: keyboards exchange them.
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => ' ',
        // Of the other spaces NFKC has made plain ones.
        '\t'..='\r' | '\u{85}' | '\u{1680}' | '\u{2028}' | '\u{2029}' => ' ',
        // Khmer digits; NFKC has dealt with those of other widths.
        '\u{17e0}'..='\u{17e9}' => khmer::digit(letter),
        // Only these: the small letters of all alphabets are not the same list in every version of Unicode.
        letter => letter.to_ascii_lowercase(),
    }
}

fn joins(before: char, after: char) -> bool {
    (before.is_ascii_digit() && after.is_ascii_digit()) || (khmer::ends_word(before) && khmer::is_base(after))
}

/// What no eye sees: zero-width spaces and joiners, marks of direction, variation selectors, the soft hyphen.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(typed: &str) -> String {
        String::from_utf8(normal(typed).to_vec()).unwrap()
    }

    #[derive(serde::Deserialize)]
    struct Vector {
        rule: String,
        typed: String,
        normal: String,
    }

    #[test]
    fn the_committed_vectors_hold() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/passphrase-v1.json")).unwrap();
        for Vector { rule, typed, normal } in &vectors {
            assert_eq!(text(typed), *normal, "{rule}");
            assert_eq!(text(normal), *normal, "{rule}");
        }
        assert!(vectors.len() > 20, "control");
    }

    #[test]
    fn what_two_keyboards_send_for_one_passphrase_is_the_same() {
        for (typed, same) in [
            ("  River lotus  SEVEN ", "river lotus seven"),
            ("drop-down", "drop down"),
            ("drop\u{2014}down\n", "drop down"),
            ("1234 5678-9012", "123456789012"),
            ("១២៣៤ \u{ff15}6", "123456"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("k\u{200b}a\u{ad}pok\u{feff}", "kapok"),
            // Khmer: a zero-width space, a space, nothing.
            ("ទឹក\u{200b}ដី", "ទឹក ដី"),
            ("ទឹកដី", "ទឹក ដី"),
            // A visible space only between Khmer words goes.
            ("ទឹក 12", "ទឹក  ១២"),
            ("J\u{30c}", "\u{1f0}"),
        ] {
            assert_eq!(text(typed), text(same), "{typed:?}");
            assert_ne!(typed, same, "control: they were not typed alike");
        }
    }

    #[test]
    fn what_looks_different_stays_different() {
        for (one, other) in [
            ("river lotus", "riverlotus"),
            ("river lotus", "river lotas"),
            ("12 river", "1 2river"),
            ("caf\u{e9}", "cafe"),
            ("mango.", "mango"),
            ("\u{416}aba", "\u{436}aba"),
            ("ទឹក", "ទឺក"),
            ("ស្រី", "ស្រិ"),
            ("ក្ដ", "ក្ថ"),
            ("ប៉ា", "បា"),
            ("ប៉ា", "ប៊ា"),
            ("ះា", "ា"),
            ("ាា", "ា"),
        ] {
            assert_ne!(text(one), text(other), "{one} {other}");
        }
    }

    #[test]
    fn plain_words_with_single_spaces_are_their_own_normal_form() {
        assert_eq!(text("lotus paper seven river"), "lotus paper seven river");
        assert_eq!(text(" \u{200b}-\u{2003}"), "", "control: spaces alone are nothing");
        let spaces = (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| c.is_whitespace());
        assert_eq!(text(&spaces.collect::<String>()), "", "the list has all that Unicode calls a space");
    }

    /// Texts in which the rules meet: marks, subscripts, spaces, what is invisible, what composes.
    fn awkward() -> impl Strategy<Value = String> {
        let letter = prop_oneof![
            8 => prop::char::range('\u{1780}', '\u{17ff}'),
            2 => Just('\u{17d2}'),
            2 => prop::sample::select(vec!['\u{17c1}', '\u{17b8}', '\u{17b6}', '\u{17bb}', '\u{17c9}', '\u{17dd}', '\u{17cc}']),
            2 => prop::sample::select(vec![' ', '-', '\u{200b}', '\u{2003}', '\u{a0}', '\u{2011}', '\u{ad}', '\u{a8}']),
            2 => prop::sample::select(vec!['J', 'H', 'T', 'e', '1', '\u{301}', '\u{30c}', '\u{316}', '\u{331}', '\u{130}', '\u{fdfa}']),
            1 => any::<char>(),
        ];
        prop::collection::vec(letter, 0..24).prop_map(|letters| letters.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_normal_form_of_a_normal_form_is_itself(typed in awkward()) {
            let once = text(&typed);
            prop_assert_eq!(text(&once), once);
        }

        #[test]
        fn a_zero_width_space_anywhere_changes_nothing(typed in "[a-zក-អា-ំ្ ]{1,12}", at in 0_usize..12) {
            let mut letters: Vec<char> = typed.chars().collect();
            letters.insert(at.min(letters.len()), '\u{200b}');
            prop_assert_eq!(text(&letters.into_iter().collect::<String>()), text(&typed));
        }
    }
}
