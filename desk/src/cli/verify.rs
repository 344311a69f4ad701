//! `verify`: every pulled report, with every hash, and every packet that does not open. Besides right and wrong there is
//! not checked, because the keys are elsewhere: that is neither.

use std::collections::HashSet;

use kapok_desk::{Attachment, Closed, Error, Integrity, OpenedReport};
use serde_json::{Value as Json, json};

use super::Session;
use super::output::note;
use super::reading::Desk;
use super::stop::Stop;
use super::view::{closed_words, integrity_words, report_json, unopened_json};
use super::words::Words;

/// What was found out about one report. What is wrong beats what is missing, and that beats what was not checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Right,
    Wrong,
    Incomplete,
    NotChecked,
}

impl Verdict {
    fn of_packet(why: Closed) -> Self {
        Self::of([Some(why), None], &[])
    }

    fn of_report(report: &OpenedReport, states: &[Integrity]) -> Self {
        // Which of the two is the reporter's, no hash can tell.
        if report.contradicted {
            Self::Wrong
        } else {
            Self::of([report.triage.closed(), report.identities.closed()], states)
        }
    }

    fn of(closed: [Option<Closed>; 2], states: &[Integrity]) -> Self {
        let parts = |of: fn(Closed) -> bool| closed.into_iter().flatten().any(of);
        let attached = |of: fn(&Integrity) -> bool| states.iter().any(of);
        if parts(|why| !matches!(why, Closed::NoKey | Closed::Missing { .. }))
            || attached(|state| matches!(state, Integrity::Damaged | Integrity::HashMismatch | Integrity::Unusable))
        {
            Self::Wrong
        } else if parts(|why| matches!(why, Closed::Missing { .. }))
            || attached(|state| matches!(state, Integrity::Missing { .. }))
        {
            Self::Incomplete
        } else if parts(|why| why == Closed::NoKey) || attached(|state| *state == Integrity::KeySealed) {
            Self::NotChecked
        } else {
            Self::Right
        }
    }

    #[cfg(test)]
    const ALL: [Self; 4] = [Self::Right, Self::Wrong, Self::Incomplete, Self::NotChecked];

    fn said(self, words: &Words) -> String {
        words.get(&format!("verdict_{}", self.word())).to_owned()
    }

    /// The word in JSON, and behind `verdict_` the key of the words.
    fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Incomplete => "incomplete",
            Self::NotChecked => "not_checked",
        }
    }
}

