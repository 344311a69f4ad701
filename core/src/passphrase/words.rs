//! The word lists: data, read from `core/words/`.

/// One list of words.
#[derive(Clone, Copy)]
pub(super) struct WordList(&'static str);

/// The long list of the EFF.
pub(super) const ENGLISH: WordList = WordList(include_str!("../../words/en.txt"));
/// Everyday Khmer, not reviewed by a speaker yet.
pub(super) const KHMER: WordList = WordList(include_str!("../../words/km.txt"));

impl WordList {
    pub(super) fn words(self) -> impl Iterator<Item = &'static str> {
        self.0.lines().filter(|line| !line.starts_with('#'))
    }

    /// How many words; a power of six each, so that dice can choose too.
    pub(super) fn size(self) -> u32 {
        u32::try_from(self.words().count()).unwrap_or(u32::MAX)
    }

    /// Length of the longest word in bytes.
    pub(super) fn longest(self) -> usize {
        self.words().map(str::len).max().unwrap_or(0)
    }

    pub(super) fn nth(self, number: u32) -> Option<&'static str> {
        self.words().nth(usize::try_from(number).ok()?)
    }

    /// Whether a speaker of the language has read the list.
    pub(super) fn is_reviewed(self) -> bool {
        self.0.lines().take_while(|line| line.starts_with('#')).any(|line| line == "# review_status: reviewed")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::normal::normal;
    use super::*;

    fn normalised(list: WordList) -> Vec<String> {
        let mut words: Vec<_> = list.words().map(|word| String::from_utf8(normal(word).to_vec()).unwrap()).collect();
        words.sort();
        words
    }

    /// Pairs in which one word is the beginning of the other; in sorted words such a pair stands together.
    fn beginnings(words: &[String]) -> Vec<(&str, &str)> {
        let pairs = words.windows(2).filter(|pair| pair[1].starts_with(&pair[0]));
        pairs.map(|pair| (pair[0].as_str(), pair[1].as_str())).collect()
    }

    #[test]
    fn each_list_has_the_size_that_the_strength_is_computed_from() {
        assert_eq!((ENGLISH.size(), KHMER.size()), (7_776, 1_296));
        assert!(ENGLISH.is_reviewed());
        assert!(!KHMER.is_reviewed(), "change this together with a review by a speaker");
        assert!(ENGLISH.nth(7_775).is_some() && ENGLISH.nth(7_776).is_none());
        assert_eq!((ENGLISH.nth(0), KHMER.longest()), (Some("abacus"), 24));
    }

    #[test]
    fn words_stay_distinct_and_can_be_told_apart_without_spaces() {
        for list in [ENGLISH, KHMER] {
            let words = normalised(list);
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), list.size() as usize);
            assert_eq!(beginnings(&words), []);
        }
        // Control: the search finds one.
        assert_eq!(beginnings(&["lot".to_owned(), "lotus".to_owned()]).len(), 1);
    }

    #[test]
    fn english_words_are_letters_and_four_hyphens() {
        let words: Vec<_> = ENGLISH.words().collect();
        assert!(words.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        let hyphens: Vec<_> = words.iter().filter(|word| word.contains('-')).copied().collect();
        assert_eq!(hyphens, ["drop-down", "felt-tip", "t-shirt", "yo-yo"]);
    }

    #[test]
    fn khmer_words_are_short_and_of_everyday_letters() {
        for word in KHMER.words() {
            let letters = word.chars().count();
            assert!((3..=8).contains(&letters), "{word}");
            let everyday = |c: char| matches!(c, '\u{1780}'..='\u{179c}' | '\u{179f}'..='\u{17a2}' | '\u{17b6}'..='\u{17c7}' | '\u{17c9}'..='\u{17cb}' | '\u{17d2}');
            assert!(word.chars().all(everyday), "{word}");
            assert!(word.matches('\u{17d2}').count() <= 1, "{word}");
        }
    }

    #[test]
    fn no_slip_makes_another_khmer_word() {
        let words: BTreeSet<Vec<char>> = normalised(KHMER).iter().map(|word| word.chars().collect()).collect();
        let letters: BTreeSet<char> = words.iter().flatten().copied().collect();
        let mut tried = 0;
        for word in &words {
            for at in 0..word.len() {
                let mut left_out = word.clone();
                left_out.remove(at);
                let mut exchanged = word.clone();
                exchanged.swap(at, (at + 1) % word.len());
                assert!(!words.contains(&left_out), "{word:?}");
                assert!(exchanged == *word || !words.contains(&exchanged), "{word:?}");
                for letter in &letters {
                    let mut wrong = word.clone();
                    wrong[at] = *letter;
                    assert!(wrong == *word || !words.contains(&wrong), "{word:?}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 100_000, "control: slips were tried");
    }
}
