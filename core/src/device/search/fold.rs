//! The form in which texts are compared, and the way back from it to what is shown.
//!
//! Somebody who searches does not know how the other one typed: with which zero-width spaces, in which order the signs of
//! a Khmer letter, with which digits, large or small. Folding is done cluster by cluster (what a person sees as one
//! letter), so that each place in the folded text leads back to a whole letter of the original and no snippet cuts one.

use std::ops::Range;

use kapok_report::is_hidden;
use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::passphrase::khmer;

/// Makes the next Khmer consonant a subscript: the letter does not end here.
const COENG: char = '\u{17d2}';

/// The folded text: no controls, single spaces.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = Vec::new();
    clusters(text, |cluster| fold_cluster(cluster_of(text, &cluster), &mut letters, &mut out));
    out
}

/// The words to look for.
pub(super) fn terms(query: &str) -> Vec<String> {
    let mut terms: Vec<String> = fold(query).split(' ').filter(|term| !term.is_empty()).map(str::to_owned).collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// A text with the way back from its folded form.
pub(super) struct Folded<'a> {
    text: &'a str,
    clusters: Vec<Range<usize>>,
    folded: String,
    /// For each cluster, where its folded form ends.
    ends: Vec<usize>,
}

impl<'a> Folded<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (mut all, mut ends) = (Vec::new(), Vec::new());
        let (mut folded, mut letters) = (String::with_capacity(text.len()), Vec::new());
        clusters(text, |cluster| {
            fold_cluster(cluster_of(text, &cluster), &mut letters, &mut folded);
            all.push(cluster);
            ends.push(folded.len());
        });
        Self { text, clusters: all, folded, ends }
    }

    pub(super) fn has_all(&self, terms: &[String]) -> bool {
        terms.iter().all(|term| self.folded.contains(term.as_str()))
    }

    /// Ranges of clusters in which a term stands, sorted and joined where they meet.
    pub(super) fn find(&self, terms: &[String]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for term in terms {
            for (start, hit) in self.folded.match_indices(term.as_str()) {
                let end = start + hit.len();
                let first = self.ends.partition_point(|at| *at <= start);
                let last = self.ends.partition_point(|at| *at < end);
                found.push(first..last + 1);
            }
        }
        found.sort_unstable_by_key(|range| (range.start, range.end));
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        joined
    }

    pub(super) fn clusters(&self) -> impl ExactSizeIterator<Item = &'a str> + '_ {
        self.clusters.iter().map(|range| cluster_of(self.text, range))
    }
}

fn cluster_of<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.clone()).unwrap_or_default()
}

/// Calls `each` with the range of every letter as a person sees it. A coeng belongs to the consonant after it, whatever
/// version of Unicode the library follows.
fn clusters(text: &str, mut each: impl FnMut(Range<usize>)) {
    let mut open: Option<Range<usize>> = None;
    for (start, cluster) in text.grapheme_indices(true) {
        let end = start + cluster.len();
        open = Some(match open.take() {
            Some(before) if cluster_of(text, &before).ends_with(COENG) => before.start..end,
            Some(before) => {
                each(before);
                start..end
            }
            None => start..end,
        });
    }
    open.into_iter().for_each(each);
}

fn fold_cluster(cluster: &str, letters: &mut Vec<char>, out: &mut String) {
    // Most letters of most texts, without a detour.
    if let [byte @ (b'!'..=b'~')] = cluster.as_bytes() {
        out.push(char::from(byte.to_ascii_lowercase()));
        return;
    }
    letters.clear();
    if cluster.chars().all(is_plain_khmer) {
        letters.extend(cluster.chars());
        return finish(letters, out);
    }
    letters.extend(
        cluster
            .chars()
            .flat_map(khmer::replacement)
            .filter(|c| c.is_whitespace() || c.is_control() || !is_nothing(*c))
            .nfkc()
            .flat_map(char::to_lowercase)
            .map(khmer::digit),
    );
    finish(letters, out);
}

