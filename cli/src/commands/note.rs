//! `note`: a line by which the person will recognise the report once this device cannot open it any more.

use serde_json::json;

use crate::app::App;
use crate::args::NoteArgs;
use crate::failure::Failure;
use crate::{line, output};

pub(crate) fn run(app: &App, args: &NoteArgs) -> Result<(), Failure> {
    let device = app.unlock()?;
    let draft = device.draft(args.draft)?;
    let before = device.note(draft)?;
    let note = match &args.note {
        Some(note) => note.clone(),
        None => line::read(app, "ask.note", &before)?,
    };
    device.set_note(draft, &note, app.now())?;
    if app.json {
        output::document(&json!({"draft": draft.number(), "note": device.note(draft)?}));
        return Ok(());
    }
    let number = draft.number().to_string();
    let done = if note.trim().is_empty() { "note.removed" } else { "note.saved" };
    output::result(&app.words.fill(done, &[("draft", &number)]));
    Ok(())
}
