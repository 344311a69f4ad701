//! `discard`: deletes a draft with its answers and attachments, in both copies inside the vault.

use kapok_core::{Device, DraftId};
use serde_json::json;

use super::drafts;
use crate::app::App;
use crate::args::DiscardArgs;
use crate::failure::Failure;
use crate::{confirm, output};

pub(crate) fn run(app: &App, args: &DiscardArgs) -> Result<(), Failure> {
    // Refused before the passphrase is asked for.
    let asks = confirm::must_ask(app, args.yes)?;
    let device = app.unlock()?;
    let draft = device.draft(args.draft)?;
    if asks && !confirm::delete(app, &summary(app, &device, draft)?)? {
        app.say("discard.kept");
        return Ok(());
    }
    device.delete_draft(draft)?;
    if app.json {
        output::document(&json!({"discarded": draft.number()}));
    } else {
        output::result(&app.words.fill("discard.done", &[("draft", &draft.number().to_string())]));
    }
    Ok(())
}

/// The draft's line in the list of drafts.
fn summary(app: &App, device: &Device, draft: DraftId) -> Result<String, Failure> {
    let all = device.drafts()?;
    let view = all.iter().find(|view| view.id == draft).ok_or(kapok_core::Error::NoSuchDraft)?;
    Ok(drafts::line(app, device, view))
}
