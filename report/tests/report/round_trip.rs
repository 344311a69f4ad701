//! Whatever is answered comes out of the two documents as it went in, and whatever bytes come, nothing panics.

use kapok_report::{
    Answers, Body, Edtf, Error, Identities, Moment, NameForm, Pack, ReportId, ShortCode, Triage, case_text,
};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::vectors::photo;
use crate::{answers, envelope, now};

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        prop::sample::select(vec![
            "unk",
            "val",
            "male",
            "12",
            "home",
            "army",
            "yesterday",
            "2026-07~",
            "keep_only",
            "១៧/៧/២០២៣"
        ])
        .prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::btree_map(any_member(), inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn any_member() -> impl Strategy<Value = String> {
    let known = ["s", "v", "note", "text", "province", "edtf", "tod", "force", "count", "value", "certainty", "rest"];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), "[a-z]{1,6}"]
}

fn any_answers() -> impl Strategy<Value = Vec<(String, Json)>> {
    let pack = Pack::builtin();
    let keys: Vec<String> =
        pack.form("detention_quick").unwrap().fields().iter().map(|field| field.key.clone()).collect();
    let key = prop_oneof![8 => prop::sample::select(keys), 1 => "\\PC{0,8}"];
    prop::collection::vec((key, any_json()), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_answer_comes_back_from_the_documents(given in any_answers()) {
        let pack = Pack::builtin();
        let form = pack.form("detention_quick").unwrap();
        let mut answers = Answers::new();
        for (key, input) in given {
            answers.set(&pack, form, &key, input, &now());
        }
        prop_assert_eq!(&Answers::from_json(&answers.to_json()).unwrap(), &answers);
        let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo()]).unwrap();
        let (triage, identities) = (body.triage.to_bytes(), body.identities.to_bytes());
        let read = Body::parse(&triage, &identities).unwrap();
        prop_assert_eq!(&read, &body);
        prop_assert_eq!(read.triage.to_bytes(), triage);
        prop_assert_eq!(read.identities.to_bytes(), identities);
        for (key, answer) in answers.iter() {
            prop_assert_eq!(&read.answer(key), answer);
        }
        for (key, value) in answers.extra() {
            prop_assert_eq!(&read.identities.extra[key], value);
        }
        for lang in ["km", "en"] {
            let _ = case_text(&pack, &read.triage, Some(&read.identities), lang);
            let _ = case_text(&pack, &read.triage, None, lang);
        }
    }

    #[test]
    fn reading_an_answer_again_changes_nothing(key in 0_usize..20, input in any_json()) {
        let pack = Pack::builtin();
        let form = pack.form("detention_quick").unwrap();
        let key = &form.fields()[key].key;
        let mut once = Answers::new();
        once.set(&pack, form, key, input, &now());
        let mut twice = Answers::new();
        for (key, answer) in once.iter() {
            twice.set(&pack, form, key, serde_json::to_value(answer).unwrap(), &now());
        }
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let today = "2026-11-24";
        let _ = (Edtf::parse(&text), Edtf::buddhist_offer(&text), Moment::parse(&text), ShortCode::parse(&text), text.parse::<ReportId>());
        let _ = (NameForm::of(&text), Answers::from_json(&text), Moment::parse(today));
        let _ = (Triage::parse(&bytes), Identities::parse(&bytes), Answers::parse(&Pack::builtin(), "detention_quick", &bytes, &now()));
    }

    #[test]
    fn dates_print_as_they_are_read(text in "(\\.\\./)?[0-2][0-9]{3}(-[01][0-9](-[0-3][0-9])?)?[~?%]?(/\\.\\.)?") {
        if let Ok(date) = Edtf::parse(&text) {
            prop_assert_eq!(date.to_string(), text);
            if let (Some(first), Some(last)) = date.bounds_text() {
                prop_assert!(first <= last);
            }
        }
    }

    #[test]
    fn a_document_with_one_value_replaced_never_panics(at in any::<prop::sample::Index>(), with in any_json()) {
        let pack = Pack::builtin();
        let (answers, _) = answers(&pack, include_str!("../../vectors/answers-detention-km.json"));
        let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo()]).unwrap();
        let mut document: Map<String, Json> = serde_json::from_slice(&body.triage.to_bytes()).unwrap();
        let key = document.keys().nth(at.index(document.len())).unwrap().clone();
        document.insert(key, with);
        if let Ok(triage) = Triage::parse(&serde_json::to_vec(&document).unwrap()) {
            let _ = case_text(&pack, &triage, Some(&body.identities), "km");
        }
    }
}

fn documents() -> (Vec<u8>, Vec<u8>) {
    let pack = Pack::builtin();
    let (answers, _) = answers(&pack, r#"{"person.names": "Test Person", "arrest.date": "today"}"#);
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo()]).unwrap();
    (body.triage.to_bytes(), body.identities.to_bytes())
}

fn with(document: &[u8], change: impl FnOnce(&mut Json)) -> Vec<u8> {
    let mut value: Json = serde_json::from_slice(document).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn what_a_newer_version_added_comes_back() {
    let (triage, identities) = documents();
    let triage = with(&triage, |it| {
        it["weather"] = json!({"b": 1.25, "a": ["x"]});
        it["consent"]["signed"] = json!(true);
        it["evidence"][0]["colour"] = json!("red");
        it["answers"]["arrest.date"]["confirmed"] = json!("twice");
    });
    let identities = with(&identities, |it| {
        it["more"] = json!([null]);
        it["evidence"]["e1"]["camera"] = json!(7);
    });
    let body = Body::parse(&triage, &identities).unwrap();
    for (written, read) in [(triage, body.triage.to_bytes()), (identities, body.identities.to_bytes())] {
        let [written, read] = [written, read].map(|bytes| serde_json::from_slice::<Json>(&bytes).unwrap());
        assert_eq!(written, read);
    }
}

#[test]
fn documents_of_another_version_class_or_report_are_refused() {
    let (triage, identities) = documents();
    let newer = with(&triage, |it| it["schema_version"] = json!(2));
    assert_eq!(Triage::parse(&newer), Err(Error::NewerDocument { found: 2, known: 1 }));
    assert_eq!(Triage::parse(&identities), Err(Error::Document { what: "another class" }));
    assert_eq!(Identities::parse(&triage), Err(Error::Document { what: "another class" }));
    let other = with(&identities, |it| it["report_id"] = json!("00000000-0000-4000-8000-000000000000"));
    assert_eq!(Body::parse(&triage, &other), Err(Error::Mismatch));
    for broken in [&b""[..], b"[]", b"{}", b"\xff", br#"{"schema_version":1,"class":"triage"}"#] {
        assert!(matches!(Triage::parse(broken), Err(Error::Document { .. })));
    }
    assert!(matches!(Triage::parse(&vec![b' '; 5 << 20]), Err(Error::TooLarge { .. })));
}
