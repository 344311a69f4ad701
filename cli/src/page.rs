//! A page of the terminal for what must not stay there: the questions of an interview, a new passphrase.
//!
//! On the page apart (the "alternate screen" of terminals) nothing that is typed stays in view or in the scroll-back
//! when the page is closed: the next person at the machine should not read it there.

use std::io::{Write as _, stderr};

use inquire::Select;

use crate::app::App;
use crate::failure::Failure;
use crate::{interview, output};

const OPEN: &str = "\u{1b}[?1049h";
const CLOSE: &str = "\u{1b}[?1049l";
const CLEAR: &str = "\u{1b}[2J\u{1b}[3J\u{1b}[H";

pub(crate) struct Page;

/// Keys of the words with which somebody is asked whether a page may go.
pub(crate) struct Known {
    pub(crate) question: &'static str,
    /// The only answer; Esc is the other way out.
    pub(crate) answer: &'static str,
    pub(crate) help: &'static str,
}

impl Page {
    pub(crate) fn open() -> Self {
        emit(OPEN);
        emit(CLEAR);
        Self
    }

    /// A page that says above all else what it is about. Nothing of that is left when it is closed.
    pub(crate) fn titled(title: &str) -> Self {
        let page = Self::open();
        output::note(title);
        page
    }

    pub(crate) fn turn(&self) {
        emit(CLEAR);
    }

    /// Waits until the person says that what stands here may go, and turns the page.
    pub(crate) fn until_known(&self, app: &App, words: &Known) -> Result<(), Failure> {
        let select = Select::new(app.words.get(words.question), vec![app.words.get(words.answer)])
            .with_help_message(app.words.get(words.help))
            .without_filtering();
        select.prompt().map_err(interview::stopped)?;
        self.turn();
        Ok(())
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
