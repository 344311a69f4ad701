//! Adding a question, a language or a country needs data only.

use std::collections::BTreeMap;

use kapok_report::{Answers, Body, FieldType, Pack, Status, case_text};
use serde_json::{Value as Json, json};

use crate::{envelope, now};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Changes one JSON file of a pack.
pub(crate) fn edit(files: &mut Files, path: &str, change: impl FnOnce(&mut Json)) {
    let mut value: Json = serde_json::from_slice(&files[path]).unwrap();
    change(&mut value);
    files.insert(path.into(), serde_json::to_vec(&value).unwrap());
}

pub(crate) fn label(text: &str) -> Json {
    json!({"text": text, "review_status": "unreviewed", "reviewed_by": null})
}

#[test]
fn a_question_added_as_data_reaches_screen_body_and_print() {
    let mut files = Pack::builtin_files();
    edit(&mut files, "pack.json", |pack| pack["lists"].as_array_mut().unwrap().push(json!("V-SEASON")));
    files.insert(
        "lists/V-SEASON.json".into(),
        br#"{"list": "V-SEASON", "items": [{"code": "dry"}, {"code": "rainy"}]}"#.to_vec(),
    );
    edit(&mut files, "forms/detention_quick.json", |form| {
        form["version"] = json!(2);
        let at = form["screens"].as_array().unwrap().len() - 1;
        let screen = json!({"id": "season", "label": "detention_quick.season", "fields": [
            {"key": "test.season", "type": "choice", "class": "triage", "tier": "T0", "no_values": ["unk"], "list": "V-SEASON"},
            {"key": "test.words", "type": "text", "class": "identities", "tier": "T2"}
        ]});
        form["screens"].as_array_mut().unwrap().insert(at, screen);
    });
    for lang in ["km", "en"] {
        edit(&mut files, &format!("labels/{lang}.json"), |labels| {
            for key in
                ["detention_quick.season", "field.test.season", "field.test.words", "V-SEASON.dry", "V-SEASON.rainy"]
            {
                labels[key] = label(&format!("{lang} {key}"));
            }
        });
    }
    let pack = Pack::parse(&files).unwrap();

    let screens = pack.screens("detention_quick", "en").unwrap();
    let screen = &screens[7];
    assert_eq!((screen.number, screen.total, screen.id.as_str()), (8, 9, "season"));
    assert_eq!(screen.question.text, "en detention_quick.season");
    assert_eq!(screen.fields[0].choices[1].words.text, "en V-SEASON.rainy");
    assert_eq!(screen.fields[0].no_values[0].0, Status::Unknown);
    assert!(screen.dont_know.is_some());

    let form = pack.form("detention_quick").unwrap();
    let mut answers = Answers::new();
    assert_eq!(answers.set(&pack, form, "test.season", json!("rainy"), &now()), []);
    assert_eq!(answers.set(&pack, form, "test.words", json!("words"), &now()), []);
    assert_eq!(answers.set(&pack, form, "person.names", json!("Test Person"), &now()), []);
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[]).unwrap();
    assert_eq!(body.triage.form_version, 2);
    assert_eq!(body.triage.answers["test.season"].get(), Some(&json!("rainy")));
    assert!(!body.triage.answers.contains_key("test.words"));
    assert_eq!(body.answer("test.words").get(), Some(&json!("words")));

    let rows = case_text(&pack, &body.triage, Some(&body.identities), "km");
    let row = rows.iter().find(|row| row.key == "test.season").unwrap();
    assert_eq!((row.label.as_str(), row.value.as_str()), ("km field.test.season", "km V-SEASON.rainy"));

    // A desk that still has the old pack loses nothing: key and code print as they are.
    let rows = case_text(&Pack::builtin(), &body.triage, Some(&body.identities), "en");
    let row = rows.iter().find(|row| row.key == "test.season").unwrap();
    assert_eq!((row.label.as_str(), row.value.as_str()), ("test.season", "rainy"));
}

#[test]
fn a_third_language_is_data() {
    let mut files = Pack::builtin_files();
    edit(&mut files, "pack.json", |pack| pack["languages"].as_array_mut().unwrap().push(json!("vi")));
    let mut labels: Json = serde_json::from_slice(&files["labels/en.json"]).unwrap();
    labels["detention_quick.when"] = label("Khi nào?");
    files.insert("labels/vi.json".into(), serde_json::to_vec(&labels).unwrap());
    let pack = Pack::parse(&files).unwrap();
    assert_eq!(pack.screens("detention_quick", "vi").unwrap()[2].question.text, "Khi nào?");
    // A language that the pack does not have falls back to its first one.
    let km = pack.screens("detention_quick", "km").unwrap();
    assert_eq!(pack.screens("detention_quick", "xx").unwrap(), km);
    assert_eq!(pack.screens("detention_quick", "km-KH").unwrap(), km);
}

