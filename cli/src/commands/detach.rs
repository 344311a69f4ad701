//! `detach`: deletes one attachment of a draft. The file it was made from is somebody else's and stays.

use kapok_core::{AttachmentView, Error};
use serde_json::json;

use super::attach::what;
use crate::app::App;
use crate::args::DetachArgs;
use crate::failure::Failure;
use crate::{confirm, output};

pub(crate) fn run(app: &App, args: &DetachArgs) -> Result<(), Failure> {
    // Refused before the passphrase is asked for.
    let asks = confirm::must_ask(app, args.yes)?;
    let device = app.unlock()?;
    let draft = device.draft(args.draft)?;
    let attachments = device.attachments(draft)?;
    let (number, view) = find(&attachments, &args.attachment).ok_or(Error::NoSuchAttachment)?;
    let number = number.to_string();
    if asks {
        let what = what(app, &device, view);
        let question = app.words.fill("detach.what", &[("number", &number), ("what", &what)]);
        if !confirm::delete(app, &question)? {
            app.say("discard.kept");
            return Ok(());
        }
    }
    device.remove_attachment(draft, view.evidence_id, app.now())?;
    if app.json {
        output::document(&json!({"draft": draft.number(), "detached": view.evidence_id.to_string()}));
    } else {
        output::result(&app.words.fill("detach.done", &[("number", &number), ("draft", &draft.number().to_string())]));
    }
    Ok(())
}

/// An attachment by its number as `show` prints it, or by its id: numbers move up when one is deleted, ids do not.
fn find<'a>(attachments: &'a [AttachmentView], wanted: &str) -> Option<(usize, &'a AttachmentView)> {
    let mut numbered = (1..).zip(attachments);
    numbered.find(|(number, view)| wanted == number.to_string() || wanted == view.evidence_id.to_string())
}