pub(super) fn verify(session: &Session) -> Result<(), Error> {
    let desk = Desk::open(session)?;
    let (mut lines, mut reports, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
    let mut claimed = HashSet::new();
    for report in &desk.index.reports {
        let attached = desk.checked(report, true, &Stop::default())?;
        claimed.extend(attached.iter().flat_map(|(one, _)| one.ids_here(&desk.here)));
        claimed.extend(&report.chunks);
        let states: Vec<Integrity> = attached.iter().map(|(_, state)| *state).collect();
        let verdict = Verdict::of_report(report, &states);
        verdicts.push(verdict);
        lines.push(line(session, report, verdict, &attached));
        let json = report_json(session, report, &attached);
        reports.push(with_verdict(json, verdict));
    }
    desk.notes(session);
    // A packet that says nothing here has no code, but it may be a report all the same, even a destroyed one.
    let packets: Vec<Verdict> = desk.index.unopened.iter().map(|packet| Verdict::of_packet(packet.why)).collect();
    lines.extend(desk.index.unopened.iter().zip(&packets).map(|(packet, verdict)| {
        let why = closed_words(&session.words, packet.why);
        format!("{:?}  {}  {why}", packet.object, verdict.said(&session.words))
    }));
    let right = verdicts.iter().filter(|verdict| **verdict == Verdict::Right).count();
    let count = |wanted: Verdict| verdicts.iter().chain(&packets).filter(|verdict| **verdict == wanted).count();
    let incomplete = count(Verdict::Incomplete) + desk.damaged();
    let unchecked = count(Verdict::NotChecked);
    let orphans = desk.here.difference(&claimed).count();
    if orphans > 0 {
        // Which chunks are a report's own is sealed with it.
        let key = if unchecked > 0 { "chunk_orphans_sealed" } else { "chunk_orphans" };
        note(&session.words.fill(key, &[&orphans]));
    }
    lines.push(session.words.fill("verified", &[&right, &verdicts.len()]));
    let mut json = desk.json(session, reports);
    if let Some(members) = json.as_object_mut() {
        members.insert("orphan_chunks".to_owned(), json!(orphans));
        let unopened = desk.index.unopened.iter().zip(&packets);
        let unopened = unopened.map(|(packet, verdict)| with_verdict(unopened_json(session, packet), *verdict));
        members.insert("unopened".to_owned(), unopened.collect());
    }
    session.out.result(&json, &lines)?;
    match (count(Verdict::Wrong), incomplete, unchecked) {
        (0, 0, 0) => Ok(()),
        (0, 0, unchecked) => Err(Error::NotAllChecked { unchecked }),
        (0, incomplete, _) => Err(Error::NotAllHere { incomplete }),
        (wrong, _, _) => Err(Error::NotAllRight { wrong }),
    }
}

fn with_verdict(mut json: Json, verdict: Verdict) -> Json {
    if let Some(members) = json.as_object_mut() {
        members.insert("verdict".to_owned(), json!(verdict.word()));
    }
    json
}

/// A report's verdict, and what is known of its parts if that says more.
fn line(
    session: &Session,
    report: &OpenedReport,
    verdict: Verdict,
    attached: &[(Attachment<'_>, Integrity)],
) -> String {
    let words = &session.words;
    let parts = [("triage", report.triage.closed()), ("identities", report.identities.closed())];
    let closed = parts.iter().filter_map(|(part, why)| Some((words.get(part), (*why)?)));
    let mut known: Vec<String> = closed.map(|(part, why)| format!("{part}: {}", closed_words(words, why))).collect();
    for (at, (_, state)) in (1..).zip(attached) {
        known.push(format!("{} {at}: {}", words.get("attachment"), integrity_words(words, *state)));
    }
    if report.contradicted {
        known.push(words.get("contradicted").to_owned());
    }
    [format!("{}  {}", report.code(), verdict.said(words))].into_iter().chain(known).collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::super::words::Lang;
    use super::*;

    #[test]
    fn every_verdict_has_words_and_no_words_are_left_over() {
        for lang in [Lang::En, Lang::Km] {
            let words = Words::of(lang);
            let named: HashSet<String> = Verdict::ALL.iter().map(|one| format!("verdict_{}", one.word())).collect();
            let kept: HashSet<String> =
                words.keys().filter(|key| key.starts_with("verdict_")).map(ToOwned::to_owned).collect();
            assert_eq!(named, kept);
            let said: HashSet<&str> = named.iter().map(|key| words.get(key)).collect();
            assert_eq!(said.len(), Verdict::ALL.len(), "each has its own");
        }
    }

    #[test]
    fn a_packet_that_does_not_open_is_wrong_unless_its_keys_or_its_parts_are_elsewhere() {
        for why in [Closed::Damaged, Closed::Newer, Closed::NotAReport, Closed::OtherReport] {
            assert_eq!(Verdict::of_packet(why), Verdict::Wrong, "{why:?}");
        }
        assert_eq!(Verdict::of_packet(Closed::NoKey), Verdict::NotChecked);
        assert_eq!(Verdict::of_packet(Closed::Missing { missing: 1, of: 2 }), Verdict::Incomplete);
    }

    #[test]
    fn what_was_not_checked_is_neither_right_nor_wrong() {
        let missing = Integrity::Missing { missing: 1, of: 2 };
        let part = Closed::Missing { missing: 1, of: 2 };
        for (triage, identities, states, verdict) in [
            (None, None, vec![], Verdict::Right),
            (None, None, vec![Integrity::HashOk], Verdict::Right),
            (None, Some(Closed::NoKey), vec![Integrity::KeySealed], Verdict::NotChecked),
            (None, Some(Closed::NoKey), vec![], Verdict::NotChecked),
            (Some(Closed::NoKey), None, vec![], Verdict::NotChecked),
            (None, Some(part), vec![Integrity::KeySealed], Verdict::Incomplete),
            (Some(Closed::NoKey), None, vec![missing], Verdict::Incomplete),
            (None, None, vec![Integrity::HashOk, missing], Verdict::Incomplete),
            (None, Some(Closed::NoKey), vec![Integrity::Damaged], Verdict::Wrong),
            (None, None, vec![missing, Integrity::HashMismatch], Verdict::Wrong),
            (None, Some(Closed::OtherReport), vec![], Verdict::Wrong),
            (None, Some(Closed::Damaged), vec![missing], Verdict::Wrong),
        ] {
            assert_eq!(Verdict::of([triage, identities], &states), verdict, "{triage:?} {identities:?} {states:?}");
        }
    }
}
