//! Generated passphrases: how many parts, how fairly drawn, and that what was shown opens.

use std::collections::BTreeSet;

use super::*;

const LEVELS: [Level; 5] = [Level::None, Level::Software, Level::Tee, Level::StrongBox, Level::SecureEnclave];

/// Sum of (found − expected)² / expected over `bins` equally likely results.
fn chi_square(bins: u32, draws: u32, mut draw: impl FnMut() -> u32) -> f64 {
    let mut found = vec![0_u32; bins as usize];
    for _ in 0..draws {
        found[draw() as usize] += 1;
    }
    let expected = f64::from(draws) / f64::from(bins);
    found.into_iter().map(|count| (f64::from(count) - expected).powi(2) / expected).sum()
}

/// Five standard deviations above the mean, by Wilson and Hilferty: chance exceeds it about once in three million runs.
fn limit(bins: u32) -> f64 {
    let freedom = f64::from(bins - 1);
    let part = 2.0 / (9.0 * freedom);
    freedom * (1.0 - part + 5.0 * part.sqrt()).powi(3)
}

#[test]
fn every_word_and_every_digit_is_equally_likely() {
    for (bins, draws) in [(10, 400_000), (1_296, 400_000), (7_776, 400_000)] {
        let fair = chi_square(bins, draws, || below(bins));
        assert!(fair < limit(bins), "{bins}: {fair} >= {}", limit(bins));
    }
    // Control: the remainder of two bytes, or of one, is biased, and the test sees it.
    let two_bytes = || u32::from(u16::from_be_bytes(kapok_wire::rng::bytes::<2>())) % 7_776;
    assert!(chi_square(7_776, 400_000, two_bytes) > limit(7_776));
    let one_byte = || u32::from(kapok_wire::rng::bytes::<1>()[0]) % 10;
    assert!(chi_square(10, 1_000_000, one_byte) > limit(10));
}

#[test]
fn the_number_of_words_follows_the_level_and_khmer_gives_no_less_choice() {
    let english = LEVELS.map(|level| PassphraseKind::EnglishWords.parts(level));
    assert_eq!(english, [6, 6, 5, 3, 3]);
    for level in LEVELS {
        let bits =
            |kind: PassphraseKind, fewer: u32| f64::from(kind.choices()).log2() * f64::from(kind.parts(level) - fewer);
        let (khmer, english) = (PassphraseKind::KhmerWords, PassphraseKind::EnglishWords);
        assert!(bits(khmer, 0) >= bits(english, 0), "{level:?}");
        assert!(bits(khmer, 1) < bits(english, 0), "control: with one word fewer it would be less: {level:?}");
        assert!(bits(PassphraseKind::Digits, 0) > 66.0);
    }
    let few = LEVELS.map(|level| PassphraseKind::FewDigits.parts(level));
    assert_eq!(few, [20, 20, 20, 8, 8]);
}

#[test]
fn what_is_shown_has_the_right_parts_and_opens_however_it_is_spaced() {
    for kind in PassphraseKind::ALL {
        for level in LEVELS {
            let made = Passphrase::generate(kind, level);
            let shown = made.expose();
            let groups: Vec<_> = shown.split(' ').collect();
            match kind.list() {
                Some(list) => {
                    assert_eq!(groups.len(), kind.parts(level) as usize);
                    assert!(groups.iter().all(|group| list.words().any(|word| word == *group)), "{kind:?}");
                }
                None => {
                    assert_eq!(groups.len(), kind.parts(level) as usize / GROUP);
                    assert!(
                        groups.iter().all(|group| group.len() == GROUP && group.bytes().all(|b| b.is_ascii_digit()))
                    );
                }
            }
            let typed = |text: String| Passphrase::new(text.into()).unwrap();
            assert!(made.is(&typed(shown.to_owned())));
            assert!(made.is(&typed(format!("  {} ", shown.replace(' ', "  ").to_uppercase()))));
            assert!(made.is(&typed(shown.replace(' ', "-"))));
            if kind != PassphraseKind::EnglishWords {
                assert!(made.is(&typed(shown.replace(' ', ""))), "the spaces may be left out: {kind:?}");
                assert!(made.is(&typed(shown.replace(' ', "\u{200b}"))));
            }
            assert!(!made.is(&typed(format!("{shown}x"))), "control");
            assert!(made.to_passphrase().characters() >= Passphrase::LEAST);
        }
    }
}

#[test]
fn no_two_are_alike_and_debug_shows_nothing() {
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        for kind in [PassphraseKind::EnglishWords, PassphraseKind::KhmerWords, PassphraseKind::Digits] {
            let made = Passphrase::generate(kind, Level::Software);
            assert_eq!(format!("{made:?}"), "GeneratedPassphrase([redacted])");
            assert!(seen.insert(made.expose().to_owned()));
        }
    }
}

#[test]
fn only_lists_that_somebody_read_count_as_reviewed() {
    assert!(!PassphraseKind::KhmerWords.is_reviewed(), "change this together with a review");
    assert!(PassphraseKind::EnglishWords.is_reviewed() && PassphraseKind::Digits.is_reviewed());
}
