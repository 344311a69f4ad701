//! No field of tier T2 or T3, and no free word of any other field, reaches the triage document.
//!
//! Every field of every form is answered with a marker in every place where a value, a member, a remark or a key can
//! hold words; then the triage bytes are searched for it. The control puts the answers into the document past the guard
//! and must find the marker.

use kapok_report::{Answers, Body, EvidenceKind, Field, FieldType, Form, Pack, Tier, Warning};
use kapok_wire::bundle::Class;
use serde_json::{Value as Json, json};

use crate::vectors::photo;
use crate::{envelope, now};

const MARK: &str = "ZZMARKERZZ";

/// Members of composed values, known and unknown ones.
const MEMBERS: [&str; 34] = [
    "text",
    "script",
    "kind",
    "order",
    "original",
    "title",
    "family",
    "given",
    "source",
    "channel",
    "value",
    "safe_times",
    "who_may_answer",
    "say_we_are",
    "country",
    "province",
    "district",
    "commune",
    "village",
    "facility",
    "geo",
    "precision",
    "force",
    "level",
    "name_text",
    "count",
    "degree",
    "certainty",
    "edtf",
    "tod",
    "tz",
    "basis",
    "on",
    "invented",
];

/// Everything somebody could give for a field: each contains the marker.
fn inputs(valid: &Json) -> Vec<Json> {
    let mut out = vec![
        json!(MARK),
        json!([MARK]),
        json!([[MARK]]),
        json!([valid, MARK]),
        json!({"s": "val", "v": MARK}),
        json!({"s": MARK}),
        json!({"s": "val", "v": valid, "note": MARK}),
        json!({"s": "val", "v": valid, "lang": MARK}),
        json!({"s": "val", "v": valid, "certainty": MARK}),
        json!({"s": "val", "v": valid, "invented": MARK}),
        json!({"s": "unk", "note": MARK}),
        json!({"s": "unk", "invented": {MARK: 1}}),
        json!({MARK: MARK}),
    ];
    for member in MEMBERS {
        out.push(json!({member: MARK}));
        out.push(json!([{member: MARK}]));
        if let Json::Object(whole) = valid {
            let mut with = whole.clone();
            with.insert(member.into(), json!(MARK));
            out.push(Json::Object(with.clone()));
            out.push(json!([with]));
        }
    }
    out
}

fn valid(pack: &Pack, field: &Field) -> Json {
    let first = |id: Option<&str>| json!(id.and_then(|id| pack.list(id)).map_or("x", |list| &list.items()[0].code));
    let code = first(field.list.as_deref());
    match field.kind {
        FieldType::Text => json!("words"),
        FieldType::Name => json!({"text": "Test Person"}),
        FieldType::Choice | FieldType::Bool3 => code,
        FieldType::Choices | FieldType::Consent => json!([code]),
        FieldType::Pdate => json!({"edtf": "2026-11-23", "tod": "morning"}),
        FieldType::Place => json!({"province": "12", "kind": "home"}),
        FieldType::Contact => json!({"channel": "phone", "value": "000"}),
        FieldType::Actors => json!({"force": code, "count": "3"}),
    }
}

fn build(pack: &Pack, form: &Form, key: &str, input: Json) -> (Body, Vec<Warning>, Answers) {
    let mut answers = Answers::new();
    let warnings = answers.set(pack, form, key, input, &now());
    let (body, _) = Body::build(pack, form.id(), &answers, &envelope(), &[photo()]).unwrap();
    (body, warnings, answers)
}

fn has_mark(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(MARK)
}

#[test]
fn no_word_of_any_field_of_any_pack_is_in_the_triage_document() {
    let pack = Pack::builtin();
    let mut tried = 0;
    for form in pack.forms() {
        for field in form.fields() {
            for input in inputs(&valid(&pack, field)) {
                let (body, _, answers) = build(&pack, form, &field.key, input.clone());
                assert!(!has_mark(&body.triage.to_bytes()), "{} {input}", field.key);
                // Control: with the guard bypassed, the same search finds it.
                let mut open = body.triage.clone();
                open.answers.extend(answers.iter().map(|(key, answer)| (key.to_owned(), answer.clone())));
                assert!(has_mark(&open.to_bytes()), "{} {input}", field.key);
                assert!(has_mark(&body.identities.to_bytes()), "dropped: {} {input}", field.key);
                tried += 1;
            }
        }
    }
    assert!(tried > 1_500, "{tried}");
}

#[test]
fn no_field_of_tier_two_or_three_is_in_the_triage_document_at_all() {
    let pack = Pack::builtin();
    let mut sealed = 0;
    for form in pack.forms() {
        for field in form.fields() {
            let (body, ..) = build(&pack, form, &field.key, valid(&pack, field));
            let shown = body.triage.answer(&field.key).is_some();
            if field.tier >= Tier::T2 || field.kind.is_personal() {
                assert_eq!(field.class, Class::Identities, "{}", field.key);
                assert!(!shown && body.identities.answers.contains_key(&field.key), "{}", field.key);
                sealed += 1;
            } else {
                assert!(shown, "a triage field must reach triage: {}", field.key);
            }
        }
    }
    assert!(sealed >= 4, "{sealed}");
}

#[test]
fn envelope_and_manifest_hold_no_words_either() {
    let pack = Pack::builtin();
    let mut envelope = envelope();
    envelope.lang = MARK.into();
    envelope.reporter_role = Some(MARK.into());
    envelope.reporter_ref = Some(MARK.into());
    let mut attachment = photo();
    attachment.item.evidence_id = format!("{MARK}.jpg");
    attachment.item.mime = format!("image/{MARK}");
    attachment.item.sha256 = MARK.into();
    attachment.item.rest.insert(MARK.into(), json!(MARK));
    attachment.private.name = Some(format!("../{MARK}"));
    let mut answers = Answers::new();
    answers.set(&pack, pack.form("detention_quick").unwrap(), MARK, json!(MARK), &now());
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope, &[attachment]).unwrap();
    assert!(!has_mark(&body.triage.to_bytes()));
    assert!(has_mark(&body.identities.to_bytes()));
    assert_eq!(body.triage.evidence[0].kind, EvidenceKind::Photo);
    assert!(body.identities.evidence.contains_key(&body.triage.evidence[0].evidence_id));
}

#[test]
fn nothing_personal_is_in_debug_output() {
    let pack = Pack::builtin();
    let form = pack.form("detention_quick").unwrap();
    let (body, warnings, answers) = build(&pack, form, "person.names", json!({"text": MARK, "invented": 1}));
    assert!(!format!("{body:?} {warnings:?} {answers:?}").contains(MARK));
    let (body, ..) = build(&pack, form, "arrest.place", json!({"s": "val", "v": MARK, "note": MARK}));
    assert!(!format!("{body:?}").contains(MARK));
}
