//! What listings say about reports: one set of values for lines and for JSON.

use kapok_desk::{Attachment, Closed, Integrity, OpenedReport, Unopened};
use kapok_report::{Identities, Row, Triage, case_text, printable};
use serde_json::{Value as Json, json};

use super::Session;
use super::times::first_second;
use super::words::{Lang, Words};

/// Why a part is closed, in words.
pub(super) fn closed_words(words: &Words, why: Closed) -> String {
    match why {
        Closed::Missing { missing, of } => words.fill("closed_missing", &[&missing, &of]),
        other => words.get(&format!("closed_{}", closed_word(other))).to_owned(),
    }
}

fn closed_word(why: Closed) -> &'static str {
    match why {
        Closed::NoKey => "no_key",
        Closed::Missing { .. } => "missing",
        Closed::Damaged => "damaged",
        Closed::Newer => "newer",
        Closed::NotAReport => "not_a_report",
        Closed::OtherReport => "other_report",
    }
}

pub(super) fn integrity_words(words: &Words, integrity: Integrity) -> String {
    match integrity {
        Integrity::Missing { missing, of } => words.fill("integrity_missing", &[&missing, &of]),
        other => words.get(&format!("integrity_{}", other.word())).to_owned(),
    }
}

fn part_json(closed: Option<Closed>) -> Json {
    match closed {
        None => json!("open"),
        Some(Closed::Missing { missing, of }) => json!({ "missing": missing, "of": of }),
        Some(why) => json!(closed_word(why)),
    }
}

/// What kind of report it is, in words: its form's title, or what is known of a form that is not. What the pack does not
/// know prints as it was written.
pub(super) fn title(session: &Session, triage: &Triage) -> String {
    let (pack, words, lang) = (&session.pack, &session.words, session.words.lang.code());
    let kind = pack.code_text("V-REPORT", &triage.report_type, lang);
    let form = pack.form(&triage.form_id).map_or_else(|_| triage.form_id.clone(), |form| pack.text(form.label(), lang));
    let depth = match triage.completeness.as_str() {
        depth @ ("quick" | "partial" | "full") => words.get(&format!("completeness_{depth}")).to_owned(),
        other => other.to_owned(),
    };
    printable(&format!("{kind}  {form} ({depth})"))
}

/// The rows of a case, as the device shows them of a draft.
pub(super) fn rows(session: &Session, triage: &Triage, people: Option<&Identities>, lang: Lang) -> Vec<Row> {
    case_text(&session.pack, triage, people, lang.code())
}

/// A report without what it says: codes, counts and states.
pub(super) fn report_json(
    session: &Session,
    report: &OpenedReport,
    attachments: &[(Attachment<'_>, Integrity)],
) -> Json {
    let triage = report.triage.content();
    json!({
        "code": report.code().to_string(),
        "report_id": report.id.to_string(),
        "object": report.object.to_string(),
        "received": session.zone.rfc3339(first_second(report.hour)),
        "copies": report.copies,
        "contradicted": report.contradicted,
        "report_type": triage.map(|triage| &triage.report_type),
        "form_id": triage.map(|triage| &triage.form_id),
        "completeness": triage.map(|triage| &triage.completeness),
        "recorded_on": triage.and_then(|triage| triage.recorded_on.get()),
        "amends": triage.and_then(|triage| triage.amends).map(|id| id.to_string()),
        "triage": part_json(report.triage.closed()),
        "identities": part_json(report.identities.closed()),
        "attachments": attachments.iter().map(|(one, state)| attachment_json(one, *state)).collect::<Vec<_>>(),
    })
}

pub(super) fn attachment_json(attachment: &Attachment<'_>, integrity: Integrity) -> Json {
    let item = attachment.item;
    let (missing, of) = match integrity {
        Integrity::Missing { missing, of } => (Some(missing), Some(of)),
        _ => (None, None),
    };
    json!({
        "evidence_id": item.evidence_id, "kind": item.kind.code(), "mime": item.mime, "size": item.size,
        "sha256": item.sha256, "name": attachment.name, "integrity": integrity.word(), "missing": missing,
        "of": of,
    })
}

pub(super) fn unopened_json(session: &Session, packet: &Unopened) -> Json {
    let received = session.zone.rfc3339(first_second(packet.hour));
    json!({ "object": packet.object.to_string(), "received": received, "why": part_json(Some(packet.why)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_words() {
        let words = Words::of(Lang::En);
        let closed = [Closed::NoKey, Closed::Damaged, Closed::Newer, Closed::NotAReport, Closed::OtherReport];
        assert!(closed.iter().all(|why| !closed_words(&words, *why).starts_with("closed_")));
        assert_eq!(closed_words(&words, Closed::Missing { missing: 2, of: 3 }), "parts not pulled yet: 2 of 3");
        for state in [
            Integrity::HashOk,
            Integrity::Complete,
            Integrity::Damaged,
            Integrity::HashMismatch,
            Integrity::KeySealed,
            Integrity::Unusable,
        ] {
            assert!(!integrity_words(&words, state).starts_with("integrity_"), "{state:?}");
        }
    }
}
