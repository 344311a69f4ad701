//! `show`: a draft as the desk will read it. After finish nothing on this device can.

use std::collections::BTreeMap;

use kapok_core::report::{
    Answers, Attachment, Envelope, EvidenceItem, EvidenceOrigin, EvidencePrivate, MediaKey, ReportId, Row, draft_text,
    printable,
};
use kapok_core::wire::Digest;
use kapok_core::{AttachmentView, Device, DraftId};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::failure::Failure;
use crate::output;

/// How the keys of attachments begin.
const EVIDENCE: &str = "evidence.";

pub(crate) fn run(app: &App, draft: i64) -> Result<(), Failure> {
    let device = app.unlock()?;
    let draft = device.draft(draft)?;
    let answers = device.answers(draft)?;
    let attachments = device.attachments(draft)?;
    if app.json {
        let attachments: Vec<Json> = attachments.iter().map(attachment_json).collect();
        let given: Json = serde_json::from_str(&answers.to_json()).unwrap_or_default();
        let (form, lang) = device.draft_form(draft)?;
        output::document(&json!({
            "draft": draft.number(), "form": form, "lang": lang, "answers": given, "attachments": attachments,
        }));
        return Ok(());
    }
    if answers.is_empty() && attachments.is_empty() {
        output::result(app.words.get("show.empty"));
        return Ok(());
    }
    let mut attachment = 0;
    for row in rows(app, &device, draft, &answers, &attachments)? {
        let mut label = printable(&row.label);
        if row.key.starts_with(EVIDENCE) {
            // The number that `detach` takes.
            attachment += 1;
            label = format!("{label} {attachment}");
        }
        output::result(&format!("{label}: {}", printable(&row.value)));
    }
    Ok(())
}

fn rows(
    app: &App,
    device: &Device,
    draft: DraftId,
    answers: &Answers,
    attachments: &[AttachmentView],
) -> Result<Vec<Row>, Failure> {
    let pack = device.pack();
    let (form, lang) = device.draft_form(draft)?;
    let envelope = Envelope::new(ReportId::from_random([0; 16]), app.moment(pack), &lang);
    let manifest: Vec<_> = attachments.iter().map(manifest).collect();
    Ok(draft_text(pack, &form, answers, &envelope, &manifest, app.lang.code())?)
}

/// The manifest of an attachment that is only looked at: its key and name stay in the vault.
fn manifest(view: &AttachmentView) -> Attachment {
    Attachment {
        item: EvidenceItem {
            evidence_id: view.evidence_id.to_string(),
            kind: view.kind,
            mime: view.mime.clone(),
            size: view.size,
            sha256: Digest(view.sha256).to_string(),
            origin: EvidenceOrigin::ImportedFile,
            chunks: 0,
            rest: BTreeMap::new(),
        },
        private: EvidencePrivate { name: None, key: MediaKey::from_base64(String::new()), rest: BTreeMap::new() },
    }
}

pub(super) fn attachment_json(view: &AttachmentView) -> Json {
    json!({
        "evidence_id": view.evidence_id.to_string(),
        "kind": view.kind.code(),
        "mime": view.mime,
        "size": view.size,
        "sha256": Digest(view.sha256).to_string(),
    })
}
