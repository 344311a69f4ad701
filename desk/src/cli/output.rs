//! Printing: one JSON document or lines, and notes for the person.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};

use kapok_desk::{Doing, Error};
use kapok_report::harmless_json;
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
        let mut text = if self.json { harmless_json(&json.to_string()) } else { lines.join("\n") };
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