/// Letters and signs for which none of the steps does anything, but for the order of the signs. A test compares.
fn is_plain_khmer(letter: char) -> bool {
    matches!(letter, '\u{1780}'..='\u{17d2}')
        && !matches!(letter, '\u{17a3}' | '\u{17a4}' | '\u{17a8}' | '\u{17b2}' | '\u{17b4}' | '\u{17b5}')
}

fn finish(letters: &mut Vec<char>, out: &mut String) {
    // A letter with one sign has them in order.
    if letters.len() > 2 {
        khmer::order_signs(letters);
    }
    for letter in letters.drain(..) {
        if !letter.is_whitespace() && !letter.is_control() {
            out.push(letter);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
}

/// What a person does not see and so cannot type again.
fn is_nothing(letter: char) -> bool {
    is_hidden(letter) || matches!(letter, '\u{200b}'..='\u{200d}' | '\u{17b4}' | '\u{17b5}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_person_takes_for_the_same_is_the_same() {
        for (typed, same) in [
            ("Phnom  Penh\n", "phnom penh "),
            ("PHNOM", "phnom"),
            ("ភ្នំ\u{200b}ពេញ", "ភ្នំពេញ"),
            ("០១២", "012"),
            ("\u{ff11}2", "12"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("ស្ត្រី", "ស្រ្តី"),
            ("បា៉ន់", "ប៉ាន់"),
            ("ក\u{17c1}\u{17b6}", "កោ"),
            ("កណ្ដាល", "កណ្តាល"),
            ("a\u{202e}b\u{ad}", "ab"),
        ] {
            assert_eq!(fold(typed), fold(same), "{typed:?}");
            assert_ne!(typed, same, "control");
        }
        for (one, other) in [("កា", "កី"), ("river", "rivet"), ("ភ្នំ", "ភ្ន"), ("a b", "ab")] {
            assert_ne!(fold(one), fold(other));
        }
    }

    #[test]
    fn a_match_covers_whole_letters() {
        let text = "នៅភ្នំពេញ";
        let folded = Folded::of(text);
        let letters: Vec<&str> = folded.clusters().collect();
        assert_eq!(letters, ["នៅ", "ភ្នំ", "ពេ", "ញ"]);
        // Part of a letter marks the letter, and matches that meet are one.
        for (search, first, last) in [("ភ្នំ", 1, 1), ("ភ", 1, 1), ("ពេញ ភ្នំ", 1, 3)] {
            let found = folded.find(&terms(search));
            assert_eq!((found.len(), found[0].start, found[0].end), (1, first, last + 1), "{search}");
        }
        assert_eq!(folded.find(&terms("ខ")), []);
    }

    #[test]
    fn the_shortcut_for_khmer_changes_nothing() {
        for letter in ('\u{1780}'..='\u{17ff}').filter(|letter| is_plain_khmer(*letter)) {
            let whole: String =
                khmer::replacement(letter).nfkc().flat_map(char::to_lowercase).map(khmer::digit).collect();
            assert_eq!(whole, letter.to_string());
            assert!(!is_nothing(letter));
            let mut two = vec!['ក', letter];
            khmer::order_signs(&mut two);
            assert_eq!(two, ['ក', letter]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_run_of_whole_letters_is_found_where_it_stands(text in "[ក-អា-៓០-៩ a-zA-Zé\u{200b}\u{17d2}\n]{1,40}", cut in any::<(prop::sample::Index, prop::sample::Index)>()) {
            let folded = Folded::of(&text);
            prop_assert_eq!(&folded.folded, &fold(&text));
            let letters: Vec<&str> = folded.clusters().collect();
            let (one, other) = (cut.0.index(letters.len()), cut.1.index(letters.len()));
            let (first, last) = (one.min(other), one.max(other));
            let part: String = letters[first..=last].concat();
            for term in terms(&part) {
                let found = folded.find(std::slice::from_ref(&term));
                prop_assert!(found.iter().any(|range| range.start <= last && first < range.end), "{part:?} {found:?}");
            }
        }

        #[test]
        fn folding_is_total_and_leaves_no_controls(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert!(!folded.contains(char::is_control) && !folded.contains("  "));
        }
    }
}
