//! How answers are read: kept, never dropped; understood only where there is no doubt.

use kapok_report::{Answers, Body, Consent, Error, Pack, Status, WarningCode};
use serde_json::{Value as Json, json};

use crate::{answers, envelope, now};

fn one(key: &str, input: Json) -> (Option<Json>, Status, Vec<WarningCode>) {
    let pack = Pack::builtin();
    let mut answers = Answers::new();
    let warnings = answers.set(&pack, pack.form("detention_quick").unwrap(), key, input, &now());
    let answer = answers.get(key);
    (answer.get().cloned(), answer.status(), warnings.into_iter().map(|warning| warning.code).collect())
}

fn value(key: &str, input: Json) -> Json {
    let (value, _, warnings) = one(key, input);
    assert_eq!(warnings, [], "{key}");
    value.unwrap()
}

#[test]
fn relative_dates_become_the_day_they_were() {
    let on = json!("2026-11-24");
    assert_eq!(value("arrest.date", json!("yesterday")), json!({"edtf": "2026-11-23", "basis": "relative", "on": on}));
    assert_eq!(value("arrest.date", json!("today")), json!({"edtf": "2026-11-24", "basis": "relative", "on": on}));
    assert_eq!(
        value("arrest.date", json!("now")),
        json!({"edtf": "2026-11-24", "basis": "relative", "on": on, "tod": "18:30"})
    );
    let morning = json!({"edtf": "yesterday", "tod": "morning"});
    let stored = json!({"edtf": "2026-11-23", "basis": "relative", "on": on, "tod": "morning"});
    assert_eq!(value("arrest.date", morning), stored);
    assert_eq!(value("arrest.date", stored.clone()), stored);
    let week = json!({"edtf": "2026-11-18/2026-11-24", "basis": "relative", "on": on});
    assert_eq!(value("arrest.date", json!("this_week")), week);
}

#[test]
fn typed_dates_are_understood_or_kept() {
    assert_eq!(value("arrest.date", json!("២៣/១១/២០២៦")), json!({"edtf": "2026-11-23"}));
    assert_eq!(value("arrest.date", json!(2025)), json!({"edtf": "2025"}));
    assert_eq!(
        value("arrest.date", json!({"edtf": "2026-11~", "tod": "១៤:០៥"})),
        json!({"edtf": "2026-11~", "tod": "14:05"})
    );
    for (input, code) in [
        (json!("31/2/2026"), WarningCode::KeptAsText),
        (json!("after the rain"), WarningCode::KeptAsText),
        (json!("២៣/១១/២៥៦៩"), WarningCode::BuddhistYear),
        (json!(true), WarningCode::KeptAsText),
        (json!({"day": 3}), WarningCode::KeptAsText),
    ] {
        assert_eq!(one("arrest.date", input.clone()), (Some(input), Status::Given, vec![code]));
    }
    let odd = json!({"edtf": "2026-11-23", "tod": "tea time"});
    assert_eq!(one("arrest.date", odd.clone()), (Some(odd), Status::Given, vec![WarningCode::UnknownCode]));
}

#[test]
fn short_forms_are_read_only_where_no_word_could_be_meant() {
    for key in ["arrest.date", "person.sex", "person.health", "arrest.forces", "safety.phone_may_be_checked"] {
        assert_eq!(one(key, json!("ref")).1, Status::Refused, "{key}");
    }
    for key in ["person.names", "narrative", "reporter_contact", "arrest.place"] {
        let (value, status, warnings) = one(key, json!("unk"));
        assert!(value.is_some() && status == Status::Given, "{key}");
        assert_eq!(warnings, [WarningCode::LooksLikeNoValue], "{key}");
        assert_eq!(one(key, json!({"s": "wth"})).1, Status::Withheld, "{key}");
    }
    // Not offered by the question, kept all the same.
    assert_eq!(one("person.sex", json!("nap")), (None, Status::NotApplicable, vec![WarningCode::NoValueNotOffered]));
    assert_eq!(one("person.sex", json!("nas")), (None, Status::NotAsked, vec![]));
}

#[test]
fn an_answer_taken_back_is_not_asked_again() {
    let pack = Pack::builtin();
    let form = pack.form("detention_quick").unwrap();
    let mut answers = Answers::new();
    answers.set(&pack, form, "narrative", json!("words"), &now());
    answers.set(&pack, form, "narrative", json!(""), &now());
    assert_eq!(answers.get("narrative").status(), Status::NotAsked);
    assert!(answers.is_empty());
}

#[test]
fn values_of_another_shape_are_kept() {
    for (key, input) in [
        ("person.sex", json!({"a": 1})),
        ("person.health", json!(3)),
        ("narrative", json!(["a", "b"])),
        ("arrest.place", json!(["a"])),
        ("reporter_contact", json!(12_345)),
        ("consent", json!({"x": "y"})),
        ("arrest.date", json!({"s": "maybe", "v": 1})),
    ] {
        assert_eq!(one(key, input.clone()), (Some(input), Status::Given, vec![WarningCode::KeptAsText]), "{key}");
    }
    for (key, input) in
        [("person.sex", json!("cat")), ("person.health", json!(["injury", "cold"])), ("consent", json!(["all"]))]
    {
        assert_eq!(one(key, input.clone()), (Some(input), Status::Given, vec![WarningCode::UnknownCode]), "{key}");
    }
}

