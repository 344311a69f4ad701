//! A piece of text around what was found, cut between letters.

use std::ops::Range;

use super::fold::Folded;

/// Letters shown before and after the first match.
const BEFORE: usize = 24;
const AFTER: usize = 48;

/// The piece and, in characters of it, what was found in it. `found` are ranges of clusters, sorted, at least one.
pub(super) fn around(text: &Folded<'_>, found: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    let number = text.clusters().len();
    let first = found.first().cloned().unwrap_or_default();
    let window = first.start.saturating_sub(BEFORE)..first.end.saturating_add(AFTER).min(number);
    let mut piece = String::new();
    let mut chars = 0;
    let mut push = |part: &str| {
        piece.push_str(part);
        chars += part.chars().count();
        chars
    };
    if window.start > 0 {
        push("…");
    }
    // Where each cluster of the window begins, and where the last one ends.
    let mut starts = vec![push("")];
    for cluster in text.clusters().skip(window.start).take(window.len()) {
        // One line, whatever was typed.
        let blank = cluster.chars().all(|c| c.is_whitespace() || c.is_control());
        starts.push(push(if blank { " " } else { cluster }));
    }
    if window.end < number {
        push("…");
    }
    let at = |cluster: usize| starts.get(cluster.clamp(window.start, window.end) - window.start).copied().unwrap_or(0);
    let marks = found.iter().filter(|range| range.start < window.end);
    let marks = marks.map(|range| at(range.start)..at(range.end)).collect();
    (piece, marks)
}
