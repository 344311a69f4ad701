//! The page that tells how to add a question is followed to the letter: its examples are read from the page itself.

use kapok_report::{Answers, Body, Pack};
use serde_json::{Value as Json, json};

use crate::new_packs::edit;
use crate::{envelope, now};

const PAGE: &str = include_str!("../../../docs/formats/form-pack.md");

fn example(name: &str) -> String {
    let start = format!("```json {name}\n");
    let from = PAGE.find(&start).unwrap() + start.len();
    PAGE[from..].split("```").next().unwrap().to_owned()
}

#[test]
fn a_question_added_by_the_page_alone_works() {
    let mut files = Pack::builtin_files();
    files.insert("lists/V-SEASON.json".into(), example("lists/V-SEASON.json").into_bytes());
    edit(&mut files, "pack.json", |pack| pack["lists"].as_array_mut().unwrap().push(json!("V-SEASON")));
    let screen: Json = serde_json::from_str(&example("screen")).unwrap();
    edit(&mut files, "forms/detention_quick.json", |form| form["screens"].as_array_mut().unwrap().insert(3, screen));
    // Without the words it does not load, and says which are missing.
    assert!(Pack::parse(&files).unwrap_err().to_string().contains("V-SEASON.dry"));
    let words: Json = serde_json::from_str(&example("labels")).unwrap();
    for lang in ["km", "en"] {
        edit(&mut files, &format!("labels/{lang}.json"), |labels| {
            labels.as_object_mut().unwrap().extend(words.as_object().unwrap().clone());
        });
    }
    let pack = Pack::parse(&files).unwrap();
    assert_eq!(pack.screens("detention_quick", "en").unwrap()[3].question.text, "In which season?");
    let mut answers = Answers::new();
    let form = pack.form("detention_quick").unwrap();
    answers.set(&pack, form, "arrest.season", json!("rainy"), &now());
    answers.set(&pack, form, "narrative", json!("words"), &now());
    let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[]).unwrap();
    assert_eq!(body.triage.answers["arrest.season"].get(), Some(&json!("rainy")));
}

#[test]
fn the_page_names_every_type_and_the_built_in_files_are_complete() {
    for kind in kapok_report::FieldType::ALL {
        assert!(PAGE.contains(&format!("`{}`", kind.code())), "{}", kind.code());
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("packs/kh");
    let files = Pack::builtin_files();
    let mut found = 0;
    for folder in ["", "forms", "lists", "labels"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap).filter(|it| it.path().is_file())
        {
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            assert!(files.contains_key(&path), "{path} is not compiled in");
            found += 1;
        }
    }
    assert_eq!(found, files.len());
}

#[test]
fn the_built_in_pack_loads_quickly() {
    let start = std::time::Instant::now();
    for _ in 0..10 {
        let _ = Pack::builtin();
    }
    // 20 ms each is the goal on a phone; a loaded test machine gets a wide margin.
    assert!(start.elapsed().as_millis() < 2_000, "{:?}", start.elapsed());
    eprintln!("pack load: {:?}", start.elapsed() / 10);
}
