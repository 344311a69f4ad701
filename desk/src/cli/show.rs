//! `show`: one case in words. Only `--extract` writes.

use kapok_desk::{Attachment, Error, ExtractDir, Extracted, Integrity, OpenedReport, extract};
use kapok_report::{ShortCode, printable};
use serde_json::{Value as Json, json};

use super::Session;
use super::args::ShowArgs;
use super::files::named;
use super::output::note;
use super::reading::Desk;
use super::stop::Stop;
use super::view::{closed_words, integrity_words, report_json, rows};
use super::words::Lang;

pub(super) fn show(session: &Session, args: &ShowArgs) -> Result<(), Error> {
    let code = ShortCode::parse(&args.code).map_err(|_| Error::NoSuchReport)?;
    let desk = Desk::open(session)?;
    let found: Vec<&OpenedReport> = desk.index.with_code(code).collect();
    if found.is_empty() {
        desk.notes(session);
        return Err(Error::NoSuchReport);
    }
    // What is unreadable may be another version of this one.
    desk.damage_note(session);
    let mut stop = Stop::default();
    let mut into = None;
    if let Some(dir) = &args.extract {
        let dir = named("--extract", ExtractDir::prepare(dir))?;
        if dir.swept() > 0 {
            note(&session.words.fill("extract_swept", &[&dir.swept()]));
        }
        note(session.words.get("extract_warning"));
        stop = Stop::listen(dir.unfinished())?;
        into = Some(dir);
    }
    let (mut lines, mut reports, mut failed) = (Vec::new(), Vec::new(), 0);
    for report in found {
        let attached = desk.checked(report, true, &stop)?;
        let written = match &into {
            Some(dir) => write_out(&desk, &attached, dir, &stop)?,
            None => Vec::new(),
        };
        failed += written.iter().filter(|name| name.is_none()).count();
        let mut json = report_json(session, report, &attached);
        add_text(session, report, &mut json, &mut lines);
        add_attachments(session, &attached, &written, &mut json, &mut lines);
        reports.push(json);
    }
    session.out.result(&json!({ "reports": reports }), &lines)?;
    if failed > 0 { Err(Error::NotAllExtracted(failed)) } else { Ok(()) }
}

/// Writes what is whole and right; `None` for what is not.
fn write_out(
    desk: &Desk,
    attached: &[(Attachment<'_>, Integrity)],
    dir: &ExtractDir,
    stop: &Stop,
) -> Result<Vec<Option<String>>, Error> {
    let mut written = Vec::new();
    for (at, (attachment, state)) in attached.iter().enumerate() {
        written.push(match state {
            Integrity::HashOk => match extract(attachment, at + 1, &desk.inbox, &desk.here, dir, || stop.check())? {
                Extracted::Written(name) => Some(name),
                Extracted::NotWritten(_) => None,
            },
            _ => None,
        });
    }
    Ok(written)
}

fn add_text(session: &Session, report: &OpenedReport, json: &mut Json, lines: &mut Vec<String>) {
    let words = &session.words;
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(format!(
        "{}  {}  {}",
        report.code(),
        words.fill("received", &[&session.zone.hour(report.hour)]),
        report.id
    ));
    for (part, closed) in [("triage", report.triage.closed()), ("identities", report.identities.closed())] {
        if let Some(why) = closed {
            lines.push(format!("! {}: {}", words.get(part), closed_words(words, why)));
        }
    }
    if report.contradicted {
        lines.push(format!("! {}", words.get("contradicted")));
    }
    if report.copies > 1 {
        lines.push(format!("  {}", words.fill("copies", &[&report.copies])));
    }
    let languages = match session.lang {
        Some(one) => vec![one],
        None => vec![Lang::Km, Lang::En],
    };
    let mut texts = serde_json::Map::new();
    // Without the triage part there is no form to lay names out by; what is there prints by its keys.
    if let Some(triage) = report.triage.content() {
        if let Some(amended) = triage.amends {
            lines.push(format!("  {}", words.fill("amends", &[&ShortCode::of(&amended)])));
        }
        for lang in languages {
            let rows = rows(session, triage, report.identities.content(), lang);
            lines.push(format!("— {} —", if lang == Lang::Km { "ខ្មែរ" } else { "English" }));
            lines.extend(rows.iter().map(|row| format!("  {}: {}", printable(&row.label), printable(&row.value))));
            let rows = rows.iter().map(|row| json!({ "key": row.key, "label": row.label, "value": row.value }));
            texts.insert(lang.code().to_owned(), rows.collect());
        }
    } else if let Some(people) = report.identities.content() {
        for (key, answer) in &people.answers {
            let value = answer.get().map_or_else(|| answer.status().code().to_owned(), Json::to_string);
            lines.push(format!("  {}: {}", printable(key), printable(&value)));
        }
        texts.insert("answers".to_owned(), serde_json::to_value(&people.answers).unwrap_or_default());
    }
    if let Some(members) = json.as_object_mut() {
        members.insert("text".to_owned(), Json::Object(texts));
    }
}

fn add_attachments(
    session: &Session,
    attached: &[(Attachment<'_>, Integrity)],
    written: &[Option<String>],
    json: &mut Json,
    lines: &mut Vec<String>,
) {
    if !attached.is_empty() {
        lines.push(format!("— {} —", session.words.get("attachments")));
    }
    for (at, (one, state)) in attached.iter().enumerate() {
        let name = one.name.map(|name| format!("  {}", printable(name))).unwrap_or_default();
        let state_words = integrity_words(&session.words, *state);
        let mime = printable(&one.item.mime);
        // The same words as on the phone: they come from the pack.
        let kind = session.pack.code_text("V-EVIDENCE", one.item.kind.code(), session.words.lang.code());
        let mut line = format!("  {}. {kind}  {mime}  {} B{name}  {state_words}", at + 1, one.item.size);
        if let Some(Some(name)) = written.get(at) {
            line = format!("{line}  {}", session.words.fill("written_as", &[name]));
            if let Some(member) = json.pointer_mut(&format!("/attachments/{at}")).and_then(Json::as_object_mut) {
                member.insert("written_as".to_owned(), json!(name));
            }
        }
        lines.push(line);
    }
}
