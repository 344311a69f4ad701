//! Khmer as two keyboards type it: the same look, other code points.
//!
//! Vowels, subscripts and signs around one consonant may be typed in many orders with the same result on the screen; two
//! vowels can be typed as their parts; subscript ត and ដ have one shape; some code points are deprecated. After the
//! Khmer character specification of SIL, reduced to what cannot be seen or is an accepted variant.

use zeroize::Zeroizing;

/// Makes the next consonant a subscript.
const COENG: char = '\u{17d2}';
const RO: char = '\u{179a}';

/// What stands for a deprecated letter: one to three letters.
pub(crate) fn replacement(letter: char) -> impl Iterator<Item = char> + use<> {
    let text: [Option<char>; 3] = match letter {
        '\u{17a3}' => [Some('\u{17a2}'), None, None],
        '\u{17a4}' => [Some('\u{17a2}'), Some('\u{17b6}'), None],
        '\u{17a8}' => [Some('\u{17a7}'), Some('\u{1780}'), None],
        '\u{17b2}' => [Some('\u{17b1}'), None, None],
        '\u{17d3}' => [Some('\u{17c6}'), None, None],
        '\u{17d8}' => [Some('\u{17d4}'), Some('\u{179b}'), Some('\u{17d4}')],
        letter => [Some(letter), None, None],
    };
    text.into_iter().flatten()
}

/// The ASCII digit of a Khmer one.
pub(crate) fn digit(letter: char) -> char {
    u32::from(letter).checked_sub(0x17e0).and_then(|value| char::from_digit(value, 10)).unwrap_or(letter)
}

/// A consonant or an independent vowel: what signs stand around.
pub(super) fn is_base(letter: char) -> bool {
    matches!(letter, '\u{1780}'..='\u{17b3}')
}

/// A letter or sign after which a Khmer word may end. Not the coeng: it would take the next word's first letter.
pub(super) fn ends_word(letter: char) -> bool {
    is_base(letter) || is_sign(letter)
}

/// Vowels and signs whose order the eye does not see. Without U+17DD, which Unicode itself moves about.
fn is_sign(letter: char) -> bool {
    matches!(letter, '\u{17b6}'..='\u{17d1}')
}

/// Signs that lie over each other when typed twice.
fn has_no_width(letter: char) -> bool {
    matches!(letter, '\u{17b7}'..='\u{17bd}' | '\u{17c6}' | '\u{17c9}'..='\u{17d1}')
}

/// A sign, or a coeng with its letter.
type Sign = [char; 2];

/// Subscripts as typed, but RO last; then the signs by code point, in which order is nothing but a rule.
fn rank(sign: Sign) -> u32 {
    match sign {
        [COENG, RO] => 1,
        [COENG, _] => 0,
        // Robat and the shifters stand before vowels.
        ['\u{17cc}', _] => 2,
        [letter @ ('\u{17c9}' | '\u{17ca}'), _] => 3 + u32::from(letter),
        [letter, _] => 0x1_0000 + u32::from(letter),
    }
}

/// Puts the signs of each letter in one order, and writes one look in one way. Never makes the text longer.
pub(crate) fn order_signs(letters: &mut Vec<char>) {
    // Room for all from the start, here and in `signs`: see `normal::collect`.
    let mut out: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(letters.len()));
    let mut signs: Zeroizing<Vec<Sign>> = Zeroizing::new(Vec::with_capacity(letters.len()));
    let mut rest = letters.as_slice();
    while let Some((letter, mut after)) = rest.split_first() {
        out.push(*letter);
        while let Some((sign, taken)) = next_sign(after).filter(|_| is_base(*letter)) {
            insert(&mut signs, sign);
            after = after.get(taken..).unwrap_or_default();
        }
        settle(&mut signs);
        out.extend(signs.iter().flatten().filter(|letter| **letter != '\0'));
        signs.clear();
        rest = after;
    }
    // The old letters are overwritten, as far as they reach.
    letters.iter_mut().for_each(|letter| *letter = '\0');
    letters.clear();
    letters.extend(out.iter());
}

fn next_sign(text: &[char]) -> Option<(Sign, usize)> {
    match text {
        // Subscript DA has the shape of subscript TA.
        [COENG, '\u{178a}', ..] => Some(([COENG, '\u{178f}'], 2)),
        [COENG, letter, ..] if is_base(*letter) => Some(([COENG, *letter], 2)),
        [letter, ..] if is_sign(*letter) => Some(([*letter, '\0'], 1)),
        _ => None,
    }
}

