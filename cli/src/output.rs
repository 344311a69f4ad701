//! Where output goes: results on stdout, everything said on the way on stderr.
//!
//! A closed pipe is no reason to stop or to panic: what a command does counts, not whether somebody still reads.

use std::io::{Write as _, stderr, stdout};

use serde_json::Value as Json;

/// A line of the result.
pub(crate) fn result(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

/// The one JSON document of a `--json` run.
pub(crate) fn document(value: &Json) {
    let _ = writeln!(stdout(), "{value:#}");
}

/// A line that is no result: a note, a warning, a question's heading, progress.
pub(crate) fn note(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

/// A text from outside, made harmless for a terminal: an answers file could hold codes that repaint the screen.
pub(crate) fn plain(text: &str) -> String {
    let harmless = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_for_the_terminal_are_taken_out_and_khmer_is_left_alone() {
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}c"), "a\u{fffd}[2Jb\u{fffd}c");
        let khmer = "មិនដឹង\u{200b}ទេ";
        assert_eq!(plain(khmer), khmer);
    }
}
