//! How long a passphrase withstands a laboratory that has the whole device.
//!
//! The laboratory is the one of CoverDrop's published cost model: 1,000 TiB of memory, and 10 ms for a hash over 256 MiB.
//! It can try as many hashes at once as its memory holds, so half the memory a hash makes a guess four times cheaper.
//! A separate secure element answers about one guess a second, and there is only one of it.
//!
//! For a passphrase that a person chose there is an upper bound and no more: it is either certainly weak, or nobody can tell.
//! Rejected: meters that count letters and signs; they call "Passw0rd!" strong.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::policy::Lang;
use crate::vault::{KdfParams, Level, Passphrase};

const LAB_MEMORY_KIB: f64 = 1_000.0 * 1_073_741_824.0;
/// Seconds for one KiB and pass: 10 ms for 256 MiB and three passes.
const LAB_SECONDS: f64 = 0.010 / (262_144.0 * 3.0);
const SECURE_ELEMENT_GUESSES: f64 = 1.0;
const YEAR: f64 = 365.25 * 86_400.0;

/// How long guessing takes on average, as a person would say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// A person chose it, and it is not certainly weak: nobody can tell.
    Unknown,
    /// Less than a year, perhaps no time at all.
    Weak,
    /// One year to ten.
    Years,
    /// Ten years to eighty.
    Decades,
    /// Eighty years and more.
    Lifetime,
}

impl Strength {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Weak, Self::Years, Self::Decades, Self::Lifetime];

    /// A name that is never changed.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Weak => "weak",
            Self::Years => "years",
            Self::Decades => "decades",
            Self::Lifetime => "lifetime",
        }
    }

    /// Of a passphrase that was drawn from so many, each equally likely.
    pub(super) fn of_choices(choices: f64, level: Level, kdf: KdfParams) -> Self {
        match choices / 2.0 / guesses_a_second(level, kdf) / YEAR {
            years if years < 1.0 => Self::Weak,
            years if years < 10.0 => Self::Years,
            years if years < 80.0 => Self::Decades,
            _ => Self::Lifetime,
        }
    }
}

/// What the laboratory can try. A key in the main processor's environment counts as none: it has been got out before.
fn guesses_a_second(level: Level, kdf: KdfParams) -> f64 {
    match level {
        Level::StrongBox | Level::SecureEnclave => SECURE_ELEMENT_GUESSES,
        Level::None | Level::Software | Level::Tee => {
            let memory = f64::from(kdf.memory_kib());
            LAB_MEMORY_KIB / memory / (LAB_SECONDS * memory * f64::from(kdf.passes()))
        }
    }
}

impl Passphrase {
    /// What can be said about a passphrase that a person chose: [`Strength::Weak`] or [`Strength::Unknown`]. A secure element is
    /// not counted on: the first guesses at what people choose are often right.
    #[must_use]
    pub fn strength(&self, kdf: KdfParams) -> Strength {
        match Strength::of_choices(self.most_choices(), Level::None, kdf) {
            Strength::Weak => Strength::Weak,
            _ => Strength::Unknown,
        }
    }

    /// Passphrases of this length from letters of these sorts: it cannot be stronger. Letters that repeat the one before, or
    /// stand beside it in the alphabet, add nothing.
    fn most_choices(&self) -> f64 {
        // EXPOSE: only lengths and sorts are counted.
        let text = std::str::from_utf8(self.expose()).unwrap_or_default();
        let (mut sorts, mut counted, mut before) = (BTreeMap::new(), 0, None);
        for letter in text.chars() {
            let (sort, size) = sort(letter);
            sorts.insert(sort, size);
            let code = u32::from(letter);
            counted += i32::from(before.is_none_or(|before| code.abs_diff(before) > 1));
            before = Some(code);
        }
        sorts.values().sum::<f64>().powi(counted)
    }
}

/// A sort of letters and how many there are of it, generously.
fn sort(letter: char) -> (u8, f64) {
    match letter {
        'a'..='z' => (0, 26.0),
        '0'..='9' => (1, 10.0),
        ' ' => (2, 1.0),
        '!'..='~' => (3, 32.0),
        '\u{1780}'..='\u{17ff}' => (4, 100.0),
        _ => (5, 10_000.0),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    km: String,
    en: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "for reviewers; a test checks it"))]
    review_status: String,
}

