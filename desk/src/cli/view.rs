//! What listings say about reports: one set of values for lines and for JSON.

use kapok_desk::{Attachment, Closed, Integrity, OpenedReport, Unopened};
use kapok_wire::Hour;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use super::words::Words;

/// The start of an hour, for machines.
pub(super) fn hour(hour: Hour) -> String {
    stamp(hour.0.saturating_mul(3_600), "T", ":00Z")
}

/// The hour in which something happened, for people: nobody stored its minutes.
pub(super) fn hour_words(hour: Hour) -> String {
    stamp(hour.0.saturating_mul(3_600), " ", "h UTC")
}

/// The last minute of an hour, for people.
pub(super) fn minute_of_hour(hour: Hour) -> String {
    stamp(hour.0.saturating_mul(3_600), " ", ":59 UTC")
}

/// A day, for people.
pub(super) fn day(seconds: u64) -> String {
    let text = stamp(seconds, " ", "");
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn stamp(seconds: u64, between: &str, end: &str) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    match moment {
        Some(at) => {
            let (year, month, day) = at.to_calendar_date();
            format!("{year:04}-{:02}-{day:02}{between}{:02}{end}", u8::from(month), at.hour())
        }
        // A hostile server may name any hour.
        None => "?".to_owned(),
    }
}

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

/// A report without what it says: codes, counts and states.
pub(super) fn report_json(report: &OpenedReport, attachments: &[(Attachment<'_>, Integrity)]) -> Json {
    let triage = report.triage.content();
    json!({
        "code": report.code().to_string(),
        "report_id": report.id.to_string(),
        "object": report.object.to_string(),
        "received": hour(report.hour),
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

pub(super) fn unopened_json(packet: &Unopened) -> Json {
    json!({ "object": packet.object.to_string(), "received": hour(packet.hour), "why": part_json(Some(packet.why)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::words::Lang;

    #[test]
    fn hours_and_days_print_and_no_hour_panics() {
        assert_eq!(hour(Hour(498_000)), "2026-10-24T00:00Z");
        assert_eq!(hour_words(Hour(498_013)), "2026-10-24 13h UTC");
        assert_eq!(minute_of_hour(Hour(498_013)), "2026-10-24 13:59 UTC");
        assert_eq!(day(498_013 * 3_600), "2026-10-24");
        for extreme in [u64::MAX, u64::MAX / 3_600, 1 << 50] {
            assert_eq!(hour(Hour(extreme)), "?");
        }
    }

    #[test]
    fn every_state_has_words() {
        let words = Words::of(Lang::En);
        let closed = [Closed::NoKey, Closed::Damaged, Closed::Newer, Closed::NotAReport, Closed::OtherReport];
        assert!(closed.iter().all(|why| !closed_words(&words, *why).starts_with("closed_")));
        assert_eq!(closed_words(&words, Closed::Missing { missing: 2, of: 3 }), "2 of 3 parts not pulled yet");
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
