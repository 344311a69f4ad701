//! What refuses a report (two things) and what does not (everything else).

use kapok_report::{Body, Error, EvidenceKind, Pack, WarningCode, validate};
use serde_json::json;

use crate::vectors::photo;
use crate::{answers, envelope, now};

fn check(text: &str, attached: &[EvidenceKind]) -> Result<Vec<WarningCode>, Error> {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, text);
    let form = pack.form("detention_quick").unwrap();
    let warnings = validate(&pack, form, &answers, attached, &now())?;
    Ok(warnings.into_iter().map(|warning| warning.code).collect())
}

#[test]
fn the_first_screen_alone_is_a_report() {
    for first in
        [r#"{"person.names": "តេស្ត"}"#, r#"{"person.description": "my younger brother"}"#, r#"{"person.names": 7}"#]
    {
        let warnings = check(first, &[]).unwrap();
        assert!(warnings.contains(&WarningCode::Recommended), "the other questions are only recommended");
    }
    assert!(check(r#"{"arrest.place": "12"}"#, &[]).is_ok());
    assert!(check(r#"{"narrative": "they came at night"}"#, &[]).is_ok());
}

#[test]
fn not_knowing_the_name_needs_one_thing_more() {
    let unknown = r#"{"person.names": {"s": "unk"}, "person.sex": "male"}"#;
    assert_eq!(check(unknown, &[]), Err(Error::Empty));
    for kind in [EvidenceKind::Audio, EvidenceKind::Photo, EvidenceKind::Video, EvidenceKind::Document] {
        assert!(check(unknown, &[kind]).is_ok(), "{kind:?}");
    }
    assert!(check(r#"{"person.names": {"s": "unk"}, "person.description": "a neighbour"}"#, &[]).is_ok());
}

#[test]
fn only_an_empty_report_is_empty() {
    for empty in
        ["{}", r#"{"person.names": null}"#, r#"{"person.names": "  "}"#, r#"{"person.names": [""]}"#, r#"{"x": null}"#]
    {
        assert_eq!(check(empty, &[]), Err(Error::Empty), "{empty}");
    }
    // An answer to a question that we do not know may be the name in a newer form.
    let warnings = check(r#"{"person.name": "Test Person"}"#, &[]).unwrap();
    assert!(warnings.contains(&WarningCode::UnknownKey));
}

#[test]
fn a_text_over_its_limit_is_refused_by_name_of_the_question() {
    let long = |n: usize| json!({"narrative": "ក".repeat(n)}).to_string();
    assert!(check(&long(20_000), &[]).is_ok());
    let refused = check(&long(20_001), &[]);
    assert_eq!(refused, Err(Error::TextTooLong { key: "narrative".into(), found: 20_001, limit: 20_000 }));
    assert!(check(&json!({"person.names": "n".repeat(120)}).to_string(), &[]).is_ok());
    assert!(check(&json!({"person.names": "n".repeat(121)}).to_string(), &[]).is_err());
    // Invisible characters do not count against the name.
    assert!(check(&json!({"person.names": "n\u{200b}".repeat(120)}).to_string(), &[]).is_ok());
    let note = |n: usize| json!({"narrative": "x", "arrest.date": {"s": "unk", "note": "n".repeat(n)}}).to_string();
    assert!(check(&note(500), &[]).is_ok());
    assert!(check(&note(501), &[]).is_err());
    assert!(check(&json!({"unknown": "n".repeat(20_001)}).to_string(), &[]).is_err());
}

#[test]
fn the_longest_report_can_be_read_back() {
    let pack = Pack::builtin();
    let long = json!({"narrative": "ក្ខ".repeat(6_666), "x": "\u{1}".repeat(20_000), "person.names": vec!["n "; 20_000]});
    let (answers, _) = answers(&pack, &long.to_string());
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo()]).unwrap();
    assert_eq!(Body::parse(&body.triage.to_bytes(), &body.identities.to_bytes()).unwrap(), body);
}

#[test]
fn a_report_that_could_not_be_read_back_is_refused_while_the_draft_exists() {
    let pack = Pack::builtin();
    // 100 levels pass the parser of the answers file, but not once more inside a document, if kept as they are.
    let deep = format!(r#"{{"person.names": "Test Person", "x": {}1{}}}"#, "[".repeat(100), "]".repeat(100));
    let (deep, _) = answers(&pack, &deep);
    assert!(Body::build(&pack, "detention_quick", &deep, &envelope(), &[]).is_ok());
    let (many, _) = answers(&pack, &json!({"person.names": vec!["n "; 80_000]}).to_string());
    let built = Body::build(&pack, "detention_quick", &many, &envelope(), &[]);
    assert!(matches!(built, Err(Error::TooLarge { .. })));
}

#[test]
fn two_attachments_with_one_id_are_refused_instead_of_losing_a_key() {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, "{}");
    let built = Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo(), photo()]);
    assert!(matches!(built, Err(Error::Document { .. })));
    assert!(Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo()]).is_ok());
}

#[test]
fn dates_in_the_future_and_unused_contacts_only_warn() {
    let with = |text: &str| check(text, &[EvidenceKind::Audio]).unwrap();
    assert!(with(r#"{"arrest.date": "26/11/2026"}"#).contains(&WarningCode::DateInFuture));
    assert!(!with(r#"{"arrest.date": "25/11/2026"}"#).contains(&WarningCode::DateInFuture));
    let unused = r#"{"reporter_contact": "000", "consent": "keep_only"}"#;
    assert!(with(unused).contains(&WarningCode::ContactWithoutConsent));
    assert!(!with(r#"{"reporter_contact": "000"}"#).contains(&WarningCode::ContactWithoutConsent));
    assert!(
        !with(r#"{"reporter_contact": "000", "consent": "tell_un"}"#).contains(&WarningCode::ContactWithoutConsent)
    );
}
