//! `finish`: seals a draft. There is no way back, and no file on this device that could open it.

use kapok_core::{Device, DraftId};
use serde_json::json;

use crate::app::App;
use crate::failure::Failure;
use crate::{output, warnings};

pub(crate) fn run(app: &App, draft: i64) -> Result<(), Failure> {
    let device = app.unlock()?;
    let draft = device.draft(draft)?;
    seal(app, &device, draft)
}

/// Finishes a draft of an open device and prints the short code.
pub(crate) fn seal(app: &App, device: &Device, draft: DraftId) -> Result<(), Failure> {
    let (form_id, _) = device.draft_form(draft)?;
    let finished = device.finish(draft, app.now())?;
    let pack = device.pack();
    let form = pack.form(&form_id)?;
    if app.json {
        output::document(&json!({
            "code": finished.code,
            "warnings": warnings::json(app, pack, form, &finished.warnings),
            "bundle_expired": finished.bundle_expired,
        }));
        return Ok(());
    }
    warnings::print(app, pack, form, &finished.warnings);
    if finished.bundle_expired {
        app.say("note.bundle_expired");
    }
    output::result(&app.words.fill("finish.done", &[("code", &finished.code)]));
    app.say("finish.forgotten");
    for card in pack.after_send(&form_id, app.lang.code())? {
        output::note(&format!("  - {}", card.text));
    }
    Ok(())
}
