//! A line that a person types: at a prompt, or from standard input. It may name somebody, and other programs can read
//! arguments, so no command needs it as one.

use std::io::{BufRead as _, Read as _, stdin};

use inquire::Text;

use crate::app::App;
use crate::failure::{Exit, Failure};
use crate::interview;

/// Longer lines are something else.
const LONGEST: u64 = 16 << 10;

/// The line, with what was there before to change at the prompt.
pub(crate) fn read(app: &App, question: &str, before: &str) -> Result<String, Failure> {
    if app.somebody() {
        return Text::new(app.words.get(question)).with_initial_value(before).prompt().map_err(interview::stopped);
    }
    let mut line = String::new();
    let failed = |_| Failure::new("error.line_unreadable", Exit::Other);
    stdin().lock().take(LONGEST).read_line(&mut line).map_err(failed)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
