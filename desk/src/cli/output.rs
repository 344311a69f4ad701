//! Printing: one JSON document or lines, and a stranger's text made harmless for a terminal.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};

use kapok_desk::Error;
use serde_json::json;

/// Where results go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    /// A result was printed: there is one document a run, so a failure behind it adds none.
    printed: Cell<bool>,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, printed: Cell::new(false) }
    }

    /// Prints the JSON document if JSON was asked for, else the lines.
    pub(crate) fn result(&self, json: &serde_json::Value, lines: &[String]) -> Result<(), Error> {
        let mut text = if self.json { json.to_string() } else { lines.join("\n") };
        if text.is_empty() {
            return Ok(());
        }
        text.push('\n');
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Error::Io { what: "printing the result", kind: error.kind() })?;
        self.printed.set(true);
        Ok(())
    }

    /// Prints a failure's document if JSON was asked for, unless the command's own document shows already what is wrong.
    /// If stdout is gone there is nobody to tell.
    pub(crate) fn failure(&self, error: &Error) {
        if self.json && !self.printed.get() {
            let mut out = io::stdout().lock();
            let _ = writeln!(out, "{}", json!({ "error": failure(error) })).and_then(|()| out.flush());
        }
    }
}

/// A failure in a document, of the same form as that of `kapok`.
pub(crate) fn failure(error: &Error) -> serde_json::Value {
    json!({ "code": error.code(), "exit": error.exit_code(), "text": error.to_string() })
}

/// Prints a note for the person. If stderr is gone there is nobody to tell.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Shows progress in one line of a terminal; elsewhere it would only fill logs.
pub(crate) fn progress(text: &str) {
    let mut err = io::stderr().lock();
    if err.is_terminal() {
        let _ = write!(err, "\r{text}").and_then(|()| err.flush());
    }
}

/// A stranger's text for a terminal: line breaks are indented, everything that could steer the terminal or turn the
/// reading direction round becomes a visible mark.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\n      "),
            '\t' => out.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}]0;x\u{7}b\u{9b}c\r\u{202e}d"),
            "a\u{fffd}]0;x\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d"
        );
        assert_eq!(printable("ខ្មែរ\u{200b}អក្សរ\nline"), "ខ្មែរ\u{200b}អក្សរ\n      line");
    }
}
