//! Printing: one JSON document or lines, and a stranger's text made harmless for a terminal.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};

use kapok_desk::{Doing, Error, is_hidden};
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
        let mut text = if self.json { harmless_json(json) } else { lines.join("\n") };
        if text.is_empty() {
            return Ok(());
        }
        text.push('\n');
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Error::Io { what: Doing::PrintResult, kind: error.kind() })?;
        self.printed.set(true);
        Ok(())
    }

    /// Prints a failure's document if JSON was asked for, unless the command's own document shows already what is wrong.
    /// If stdout is gone there is nobody to tell.
    pub(crate) fn failure(&self, failure: &serde_json::Value) {
        if self.json && !self.printed.get() {
            let mut out = io::stdout().lock();
            let _ = writeln!(out, "{}", json!({ "error": failure })).and_then(|()| out.flush());
        }
    }
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

/// A document with the same values, and every character that could act on a terminal written as its number. JSON itself
/// asks for that only below the space.
fn harmless_json(json: &serde_json::Value) -> String {
    let text = json.to_string();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            // Such a character stands within a string: a document without line breaks has none elsewhere.
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// A stranger's text for a terminal: line breaks are indented, everything that acts instead of showing something
/// becomes a visible mark.
pub(crate) fn printable(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}]0;x\u{7}b\u{9b}c\r\u{202e}d"),
            "a\u{fffd}]0;x\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d"
        );
        assert_eq!(printable("a\u{feff}\u{2069}\u{e0041}\u{2028}b"), "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(printable("ខ្មែរ\u{200b}អក្សរ\nline"), "ខ្មែរ\u{200b}អក្សរ\n      line");
    }

    #[test]
    fn a_document_says_the_same_and_cannot_steer_the_terminal_either() {
        let said = json!({ "name": "a\u{9b}31m\u{202e}b\u{e0041}\u{200b}ខ្មែរ\n" });
        let text = harmless_json(&said);
        assert_eq!(text, "{\"name\":\"a\\u009b31m\\u202eb\\udb40\\udc41\u{200b}ខ្មែរ\\n\"}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), said);
        assert!(said.to_string().contains('\u{9b}'), "control: JSON alone lets it through");
    }
}