#[test]
fn short_values_become_whole_ones() {
    assert_eq!(value("arrest.forces", json!("army")), json!([{"force": "army"}]));
    assert_eq!(
        value("arrest.forces", json!([{"force": "army", "count": 12}])),
        json!([{"force": "army", "count": "12"}])
    );
    assert_eq!(value("person.health", json!("injury")), json!(["injury"]));
    assert_eq!(value("person.is_minor", json!(true)), json!("yes"));
    assert_eq!(value("reporter_contact", json!("000")), json!({"value": "000"}));
    assert_eq!(value("arrest.place", json!("១២")), json!({"country": "KH", "province": "12", "precision": "province"}));
    assert_eq!(value("arrest.place", json!("home")), json!({"country": "KH", "kind": "home", "sensitive": true}));
    assert_eq!(value("arrest.place", json!("by the lake")), json!({"country": "KH", "text": "by the lake"}));
}

#[test]
fn the_chip_other_is_stored_as_gender_identity_and_goes_when_answered_anew() {
    let pack = Pack::builtin();
    let form = pack.form("detention_quick").unwrap();
    let mut answers = Answers::new();
    answers.set(&pack, form, "person.sex", json!("female"), &now());
    answers.set(&pack, form, "person.sex", json!("other"), &now());
    assert_eq!(answers.get("person.sex").status(), Status::NotAsked);
    assert_eq!(answers.get("person.gender_identity").get(), Some(&json!("other")));
    answers.set(&pack, form, "person.sex", json!("female"), &now());
    assert_eq!(answers.get("person.gender_identity").status(), Status::NotAsked);
    // What was said about gender itself stays.
    answers.set(&pack, form, "person.gender_identity", json!("trans_woman"), &now());
    answers.set(&pack, form, "person.sex", json!("female"), &now());
    assert_eq!(answers.get("person.gender_identity").get(), Some(&json!("trans_woman")));
}

#[test]
fn a_draft_is_stored_and_read_back() {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, r#"{"person.names": "Test", "x": {"b": 1.1, "a": []}, "person.sex": "ref"}"#);
    let text = answers.to_json();
    assert_eq!(Answers::from_json(&text).unwrap(), answers);
    assert_eq!(Answers::from_json(&text).unwrap().to_json(), text);
    assert!(Answers::from_json("[]").is_err());
}

#[test]
fn an_answers_file_that_is_not_one_is_refused_with_its_place() {
    let pack = Pack::builtin();
    let parse = |text: &str| Answers::parse(&pack, "detention_quick", text.as_bytes(), &now()).map(|_| ());
    assert_eq!(parse("{\n\"a\": ]"), Err(Error::AnswersSyntax { line: 2, column: 6 }));
    assert!(
        matches!(parse(r#"{"a": 1, "a": 2}"#), Err(Error::AnswersSyntax { .. })),
        "a doubled key would drop an answer"
    );
    assert!(parse("\u{feff}{}").is_ok(), "some editors write a byte order mark");
    assert!(matches!(parse(&" ".repeat(1 << 21)), Err(Error::TooLarge { .. })));
    assert!(matches!(Answers::parse(&pack, "nothing", b"{}", &now()), Err(Error::NoSuchForm { .. })));
}

fn consent(text: &str) -> Consent {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, text);
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[crate::vectors::photo()]).unwrap();
    body.triage.consent
}

#[test]
fn consent_is_what_was_chosen_and_never_more() {
    let family = |choice: &str| consent(&format!(r#"{{"reporter_relation": "spouse", "consent": {choice}}}"#)).granted;
    assert_eq!(family(r#""keep_only""#), ["store"]);
    assert_eq!(family(r#""keep_and_call_me""#), ["store", "contact_me", "stats"]);
    assert_eq!(family(r#""lawyer_or_doctor""#), ["store", "contact_me", "casework", "refer_partner", "stats"]);
    let un = ["store", "contact_me", "casework", "stats", "un_confidential", "un_named_to_government"];
    assert_eq!(family(r#""tell_un""#), un);
    assert_eq!(family(r#"["tell_un", "keep_and_call_me"]"#), un);
    assert_eq!(family(r#"["tell_un", "keep_only"]"#), ["store"], "the narrower choice counts");
    assert_eq!(family(r#""publish_everything""#), ["store"]);
    assert_eq!(family(r#"{"s": "ref"}"#), ["store"]);
}

#[test]
fn without_the_question_only_a_given_contact_allows_a_call() {
    assert_eq!(consent("{}").granted, ["store"]);
    assert_eq!(consent(r#"{"reporter_contact": "000"}"#).granted, ["store", "contact_me"]);
    assert_eq!(consent(r#"{"reporter_contact": "000", "consent": "ref"}"#).granted, ["store"]);
    assert!(!consent("{}").reached);
    assert!(consent(r#"{"consent": "ref"}"#).reached);
}

#[test]
fn who_speaks_decides_how_far_a_choice_reaches() {
    let by = |relation: &str| consent(&format!(r#"{{"reporter_relation": "{relation}", "consent": "tell_un"}}"#));
    assert_eq!(by("self").basis.as_deref(), Some("self"));
    assert!(by("self").grants("un_named_to_government"));
    assert_eq!(by("parent").basis.as_deref(), Some("next_of_kin_subject_unreachable"));
    for other in ["friend", "monitor", "witness", "lawyer"] {
        assert_eq!(by(other).granted, ["store", "contact_me", "casework"], "{other}");
        assert_eq!(by(other).basis, None);
        assert!(by(other).not_given.contains(&"un_named_to_government".to_owned()));
    }
}
