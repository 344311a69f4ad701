//! `attach`: photos, sound, documents. Each file is kept exactly as it is; nothing is written beside the vault.

use kapok_core::report::{EvidenceKind, printable};
use kapok_core::{AttachmentView, Device};
use serde_json::json;

use super::show::attachment_json;
use crate::app::App;
use crate::args::{AttachArgs, KindArg};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App, args: &AttachArgs) -> Result<(), Failure> {
    let kind = args.kind.map(|kind| match kind {
        KindArg::Photo => EvidenceKind::Photo,
        KindArg::Audio => EvidenceKind::Audio,
        KindArg::Video => EvidenceKind::Video,
        KindArg::Document => EvidenceKind::Document,
    });
    let device = app.unlock()?;
    let draft = device.draft(args.draft)?;
    let before = device.attachments(draft)?.len();
    let mut views = Vec::new();
    let mut failed = None;
    for path in &args.files {
        match device.attach_file(draft, path, kind, app.now()) {
            Ok(view) => {
                tell(app, &device, before + views.len() + 1, &view);
                views.push(view);
            }
            Err(error) => {
                failed = Some(Failure::from(error));
                break;
            }
        }
    }
    let attachments: Vec<_> = views.iter().map(attachment_json).collect();
    let Some(failure) = failed else {
        if app.json {
            output::document(&json!({"draft": draft.number(), "attachments": attachments}));
        }
        return Ok(());
    };
    tell_failed(app, views.len(), args.files.len());
    if !app.json {
        return Err(failure);
    }
    // What was attached before the failure stays attached, so a script has to hear of it.
    output::document(&json!({"draft": draft.number(), "attachments": attachments, "error": failure.document(app)}));
    Err(failure.told())
}

/// One attachment, by the number it has in its draft.
fn tell(app: &App, device: &Device, number: usize, view: &AttachmentView) {
    let number = number.to_string();
    if view.size == 0 {
        app.say_with("attach.empty", &[("number", &number)]);
    }
    if !app.json {
        output::result(&app.words.fill("attach.done", &[("number", &number), ("what", &what(app, device, view))]));
    }
}

/// Kind, type and size of an attachment; its name is not repeated.
pub(super) fn what(app: &App, device: &Device, view: &AttachmentView) -> String {
    let kind = device.pack().code_text("V-EVIDENCE", view.kind.code(), app.lang.code());
    format!("{kind}, {}, {}", printable(&view.mime), output::size(view.size))
}

/// Files are named by their place in the command: their names stay out of what the terminal keeps.
fn tell_failed(app: &App, done: usize, all: usize) {
    let (failed, all) = ((done + 1).to_string(), all.to_string());
    app.say_with("attach.failed", &[("file", &failed), ("files", &all)]);
    app.say_with(if done == 0 { "attach.failed_none" } else { "attach.failed_before" }, &[("last", &done.to_string())]);
}
