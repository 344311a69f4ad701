//! `undo`: takes the last saved answers of a draft back. For good, so it asks first.

use kapok_core::{Device, DraftId, Undone};
use serde_json::json;

use crate::app::App;
use crate::args::UndoArgs;
use crate::failure::Failure;
use crate::{confirm, output};

pub(crate) fn run(app: &App, args: &UndoArgs) -> Result<(), Failure> {
    // Refused before the passphrase is asked for.
    let asks = confirm::must_ask(app, args.yes)?;
    let device = app.unlock()?;
    let draft = device.draft(args.draft)?;
    if let (true, Some(last)) = (asks, device.undoable(draft)?) {
        let what = told(app, &device, draft, "undo.what", &last)?;
        if !confirm::undo(app, &what)? {
            app.say("undo.kept");
            return Ok(());
        }
    }
    let undone = device.undo(draft, app.now())?;
    match undone {
        _ if app.json => {
            let (questions, left) = undone.map(|undone| (undone.questions, undone.left)).unwrap_or_default();
            output::document(&json!({"draft": draft.number(), "undone": questions, "left": left}));
        }
        None => output::result(&app.words.fill("undo.nothing", &[("draft", &draft.number().to_string())])),
        Some(undone) => output::result(&told(app, &device, draft, "undo.done", &undone)?),
    }
    Ok(())
}

fn told(app: &App, device: &Device, draft: DraftId, key: &str, undone: &Undone) -> Result<String, Failure> {
    let (form, _) = device.draft_form(draft)?;
    let label = |key: &String| super::search::label(app, device, &form, key);
    let questions: Vec<String> = undone.questions.iter().map(label).collect();
    let (number, left) = (draft.number().to_string(), undone.left.to_string());
    Ok(app.words.fill(key, &[("draft", &number), ("questions", &questions.join(", ")), ("left", &left)]))
}
