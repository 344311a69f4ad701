//! `drafts`: what is not finished. No answer is shown.

use kapok_core::{Device, DraftView};
use serde_json::json;

use crate::app::{App, moment};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App) -> Result<(), Failure> {
    let device = app.unlock()?;
    let drafts = device.drafts()?;
    if app.json {
        let view = drafts.iter().map(|draft| {
            json!({
                "draft": draft.id.number(),
                "form": draft.form_id,
                "created": draft.created.0,
                "updated": draft.updated.0,
                "answers": draft.answers,
                "attachments": draft.attachments,
            })
        });
        output::document(&json!({"drafts": view.collect::<Vec<_>>()}));
        return Ok(());
    }
    if drafts.is_empty() {
        output::result(app.words.get("drafts.none"));
    }
    for draft in &drafts {
        output::result(&line(app, &device, draft));
    }
    Ok(())
}

/// A draft as one line; no answer is in it.
pub(super) fn line(app: &App, device: &Device, draft: &DraftView) -> String {
    let pack = device.pack();
    let updated = moment(pack, draft.updated);
    let clock = updated.clock().unwrap_or_default();
    let form = pack.form(&draft.form_id).map(|form| pack.text(form.label(), app.lang.code()));
    app.words.fill(
        "drafts.row",
        &[
            ("draft", &draft.id.number().to_string()),
            ("form", &form.unwrap_or_else(|_| draft.form_id.clone())),
            ("day", &updated.day()),
            ("time", &clock),
            ("answers", &draft.answers.to_string()),
            ("attachments", &draft.attachments.to_string()),
        ],
    )
}
