//! `list`, `show`, `verify`: opening in memory and printing. Only `show --extract` writes.

use std::collections::HashSet;
use std::path::Path;

use kapok_desk::{
    Attachment, Closed, Error, Extracted, Inbox, Index, Integrity, Keyring, OpenedReport, attachments, extract,
    prepare_dir,
};
use kapok_report::{Pack, ShortCode, case_text};
use kapok_wire::ObjectId;
use serde_json::{Value as Json, json};

use super::Session;
use super::args::ShowArgs;
use super::output::{note, printable};
use super::view::{closed_words, hour_words, integrity_words, report_json, unopened_json};
use super::words::Lang;

/// Everything that reading commands share, opened once.
struct Desk {
    inbox: Inbox,
    index: Index,
    here: HashSet<ObjectId>,
    refused: usize,
}

impl Desk {
    fn open(session: &Session) -> Result<Self, Error> {
        let folder = session.folder()?;
        let mut keys = Keyring::unlock(&folder, session.passphrase()?)?;
        let inbox = folder.inbox();
        let index = Index::read(&inbox, &mut keys)?;
        let here = inbox.chunk_ids();
        Ok(Self { inbox, index, here, refused: keys.refused() })
    }

    /// Attachments of a report with what is known of them, hashes checked if `full`.
    fn checked<'a>(&self, report: &'a OpenedReport, full: bool) -> Result<Vec<(Attachment<'a>, Integrity)>, Error> {
        let check = |one: Attachment<'a>| {
            let state = if full { one.open(&self.inbox, &self.here, |_| Ok(()))? } else { one.presence(&self.here) };
            Ok((one, state))
        };
        attachments(report).into_iter().map(check).collect()
    }

    /// Notes about what is here but says nothing: the person must hear of it whatever was asked.
    fn notes(&self, session: &Session) {
        if !self.index.unopened.is_empty() {
            note(&format!("{}:", session.words.get("unopened")));
        }
        for packet in &self.index.unopened {
            let why = closed_words(&session.words, packet.why);
            note(&format!("  {}  {:?}  {why}", hour_words(packet.hour), packet.object));
        }
        if self.damaged() > 0 {
            note(&session.words.fill("damaged_files", &[&self.damaged()]));
        }
        if self.refused > 0 {
            note(&session.words.fill("keys_refused", &[&self.refused]));
        }
    }

    fn damaged(&self) -> usize {
        self.index.damaged_files
    }

    fn json(&self, reports: Vec<Json>) -> Json {
        json!({
            "reports": reports,
            "unopened": self.index.unopened.iter().map(unopened_json).collect::<Vec<_>>(),
            "damaged_files": self.damaged(),
            "set_aside": self.inbox.set_aside_count(),
            "locked_keys": self.refused,
        })
    }
}

pub(super) fn list(session: &Session) -> Result<(), Error> {
    let desk = Desk::open(session)?;
    let pack = Pack::builtin();
    let (mut lines, mut reports) = (Vec::new(), Vec::new());
    for report in &desk.index.reports {
        let attached = desk.checked(report, false)?;
        lines.push(list_line(session, &pack, report, &attached));
        reports.push(report_json(report, &attached));
    }
    if lines.is_empty() {
        note(session.words.get("none"));
    }
    desk.notes(session);
    session.out.result(&desk.json(reports), &lines)
}

