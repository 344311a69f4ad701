//! A pack with a mistake is refused with the place and the mistake, and never with a panic.

use kapok_report::{Error, Mistake, Pack};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::new_packs::{Files, edit};

const FORM: &str = "forms/detention_quick.json";

fn refused(change: impl FnOnce(&mut Files)) -> (String, Mistake) {
    let mut files = Pack::builtin_files();
    change(&mut files);
    match Pack::parse(&files) {
        Err(Error::Pack { place, mistake }) => (place, mistake),
        other => panic!("not refused: {:?}", other.map(|pack| pack.id().to_owned())),
    }
}

fn field(change: impl FnOnce(&mut Json)) -> (String, Mistake) {
    refused(|files| edit(files, FORM, |form| change(&mut form["screens"][1]["fields"][0])))
}

const RELATION: &str = "forms/detention_quick.json, field reporter_relation";

#[test]
fn mistakes_in_a_field_name_the_field() {
    let at = |mistake| (RELATION.to_owned(), mistake);
    assert_eq!(field(|f| f["type"] = json!("colour")), at(Mistake::UnknownType("colour".into())));
    assert_eq!(field(|f| f["class"] = json!("open")), at(Mistake::UnknownClass("open".into())));
    assert_eq!(field(|f| f["tier"] = json!("T9")), at(Mistake::UnknownClass("T9".into())));
    assert_eq!(field(|f| f["no_values"] = json!(["val"])), at(Mistake::UnknownWord("val".into())));
    assert_eq!(field(|f| f["warnings"] = json!(["x"])), at(Mistake::UnknownWord("x".into())));
    assert_eq!(field(|f| f["list"] = json!("V-X")), at(Mistake::MissingList("V-X".into())));
    assert_eq!(field(|f| f["list"] = json!(null)), at(Mistake::ListNeeded));
    assert_eq!(field(|f| f["offer"] = json!(["x"])), at(Mistake::NoSuch("V-RELATION.x".into())));
    assert_eq!(field(|f| f["lists"] = json!({"province": "V-X"})), at(Mistake::MissingList("V-X".into())));
    assert_eq!(field(|f| f["offer_parts"] = json!({"kind": []})), at(Mistake::NoSuch("kind".into())));
    assert_eq!(
        field(|f| f["label"] = json!("none")),
        at(Mistake::MissingLabel { key: "none".into(), lang: "en".into() })
    );
    let (place, mistake) = field(|f| f["key"] = json!("arrest.date"));
    assert_eq!(
        (place.as_str(), mistake),
        ("forms/detention_quick.json, field arrest.date", Mistake::Duplicate("arrest.date".into()))
    );
    assert_eq!(field(|f| f["key"] = json!("Arrest Date")).1, Mistake::BadCode("Arrest Date".into()));
    assert!(matches!(field(|f| f["clas"] = json!("triage")).1, Mistake::Syntax { line: 1, .. }));
}

#[test]
fn personal_data_cannot_be_declared_as_triage() {
    for kind in ["text", "name", "contact"] {
        let open = field(|f| f["type"] = json!(kind));
        assert!(matches!(open.1, Mistake::ClassTooOpen { .. }), "{kind}");
    }
    for tier in ["T2", "T3"] {
        let open = field(|f| f["tier"] = json!(tier));
        assert!(matches!(open.1, Mistake::ClassTooOpen { .. }), "{tier}");
    }
    // Control: the same field as identities is fine.
    let mut files = Pack::builtin_files();
    edit(&mut files, FORM, |form| {
        form["screens"][1]["fields"][0]["tier"] = json!("T3");
        form["screens"][1]["fields"][0]["class"] = json!("identities");
    });
    assert!(Pack::parse(&files).is_ok());
}

