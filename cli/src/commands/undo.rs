//! `undo`: takes the last saved answers of a draft back.

use kapok_core::{Device, DraftId};
use serde_json::json;

use crate::app::App;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App, draft: i64) -> Result<(), Failure> {
    let device = app.unlock()?;
    let draft = DraftId(draft);
    let undone = device.undo(draft, app.now())?;
    let number = draft.0.to_string();
    match undone {
        _ if app.json => {
            let (questions, left) = undone.map(|undone| (undone.questions, undone.left)).unwrap_or_default();
            output::document(&json!({"draft": draft.0, "undone": questions, "left": left}));
        }
        None => output::result(&app.words.fill("undo.nothing", &[("draft", &number)])),
        Some(undone) => {
            let labels = labels(app, &device, draft, &undone.questions)?;
            let left = undone.left.to_string();
            let values = [("draft", number.as_str()), ("questions", &labels), ("left", &left)];
            output::result(&app.words.fill("undo.done", &values));
        }
    }
    Ok(())
}

fn labels(app: &App, device: &Device, draft: DraftId, questions: &[String]) -> Result<String, Failure> {
    let (form, _) = device.draft_form(draft)?;
    let labels: Vec<String> = questions.iter().map(|key| super::search::label(app, device, &form, key)).collect();
    Ok(labels.join(", "))
}
