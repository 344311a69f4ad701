//! `search`: words in drafts and notes. What was found stands in brackets.

use kapok_core::report::printable;
use kapok_core::{Device, Hit, HitPlace};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::args::SearchArgs;
use crate::failure::Failure;
use crate::{line, output};

pub(crate) fn run(app: &App, args: &SearchArgs) -> Result<(), Failure> {
    let device = app.unlock()?;
    let text = match &args.text {
        Some(text) => text.clone(),
        None => line::read(app, "ask.search", "")?,
    };
    let hits = device.search(&text, args.limit as usize)?;
    if app.json {
        let hits: Vec<Json> = hits.iter().map(document).collect();
        output::document(&json!({ "hits": hits }));
        return Ok(());
    }
    if hits.is_empty() {
        output::result(app.words.get("search.none"));
    }
    for hit in &hits {
        let place = place(app, &device, &hit.place)?;
        output::result(&app.words.fill("search.row", &[("place", &place), ("text", &marked(hit))]));
    }
    Ok(())
}

fn place(app: &App, device: &Device, place: &HitPlace) -> Result<String, Failure> {
    let number = |draft: &kapok_core::DraftId| draft.number().to_string();
    Ok(match place {
        HitPlace::Answer { draft, question } => {
            let (form, _) = device.draft_form(*draft)?;
            format!("{}  {}", number(draft), label(app, device, &form, question))
        }
        HitPlace::Note(draft) => format!("{}  {}", number(draft), app.words.get("search.note")),
        HitPlace::FileName { draft, .. } => format!("{}  {}", number(draft), app.words.get("search.file")),
        HitPlace::Finished(row) => {
            let rows = device.finished()?;
            let code = rows.iter().find(|view| view.id == *row).map(|view| view.code.clone()).unwrap_or_default();
            app.words.fill("search.finished", &[("code", &code)])
        }
    })
}

/// The words of a question; a key that the form does not have stands for itself.
pub(super) fn label(app: &App, device: &Device, form: &str, key: &str) -> String {
    let pack = device.pack();
    let field = pack.form(form).ok().and_then(|form| form.field(key));
    printable(&field.map_or_else(|| key.to_owned(), |field| pack.text(&field.label, app.lang.code())))
}

/// The snippet with brackets around what was found.
fn marked(hit: &Hit) -> String {
    let mut out = String::new();
    for (at, letter) in (0..).zip(hit.snippet.chars()) {
        if hit.marks.iter().any(|mark| mark.end == at) {
            out.push(']');
        }
        if hit.marks.iter().any(|mark| mark.start == at) {
            out.push('[');
        }
        out.push(letter);
    }
    if hit.marks.iter().any(|mark| mark.end == hit.snippet.chars().count()) {
        out.push(']');
    }
    printable(&out)
}

fn document(hit: &Hit) -> Json {
    let mut document = match &hit.place {
        HitPlace::Answer { draft, question } => {
            json!({"kind": "answer", "draft": draft.number(), "question": question})
        }
        HitPlace::Note(draft) => json!({"kind": "note", "draft": draft.number()}),
        HitPlace::FileName { draft, evidence_id } => {
            json!({"kind": "file_name", "draft": draft.number(), "evidence_id": evidence_id.to_string()})
        }
        HitPlace::Finished(row) => json!({"kind": "finished", "finished": row.number()}),
    };
    let marks: Vec<_> = hit.marks.iter().map(|mark| [mark.start, mark.end]).collect();
    if let Some(members) = document.as_object_mut() {
        members.insert("snippet".into(), hit.snippet.clone().into());
        members.insert("marks".into(), json!(marks));
    }
    document
}