#[test]
fn mistakes_in_files_name_the_file() {
    let missing = |path: &'static str| refused(move |files| drop(files.remove(path)));
    assert_eq!(missing("pack.json"), ("pack.json".into(), Mistake::MissingFile));
    assert_eq!(missing("lists/V-SEX.json"), ("lists/V-SEX.json".into(), Mistake::MissingFile));
    assert_eq!(missing("labels/km.json"), ("labels/km.json".into(), Mistake::MissingFile));
    let (place, mistake) = refused(|files| drop(files.insert("lists/V-SEX.json".into(), b"{\n \"list\": ]".to_vec())));
    assert_eq!(place, "lists/V-SEX.json");
    assert!(matches!(mistake, Mistake::Syntax { line: 2, .. }), "{mistake}");
    let newer = refused(|files| edit(files, "pack.json", |pack| pack["format"] = json!(2)));
    assert_eq!(newer.1, Mistake::NewerFormat { found: 2, known: 1 });
    let zone = |minutes: i32| move |pack: &mut Json| pack["utc_offset_minutes"] = json!(minutes);
    for minutes in [-841, 841, i32::MIN, i32::MAX] {
        let found = refused(|files| edit(files, "pack.json", zone(minutes)));
        assert_eq!(found, ("pack.json".into(), Mistake::NoSuchZone(minutes)));
    }
    let mut files = Pack::builtin_files();
    edit(&mut files, "pack.json", zone(-840));
    assert!(Pack::parse(&files).is_ok(), "control: the last offset that is taken");
    let label = refused(|files| {
        edit(files, "labels/km.json", |labels| drop(labels.as_object_mut().unwrap().remove("V-SEX.male")))
    });
    assert_eq!(
        label,
        ("lists/V-SEX.json".into(), Mistake::MissingLabel { key: "V-SEX.male".into(), lang: "km".into() })
    );
    let doubled = refused(|files| {
        let text =
            br#"{"a": {"text": "x", "review_status": "reviewed"}, "a": {"text": "y", "review_status": "reviewed"}}"#;
        files.insert("labels/km.json".into(), text.to_vec());
    });
    assert!(matches!(doubled.1, Mistake::Syntax { .. }));
}

#[test]
fn mistakes_in_lists_are_found() {
    let sex = |items: Json| refused(|files| edit(files, "lists/V-SEX.json", |list| list["items"] = items)).1;
    assert_eq!(sex(json!([{"code": "male"}, {"code": "male"}])), Mistake::Duplicate("male".into()));
    assert_eq!(sex(json!([{"code": "Male"}])), Mistake::BadCode("Male".into()));
    // "unk" as a code would make the short form of "don't know" ambiguous.
    assert_eq!(sex(json!([{"code": "unk"}])), Mistake::BadCode("unk".into()));
    let to = |key: &str, code: &str| json!([{"code": "male"}, {"code": "female"}, {"code": "other", "redirect": {"key": key, "code": code}}]);
    assert_eq!(sex(to("nowhere", "x")), Mistake::NoSuch("nowhere".into()));
    assert_eq!(sex(to("person.gender_identity", "x")), Mistake::NoSuch("V-GENDER.x".into()));
    // A choice that is stored under its own question again: a cycle.
    assert_eq!(sex(to("person.sex", "other")), Mistake::NoSuch("V-SEX.other".into()));
    let grants =
        refused(|files| edit(files, "lists/V-CONSENT.json", |list| list["items"][0]["grants"] = json!(["sell"])));
    assert_eq!(grants.1, Mistake::NoSuch("V-PURPOSE.sell".into()));
}

#[test]
fn ten_thousand_questions_are_refused_before_they_are_built() {
    let many = refused(|files| {
        edit(files, FORM, |form| {
            let field = |n: u32| json!({"key": format!("q{n}"), "type": "text", "class": "identities", "tier": "T2"});
            form["fields"] = (0..10_000).map(field).collect();
        });
    });
    assert_eq!(many, (FORM.into(), Mistake::TooMany { what: "fields", limit: 1_000 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_pack_never_panics(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut files = Pack::builtin_files();
        let path = files.keys().nth(file.index(files.len())).unwrap().clone();
        let bytes = files.get_mut(&path).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        let _ = Pack::parse(&files);
    }

    #[test]
    fn a_pack_with_one_value_replaced_never_panics(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), with in 0_usize..6) {
        let mut files = Pack::builtin_files();
        let path = files.keys().nth(file.index(files.len())).unwrap().clone();
        edit(&mut files, &path, |value| {
            let mut places = Vec::new();
            pointers(value, String::new(), &mut places);
            let place = &places[at.index(places.len())];
            *value.pointer_mut(place).unwrap() = [json!(null), json!(-1), json!("x"), json!([]), json!({}), json!([["x"]])][with].clone();
        });
        let _ = Pack::parse(&files);
    }
}

fn pointers(value: &Json, at: String, out: &mut Vec<String>) {
    match value {
        Json::Object(map) => map.iter().for_each(|(key, member)| pointers(member, format!("{at}/{key}"), out)),
        Json::Array(items) => items.iter().enumerate().for_each(|(n, item)| pointers(item, format!("{at}/{n}"), out)),
        _ => {}
    }
    out.push(at);
}
