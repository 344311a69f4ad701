//! `attach`: photos, sound, documents. Each file is kept exactly as it is; nothing is written beside the vault.

use kapok_core::DraftId;
use kapok_core::report::EvidenceKind;
use serde_json::json;

use super::show::attachment_json;
use crate::app::App;
use crate::args::{AttachArgs, KindArg};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App, args: &AttachArgs) -> Result<(), Failure> {
    let draft = DraftId(args.draft);
    let kind = args.kind.map(|kind| match kind {
        KindArg::Photo => EvidenceKind::Photo,
        KindArg::Audio => EvidenceKind::Audio,
        KindArg::Video => EvidenceKind::Video,
        KindArg::Document => EvidenceKind::Document,
    });
    let device = app.unlock()?;
    let mut views = Vec::new();
    let mut failed = None;
    for (path, number) in args.files.iter().zip(1_usize..) {
        match device.attach_file(draft, path, kind, app.now()) {
            Ok(view) => {
                if view.size == 0 {
                    app.say_with("attach.empty", &[("number", &number.to_string())]);
                }
                if !app.json {
                    let kind = device.pack().code_text("V-EVIDENCE", view.kind.code(), app.lang.code());
                    let (number, size) = (number.to_string(), view.size.to_string());
                    let values = [("number", number.as_str()), ("kind", &kind), ("mime", &view.mime), ("size", &size)];
                    output::result(&app.words.fill("attach.done", &values));
                }
                views.push(attachment_json(&view));
            }
            Err(error) => {
                // The file's place in the command says which one it was; its name is not repeated.
                app.say_with("attach.failed", &[("number", &number.to_string())]);
                failed = Some(error);
                break;
            }
        }
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    if app.json {
        output::document(&json!({"draft": draft.0, "attachments": views}));
    }
    Ok(())
}
