//! `show`: a draft as the desk will read it. After finish nothing on this device can.

use std::collections::BTreeMap;

use kapok_core::report::{
    Answers, Attachment, Body, Envelope, Error as ReportError, EvidenceItem, EvidenceOrigin, EvidencePrivate, MediaKey,
    Pack, ReportId, Row, case_text,
};
use kapok_core::{AttachmentView, Device, DraftId};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::failure::Failure;
use crate::output::{self, plain};

/// A key that no form has: see [`body`].
const FILLER: &str = "-";

pub(crate) fn run(app: &App, draft: i64) -> Result<(), Failure> {
    let draft = DraftId(draft);
    let device = app.unlock()?;
    let answers = device.answers(draft)?;
    let attachments = device.attachments(draft)?;
    if app.json {
        let attachments: Vec<Json> = attachments.iter().map(attachment_json).collect();
        let given: Json = serde_json::from_str(&answers.to_json()).unwrap_or_default();
        let (form, lang) = device.draft_form(draft)?;
        output::document(&json!({
            "draft": draft.0, "form": form, "lang": lang, "answers": given, "attachments": attachments,
        }));
        return Ok(());
    }
    if answers.is_empty() && attachments.is_empty() {
        output::result(app.words.get("show.empty"));
        return Ok(());
    }
    for row in rows(app, &device, draft, &answers, &attachments)? {
        output::result(&format!("{}: {}", plain(&row.label), plain(&row.value)));
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
    let envelope = Envelope::new(ReportId::from_random([0; 16]), app.moment(pack)?, &lang);
    let manifest: Vec<_> = attachments.iter().map(manifest).collect();
    let body = body(pack, &form, answers, &envelope, &manifest)?;
    let rows = case_text(pack, &body.triage, Some(&body.identities), app.lang.code());
    Ok(rows.into_iter().filter(|row| row.key != FILLER).collect())
}

/// The body that finishing would build, also for a draft that says too little to be finished yet.
fn body(
    pack: &Pack,
    form: &str,
    answers: &Answers,
    envelope: &Envelope,
    manifest: &[Attachment],
) -> Result<Body, Failure> {
    match Body::build(pack, form, answers, envelope, manifest) {
        Err(ReportError::Empty) => {
            let mut filled = answers.clone();
            filled.set(pack, pack.form(form)?, FILLER, json!(FILLER), &envelope.recorded_on);
            Ok(Body::build(pack, form, &filled, envelope, manifest)?.0)
        }
        other => Ok(other?.0),
    }
}

/// The manifest of an attachment that is only looked at: its key and name stay in the vault.
fn manifest(view: &AttachmentView) -> Attachment {
    Attachment {
        item: EvidenceItem {
            evidence_id: view.evidence_id.to_string(),
            kind: view.kind,
            mime: view.mime.clone(),
            size: view.size,
            sha256: hex(&view.sha256),
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
        "sha256": hex(&view.sha256),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