/// A country that does not exist, with its own provinces, time zone and languages.
fn atlantis() -> Files {
    let mut files = Pack::builtin_files();
    edit(&mut files, "pack.json", |pack| {
        pack["id"] = json!("xa-1");
        pack["country"] = json!("XA");
        pack["time_zone"] = json!("Etc/GMT+1");
        pack["utc_offset_minutes"] = json!(-60);
        pack["languages"] = json!(["en"]);
    });
    files.remove("labels/km.json");
    files.insert(
        "lists/V-PROVINCE.json".into(),
        br#"{"list": "V-PROVINCE", "items": [{"code": "n"}, {"code": "s"}]}"#.to_vec(),
    );
    edit(&mut files, "labels/en.json", |labels| {
        labels["V-PROVINCE.n"] = label("North Atlantis");
        labels["V-PROVINCE.s"] = label("South Atlantis");
    });
    files
}

#[test]
fn a_pack_of_a_country_that_does_not_exist_works() {
    let pack = Pack::parse(&atlantis()).unwrap();
    let form = pack.form("detention_quick").unwrap();
    let mut answers = Answers::new();
    assert_eq!(answers.set(&pack, form, "arrest.place", json!("n"), &now()), []);
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[]).unwrap();
    assert_eq!(
        body.triage.answers["arrest.place"].get(),
        Some(&json!({"country": "XA", "precision": "province", "province": "n"}))
    );
    let rows = case_text(&pack, &body.triage, None, "en");
    assert!(rows.iter().any(|row| row.value == "North Atlantis"));
}

#[test]
fn the_built_in_pack_has_eight_questions_in_two_languages() {
    let pack = Pack::builtin();
    assert_eq!(pack.id(), "kh-2025.1");
    assert_eq!(pack.list("V-PROVINCE").unwrap().items().len(), 25);
    for lang in ["km", "en"] {
        let screens = pack.screens("detention_quick", lang).unwrap();
        assert_eq!(screens.len(), 8);
        for screen in &screens {
            assert!(!screen.fields.is_empty() && !screen.send_now.text.is_empty());
        }
        // The question about consent offers "keep it and call me" first and selects nothing.
        let consent = &screens[7].fields[0];
        assert_eq!((consent.kind, consent.choices[0].code.as_str()), (FieldType::Consent, "keep_and_call_me"));
        let un = consent.choices.iter().find(|choice| choice.code == "tell_un").unwrap();
        assert!(un.note.is_some(), "the choice that names the person says so");
        assert_eq!(pack.after_send("detention_quick", lang).unwrap().len(), 4);
    }
    // Province names come from an official source; consent texts still wait for a native speaker and must be badged.
    assert!(pack.words("V-PROVINCE.12", "km").reviewed);
    assert!(!pack.words("V-CONSENT.tell_un", "km").reviewed);
    assert!(pack.unreviewed("km").contains(&"note.tell_un"));
}

/// The code of this crate without comments, tests and the one table of compiled-in files.
fn code() -> String {
    let mut out = String::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("builtin.rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let text = text.split("#[cfg(test)]").next().unwrap();
                out.extend(text.lines().filter(|line| !line.trim_start().starts_with("//")));
            }
        }
    }
    out
}

#[test]
fn the_code_names_no_question_and_no_country() {
    let (pack, code) = (Pack::builtin(), code());
    let form = pack.form("detention_quick").unwrap();
    // Words that are also names of types and members of the body itself.
    let general = ["consent"];
    let keys = form.fields().iter().map(|field| field.key.as_str()).filter(|key| !general.contains(key));
    let provinces =
        pack.list("V-PROVINCE").unwrap().items().iter().map(|item| pack.code_text("V-PROVINCE", &item.code, "km"));
    let words = keys.map(|key| format!("\"{key}\"")).chain(provinces);
    for word in words.chain(["\"KH\"", "Phnom", "kh-2025", "\"detention", "\"km\""].map(str::to_owned)) {
        assert!(!code.contains(&word), "{word}");
    }
    assert!(code.contains("\"V-REPORT\""), "control: the search reads the code");
}

#[test]
fn zones_with_minutes_and_west_of_greenwich_are_named_right() {
    let named = |minutes: i32| {
        let mut files = Pack::builtin_files();
        edit(&mut files, "pack.json", |pack| pack["utc_offset_minutes"] = json!(minutes));
        Pack::parse(&files).unwrap().zone_name()
    };
    for (minutes, name) in
        [(420, "UTC+7"), (0, "UTC+0"), (345, "UTC+5:45"), (-210, "UTC-3:30"), (-30, "UTC-0:30"), (-600, "UTC-10")]
    {
        assert_eq!(named(minutes), name);
    }
}