fn list_line(
    session: &Session,
    pack: &Pack,
    report: &OpenedReport,
    attached: &[(Attachment<'_>, Integrity)],
) -> String {
    let words = &session.words;
    let mut parts = vec![report.code().to_string(), hour_words(report.hour)];
    match (&report.triage.content(), report.triage.closed()) {
        (Some(triage), _) => {
            parts.push(printable(&pack.code_text("V-REPORT", &triage.report_type, words.lang.code())));
            parts.push(printable(&triage.form_id));
            parts.push(printable(&triage.completeness));
        }
        (None, Some(why)) => parts.push(format!("{}: {}", words.get("triage"), closed_words(words, why))),
        (None, None) => {}
    }
    match report.identities.closed() {
        Some(Closed::NoKey) => parts.push(words.get("without_names").to_owned()),
        Some(why) => parts.push(format!("{}: {}", words.get("identities"), closed_words(words, why))),
        None => {}
    }
    if !attached.is_empty() {
        let whole = attached.iter().filter(|(_, state)| *state == Integrity::Complete).count();
        parts.push(format!("{} {whole}/{}", words.get("attachments"), attached.len()));
    }
    if report.copies > 1 {
        parts.push(words.fill("copies", &[&report.copies]));
    }
    if report.contradicted {
        parts.push(words.get("contradicted").to_owned());
    }
    if let Some(amended) = report.triage.content().and_then(|triage| triage.amends) {
        parts.push(words.fill("amends", &[&ShortCode::of(&amended)]));
    }
    parts.join("  ")
}

pub(super) fn show(session: &Session, args: &ShowArgs) -> Result<(), Error> {
    let code = ShortCode::parse(&args.code).map_err(|_| Error::NoSuchReport)?;
    let desk = Desk::open(session)?;
    let pack = Pack::builtin();
    let found: Vec<&OpenedReport> = desk.index.with_code(code).collect();
    if found.is_empty() {
        desk.notes(session);
        return Err(Error::NoSuchReport);
    }
    if let Some(dir) = &args.extract {
        prepare_dir(dir)?;
        note(session.words.get("extract_warning"));
    }
    let (mut lines, mut reports, mut failed) = (Vec::new(), Vec::new(), 0);
    for report in found {
        let attached = desk.checked(report, true)?;
        let written = match &args.extract {
            Some(dir) => write_out(&desk, &attached, dir)?,
            None => Vec::new(),
        };
        failed += written.iter().filter(|name| name.is_none()).count();
        let mut json = report_json(report, &attached);
        add_text(session, &pack, report, &mut json, &mut lines);
        add_attachments(session, &attached, &written, &mut json, &mut lines);
        reports.push(json);
    }
    session.out.result(&json!({ "reports": reports }), &lines)?;
    if failed > 0 { Err(Error::NotAllExtracted(failed)) } else { Ok(()) }
}

/// Writes what is whole and right; `None` for what is not.
fn write_out(desk: &Desk, attached: &[(Attachment<'_>, Integrity)], dir: &Path) -> Result<Vec<Option<String>>, Error> {
    let mut written = Vec::new();
    for (at, (attachment, state)) in attached.iter().enumerate() {
        written.push(match state {
            Integrity::HashOk => match extract(attachment, at + 1, &desk.inbox, &desk.here, dir)? {
                Extracted::Written(name) => Some(name),
                Extracted::NotWritten(_) => None,
            },
            _ => None,
        });
    }
    Ok(written)
}

fn add_text(session: &Session, pack: &Pack, report: &OpenedReport, json: &mut Json, lines: &mut Vec<String>) {
    let words = &session.words;
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(format!("{}  {}  {}", report.code(), words.fill("received", &[&hour_words(report.hour)]), report.id));
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
            let rows = case_text(pack, triage, report.identities.content(), lang.code());
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
        let mut line =
            format!("  {}. {}  {mime}  {} B{name}  {state_words}", at + 1, one.item.kind.code(), one.item.size);
        if let Some(Some(name)) = written.get(at) {
            line = format!("{line}  {}", session.words.fill("written_as", &[name]));
            if let Some(member) = json.pointer_mut(&format!("/attachments/{at}")).and_then(Json::as_object_mut) {
                member.insert("written_as".to_owned(), json!(name));
            }
        }
        lines.push(line);
    }
}

pub(super) fn verify(session: &Session) -> Result<(), Error> {
    let desk = Desk::open(session)?;
    let (mut lines, mut reports) = (Vec::new(), Vec::new());
    let (mut incomplete, mut wrong, mut unchecked) = (0, 0, 0);
    let mut claimed = HashSet::new();
    for report in &desk.index.reports {
        let attached = desk.checked(report, true)?;
        claimed.extend(attached.iter().flat_map(|(one, _)| one.ids_here(&desk.here)));
        claimed.extend(&report.chunks);
        let closed = [report.triage.closed(), report.identities.closed()];
        let missing = closed.iter().any(|why| matches!(why, Some(Closed::Missing { .. })))
            || attached.iter().any(|(_, state)| matches!(state, Integrity::Missing { .. }));
        let bad = closed.iter().any(|why| !matches!(why, None | Some(Closed::NoKey | Closed::Missing { .. })))
            || attached
                .iter()
                .any(|(_, state)| matches!(state, Integrity::Damaged | Integrity::HashMismatch | Integrity::Unusable));
        if bad {
            wrong += 1;
        } else if missing {
            incomplete += 1;
        } else if closed.iter().any(Option::is_some) || attached.iter().any(|(_, state)| *state == Integrity::KeySealed)
        {
            // Its keys are elsewhere: it may well be right, but that was not seen here.
            unchecked += 1;
        }
        let states: Vec<String> = closed
            .iter()
            .flatten()
            .map(|why| closed_words(&session.words, *why))
            .chain(attached.iter().map(|(_, state)| integrity_words(&session.words, *state)))
            .collect();
        lines.push(format!(
            "{}  {}",
            report.code(),
            if states.is_empty() { "✓".to_owned() } else { states.join(", ") }
        ));
        reports.push(report_json(report, &attached));
    }
    desk.notes(session);
    let orphans = desk.here.difference(&claimed).count();
    if orphans > 0 {
        note(&session.words.fill("chunk_orphans", &[&orphans]));
    }
    let total = desk.index.reports.len();
    lines.push(session.words.fill("verified", &[&(total - incomplete - wrong - unchecked), &total]));
    let mut json = desk.json(reports);
    if let Some(members) = json.as_object_mut() {
        members.insert("orphan_chunks".to_owned(), json!(orphans));
    }
    session.out.result(&json, &lines)?;
    // A packet whose long text is not whole yet has no code, but it is a report all the same.
    let waiting = desk.index.unopened.iter().filter(|packet| matches!(packet.why, Closed::Missing { .. })).count();
    match (wrong, incomplete + waiting + desk.damaged()) {
        (0, 0) => Ok(()),
        (0, incomplete) => Err(Error::NotAllHere { incomplete }),
        (wrong, _) => Err(Error::NotAllRight { wrong }),
    }
}
