//! `verify`: every pulled report, with every hash.

use std::collections::HashSet;

use kapok_desk::{Closed, Error, Integrity};
use serde_json::json;

use super::Session;
use super::output::note;
use super::reading::Desk;
use super::view::{closed_words, integrity_words, report_json};

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
        reports.push(report_json(session, report, &attached));
    }
    desk.notes(session);
    let orphans = desk.here.difference(&claimed).count();
    if orphans > 0 {
        note(&session.words.fill("chunk_orphans", &[&orphans]));
    }
    let total = desk.index.reports.len();
    lines.push(session.words.fill("verified", &[&(total - incomplete - wrong - unchecked), &total]));
    let mut json = desk.json(session, reports);
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