fn insert(signs: &mut Vec<Sign>, sign: Sign) {
    let at = signs.partition_point(|other| rank(*other) <= rank(sign));
    signs.insert(at, sign);
}

/// Applies the rules until none applies. Each leaves fewer signs, or fewer shifters.
fn settle(signs: &mut Vec<Sign>) {
    while doubled(signs) || joined(signs) || lowered(signs) {}
}

/// A sign typed twice by accident, which nobody can see.
fn doubled(signs: &mut Vec<Sign>) -> bool {
    let (before, mut last) = (signs.len(), '\0');
    signs.retain(|[letter, _]| {
        let again = *letter == last && has_no_width(*letter);
        last = *letter;
        !again
    });
    signs.len() < before
}

/// A vowel typed as its two parts becomes one.
fn joined(signs: &mut Vec<Sign>) -> bool {
    const WHOLE: [(char, char, char); 3] = [
        ('\u{17c1}', '\u{17b8}', '\u{17be}'),
        ('\u{17c1}', '\u{17b6}', '\u{17c4}'),
        ('\u{17c1}', '\u{17c1}', '\u{17c2}'),
    ];
    for (left, right, whole) in WHOLE {
        let first = position(signs, left, 0);
        let second = first.and_then(|first| position(signs, right, if left == right { first + 1 } else { 0 }));
        if let (Some(first), Some(second)) = (first, second) {
            signs.remove(first.max(second));
            signs.remove(first.min(second));
            insert(signs, [whole, '\0']);
            return true;
        }
    }
    false
}

/// Under a vowel that takes its place above, a shifter has the shape of the vowel U+17BB.
fn lowered(signs: &mut Vec<Sign>) -> bool {
    let above = signs.iter().any(|[letter, _]| matches!(letter, '\u{17b7}'..='\u{17ba}' | '\u{17be}'));
    let shifter = position(signs, '\u{17c9}', 0).or_else(|| position(signs, '\u{17ca}', 0));
    match shifter {
        Some(at) if above => {
            signs.remove(at);
            insert(signs, ['\u{17bb}', '\0']);
            true
        }
        _ => false,
    }
}

fn position(signs: &[Sign], letter: char, from: usize) -> Option<usize> {
    signs.iter().skip(from).position(|sign| *sign == [letter, '\0']).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(typed: &str) -> String {
        let mut letters: Vec<char> = typed.chars().flat_map(replacement).collect();
        order_signs(&mut letters);
        letters.into_iter().collect()
    }

    #[test]
    fn signs_in_another_order_and_vowels_in_parts_are_the_same() {
        for (one, other) in [
            ("ស្ត្រី", "ស្រ្តី"),
            ("ស្ដ្រី", "ស្ត្រី"),
            ("កុំ", "កំុ"),
            ("កេ្រ", "ក្រេ"),
            ("ចាំ", "ចំា"),
            ("កើ", "ក\u{17c1}\u{17b8}"),
            ("កើ", "ក\u{17b8}\u{17c1}"),
            ("កោ", "ក\u{17c1}\u{17b6}"),
            ("កោះ", "ក\u{17c1}\u{17b6}\u{17c7}"),
            ("កែ", "កេេ"),
            ("ស៊ី", "សុី"),
            ("ស៊ី", "សី៊"),
            ("ស៊ើ", "ស៊\u{17c1}\u{17b8}"),
            ("ប៉ា", "បា៉"),
            ("កិ", "កិិ"),
            ("អា", "\u{17a4}"),
            ("អ", "\u{17a3}"),
            ("ឱ្យ", "ឲ្យ"),
            ("ធម៌", "ធម៌៌"),
        ] {
            assert_eq!(ordered(one), ordered(other), "{one} {other}");
            assert_ne!(one, other, "control: they were not typed alike");
        }
    }

    #[test]
    fn another_vowel_subscript_or_shifter_stays_another() {
        for (one, other) in
            [("កើ", "កេ"), ("កោ", "កៅ"), ("ស្ន", "ស្ម"), ("ស្ន្ម", "ស្ម្ន"), ("ប៉ា", "ប៊ា"), ("កា", "កាា"), ("ក្រ", "ករ")]
        {
            assert_ne!(ordered(one), ordered(other), "{one} {other}");
        }
    }

    #[test]
    fn signs_without_a_letter_before_them_are_left_alone() {
        for text in ["", "\u{17c1}\u{17b8}", "a\u{17c6}\u{17b6}", "\u{17d2}", "ក\u{17d2}", "\u{17d2}\u{17d2}ក"] {
            assert_eq!(ordered(text), text);
        }
    }
}