/// One sentence per strength and language. The words are data.
pub struct StrengthWords(BTreeMap<String, Entry>);

impl StrengthWords {
    /// Reads the words that are built in.
    #[must_use]
    pub fn load() -> Self {
        Self(serde_json::from_str(include_str!("strength.json")).expect("a test reads the built-in words"))
    }

    /// The sentence for `strength`.
    #[must_use]
    pub fn get(&self, strength: Strength, lang: Lang) -> &str {
        // A test finds every strength; the code itself is the honest answer should one ever be missing.
        self.0.get(strength.code()).map_or(strength.code(), |entry| match lang {
            Lang::Km => &entry.km,
            Lang::En => &entry.en,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::PassphraseKind;
    use super::*;

    fn kdf(mib: u32) -> KdfParams {
        KdfParams::new(mib << 10, 3).unwrap()
    }

    fn years_for_all(choices: f64, level: Level, mib: u32) -> f64 {
        choices / guesses_a_second(level, kdf(mib)) / YEAR
    }

    #[test]
    fn the_model_gives_the_published_figures() {
        let words = |count| 7_776_f64.powi(count);
        let near = |found: f64, wanted: f64| assert!((found / wanted - 1.0).abs() < 0.02, "{found} {wanted}");
        near(years_for_all(words(5), Level::Software, 256), 2_200.0);
        near(years_for_all(words(5), Level::Tee, 64), 137.0);
        near(years_for_all(words(6), Level::None, 64), 1_070_000.0);
        near(years_for_all(words(4), Level::None, 64) * 365.25, 6.46);
        near(years_for_all(words(3), Level::StrongBox, 64), 14_909.0);
    }

    #[test]
    fn a_generated_passphrase_is_never_weak() {
        use Level::{None, SecureEnclave, Software, StrongBox, Tee};
        for level in [None, Software, Tee, StrongBox, SecureEnclave] {
            for kind in PassphraseKind::ALL {
                let strength = |mib| Passphrase::generate(kind, level).strength(kdf(mib));
                let expected = match (kind, level) {
                    (PassphraseKind::FewDigits, StrongBox | SecureEnclave) => Strength::Years,
                    (PassphraseKind::EnglishWords, Tee) => Strength::Decades,
                    _ => Strength::Lifetime,
                };
                assert_eq!(strength(64), expected, "{kind:?} {level:?}");
                assert!(strength(128) >= expected);
            }
        }
        assert_eq!(Passphrase::generate(PassphraseKind::EnglishWords, Tee).strength(kdf(128)), Strength::Lifetime);
        // Control: three words without a secure element.
        assert_eq!(Strength::of_choices(7_776_f64.powi(3), None, kdf(256)), Strength::Weak);
    }

    #[test]
    fn of_a_chosen_one_it_is_only_said_that_it_is_weak_or_that_nobody_can_tell() {
        let strength = |text: &str| Passphrase::new(text.into()).unwrap().strength(kdf(64));
        for weak in [
            "password",
            "Password123",
            "iloveyou2",
            "12345678901234567890",
            "aaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abcdefghijklmnopqrstuvwxyz",
            "0123 4567 8901 2345",
            "\u{1780}\u{17d2}\u{1798}\u{17c1}\u{1784}",
        ] {
            assert_eq!(strength(weak), Strength::Weak, "{weak}");
        }
        for unknown in ["river lotus seven", "mango 12 river", "correct horse battery staple"] {
            assert_eq!(strength(unknown), Strength::Unknown, "{unknown}");
        }
    }

    #[test]
    fn every_strength_has_a_khmer_and_an_english_sentence_of_its_own() {
        let words = StrengthWords::load();
        for strength in Strength::ALL {
            let (khmer, english) = (words.get(strength, Lang::Km), words.get(strength, Lang::En));
            assert!(
                khmer.chars().any(|c| ('\u{1780}'..='\u{17ff}').contains(&c)) && khmer.ends_with('។'),
                "{strength:?}"
            );
            assert!(english.is_ascii() && english.ends_with('.'), "{strength:?}");
        }
        assert_eq!(words.0.len(), Strength::ALL.len());
        assert!(
            words.0.values().all(|entry| entry.review_status == "unreviewed"),
            "change this together with a review"
        );
    }
}
