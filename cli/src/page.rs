//! A page of the terminal for what must not stay there: the questions of an interview, a new passphrase.
//!
//! On the page apart (the "alternate screen" of terminals) nothing that is typed stays in view or in the scroll-back
//! when the page is closed: the next person at the machine should not read it there.

use std::io::{Write as _, stderr};

const OPEN: &str = "\u{1b}[?1049h";
const CLOSE: &str = "\u{1b}[?1049l";
const CLEAR: &str = "\u{1b}[2J\u{1b}[3J\u{1b}[H";

pub(crate) struct Page;

impl Page {
    pub(crate) fn open() -> Self {
        emit(OPEN);
        emit(CLEAR);
        Self
    }

    pub(crate) fn turn(&self) {
        emit(CLEAR);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        emit(CLEAR);
        emit(CLOSE);
    }
}

/// A terminal that is gone takes no codes, and needs none.
fn emit(code: &str) {
    let mut stderr = stderr();
    let _ = stderr.write_all(code.as_bytes()).and_then(|()| stderr.flush());
}
