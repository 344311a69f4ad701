//! What is printed of a draft, and what it says about things that nobody chose.

use kapok_report::{Body, Envelope, Error, Moment, Pack, ReportId, case_text, draft_text};

use crate::vectors::photo;
use crate::{answers, envelope};

fn printed(text: &str, lang: &str) -> Vec<(String, String)> {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, text);
    let rows = draft_text(&pack, "detention_quick", &answers, &envelope(), &[photo()], lang).unwrap();
    rows.into_iter().map(|row| (row.key, row.value)).collect()
}

fn row(rows: &[(String, String)], key: &str) -> String {
    rows.iter().find(|(found, _)| found == key).unwrap().1.clone()
}

#[test]
fn a_draft_prints_as_the_report_it_becomes() {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, r#"{"person.names": "Test Person", "narrative": "Invented."}"#);
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo()]).unwrap();
    for lang in ["km", "en"] {
        let draft = draft_text(&pack, "detention_quick", &answers, &envelope(), &[photo()], lang).unwrap();
        assert_eq!(draft, case_text(&pack, &body.triage, Some(&body.identities), lang));
    }
}

#[test]
fn a_draft_that_says_too_little_to_be_finished_prints_all_the_same() {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, r#"{"person.sex": "female"}"#);
    let refused = Body::build(&pack, "detention_quick", &answers, &envelope(), &[]);
    assert!(matches!(refused, Err(Error::Empty)), "control: it cannot be finished");
    let rows = draft_text(&pack, "detention_quick", &answers, &envelope(), &[], "en").unwrap();
    assert!(rows.iter().any(|row| row.key == "person.sex"));
    assert!(draft_text(&pack, "no_such_form", &answers, &envelope(), &[], "en").is_err());
}

#[test]
fn consent_that_nobody_chose_says_so_in_both_languages() {
    let chosen = |lang| row(&printed(r#"{"consent": ["keep_only"]}"#, lang), "consent.granted");
    for (lang, words) in [("en", "nothing was chosen"), ("km", "មិនបានជ្រើសរើស")] {
        for skipped in ["{}", r#"{"consent": {"s": "ref"}}"#, r#"{"consent": {"s": "unk"}}"#] {
            let granted = row(&printed(skipped, lang), "consent.granted");
            assert!(granted.starts_with(&chosen(lang)) && granted.contains(words), "{skipped}: {granted}");
        }
        assert!(!chosen(lang).contains(words), "control: the same purpose, chosen");
    }
}

#[test]
fn the_minute_of_recording_has_its_zone_and_a_day_alone_has_none() {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, "{}");
    for (moment, shown) in [("2026-11-24T18:30", "2026-11-24, 18:30 UTC+7"), ("2026-11-24", "2026-11-24")] {
        let envelope = Envelope::new(ReportId::from_random([7; 16]), Moment::parse(moment).unwrap(), "en");
        for lang in ["km", "en"] {
            let rows = draft_text(&pack, "detention_quick", &answers, &envelope, &[], lang).unwrap();
            assert_eq!(rows.iter().find(|row| row.key == "recorded_on").unwrap().value, shown);
        }
    }
}
