//! What `list`, `show` and `verify` share: opening in memory, and what lies here unread. `list` itself.

use std::collections::HashSet;

use kapok_desk::{Attachment, Closed, Error, Inbox, Index, Integrity, Keyring, OpenedReport, attachments};
use kapok_report::ShortCode;
use kapok_wire::ObjectId;
use serde_json::{Value as Json, json};

use super::Session;
use super::output::note;
use super::stop::Stop;
use super::view::{closed_words, report_json, title, unopened_json};

/// Everything that reading commands share, opened once.
pub(super) struct Desk {
    pub(super) inbox: Inbox,
    pub(super) index: Index,
    pub(super) here: HashSet<ObjectId>,
    refused: usize,
}

impl Desk {
    pub(super) fn open(session: &Session) -> Result<Self, Error> {
        let folder = session.folder()?;
        let mut keys = Keyring::unlock(&folder, session.passphrase()?)?;
        let inbox = folder.inbox();
        let index = Index::read(&inbox, &mut keys)?;
        let here = inbox.chunk_ids();
        Ok(Self { inbox, index, here, refused: keys.refused() })
    }

    /// Attachments of a report with what is known of them, hashes checked if `full`; `stop` ends it in between.
    pub(super) fn checked<'a>(
        &self,
        report: &'a OpenedReport,
        full: bool,
        stop: &Stop,
    ) -> Result<Vec<(Attachment<'a>, Integrity)>, Error> {
        let check = |one: Attachment<'a>| {
            let state =
                if full { one.open(&self.inbox, &self.here, |_| stop.check())? } else { one.presence(&self.here) };
            Ok((one, state))
        };
        attachments(report).into_iter().map(check).collect()
    }

    /// Notes about what is here but says nothing: the person must hear of it whatever was asked.
    pub(super) fn notes(&self, session: &Session) {
        if !self.index.unopened.is_empty() {
            note(&format!("{}:", session.words.get("unopened")));
        }
        for packet in &self.index.unopened {
            let why = closed_words(&session.words, packet.why);
            note(&format!("  {}  {:?}  {why}", session.zone.hour(packet.hour), packet.object));
        }
        self.damage_note(session);
        if self.refused > 0 {
            note(&session.words.fill("keys_refused", &[&self.refused]));
        }
    }

    /// Files that may be reports and cannot be read: the rest is shown, but nobody may take it for everything.
    pub(super) fn damage_note(&self, session: &Session) {
        if self.damaged() > 0 {
            note(&session.words.fill("damaged_files", &[&self.damaged()]));
        }
    }

    pub(super) fn damaged(&self) -> usize {
        self.index.damaged_files
    }

    pub(super) fn json(&self, session: &Session, reports: Vec<Json>) -> Json {
        json!({
            "reports": reports,
            "unopened": self.index.unopened.iter().map(|packet| unopened_json(session, packet)).collect::<Vec<_>>(),
            "damaged_files": self.damaged(),
            "set_aside": self.inbox.set_aside_count(),
            "locked_keys": self.refused,
        })
    }
}

pub(super) fn list(session: &Session) -> Result<(), Error> {
    let desk = Desk::open(session)?;
    let (mut lines, mut reports) = (Vec::new(), Vec::new());
    for report in &desk.index.reports {
        let attached = desk.checked(report, false, &Stop::default())?;
        lines.push(list_line(session, report, &attached));
        reports.push(report_json(session, report, &attached));
    }
    if lines.is_empty() {
        note(session.words.get("none"));
    }
    desk.notes(session);
    session.out.result(&desk.json(session, reports), &lines)
}

fn list_line(session: &Session, report: &OpenedReport, attached: &[(Attachment<'_>, Integrity)]) -> String {
    let words = &session.words;
    let mut parts = vec![report.code().to_string(), session.zone.hour(report.hour)];
    match (&report.triage.content(), report.triage.closed()) {
        (Some(triage), _) => {
            parts.push(title(session, triage));
        }
        (None, Some(why)) => parts.push(format!("{}: {}", words.get("triage"), closed_words(words, why))),
        (None, None) => {}
    }
    match report.identities.closed() {
        Some(Closed::NoKey) => parts.push(words.get("without_names").to_owned()),
        Some(why) => parts.push(format!("{}: {}", words.get("identities"), closed_words(words, why))),
        None => {}
    }
    let sealed = attached.iter().filter(|(_, state)| *state == Integrity::KeySealed).count();
    if sealed > 0 {
        // Not the same as missing: where their key is, they may be whole.
        parts.push(words.fill("attachments_sealed", &[&sealed]));
    } else if !attached.is_empty() {
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
