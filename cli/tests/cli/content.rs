//! What a person does with drafts before and after they are finished: look for them, take back, remember, forget.

use crate::device::{NAME, TestDevice, holds, is_khmer};
use crate::organisation::Organisation;
use crate::terminal::{DOWN, ENTER, Terminal};

#[test]
fn a_save_is_taken_back_and_the_questions_are_named_in_both_languages() {
    let device = TestDevice::with_draft();
    device.file("more.json", r#"{"narrative": "wrong draft"}"#.as_bytes());
    for lang in ["en", "km"] {
        assert_eq!(device.run(&["report", "--draft", "1", "--answers", "more.json"]).code, 0);
        assert!(device.run(&["show", "1"]).out.contains("wrong draft"), "control");
        let undone = device.run(&["--lang", lang, "undo", "1", "--yes"]);
        assert_eq!(undone.code, 0, "{}", undone.err);
        assert_eq!(is_khmer(&undone.out), lang == "km", "{}", undone.out);
        assert!(!undone.out.contains("narrative"), "a label, not a key: {}", undone.out);
        let shown = device.run(&["show", "1"]).out;
        assert!(!shown.contains("wrong draft") && shown.contains(NAME), "{shown}");
    }
    assert_eq!(device.run(&["undo", "1"]).code, 2, "nobody to ask");
    let mut terminal = Terminal::unlocked(&device, "--lang en undo 1");
    terminal.expect("What was saved last in draft 1: ").expect("Take the last change back?").expect("Enter");
    terminal.press(ENTER).expect("The draft is as it was");
    assert!(!terminal.shown().contains("elete"), "nobody reads that something is deleted");
    assert_eq!(terminal.exit_code(), 0);
    assert!(device.run(&["show", "1"]).out.contains(NAME));
    assert_eq!(device.run(&["report", "--draft", "1", "--answers", "more.json"]).code, 0);
    let mut terminal = Terminal::unlocked(&device, "--lang km undo 1");
    terminal.expect("មកវិញឬ?").expect("Enter").press(DOWN).press(ENTER).expect("បានយកចម្លើយមុនមកវិញ");
    assert_eq!(terminal.exit_code(), 0);
    assert!(!device.run(&["show", "1"]).out.contains("wrong draft"));
    let undone = device.run(&["--json", "undo", "1", "--yes"]).json();
    assert_eq!((undone["undone"].as_array().unwrap().len(), &undone["left"]), (16, &0.into()));
    assert_eq!(device.run(&["--json", "undo", "1", "--yes"]).json()["undone"], serde_json::json!([]));
    assert!(device.run(&["--lang", "en", "undo", "1", "--yes"]).out.contains("nothing to take back"));
    assert_eq!(device.run(&["undo", "7", "--yes"]).code, 9);
}

#[test]
fn a_search_shows_where_words_stand_and_leaves_no_trace() {
    let device = TestDevice::with_draft();
    for lang in ["en", "km"] {
        let found = device.run(&["--lang", lang, "search", "សហជីព"]);
        assert_eq!(found.code, 0, "{}", found.err);
        assert!(found.out.starts_with("1  ") && found.out.contains("[សហជីព]"), "{}", found.out);
        assert_eq!(found.out.lines().count(), 1, "{}", found.out);
    }
    let hit = &device.run(&["--json", "search", "តារា"]).json()["hits"][0];
    assert_eq!((&hit["kind"], &hit["draft"], &hit["question"]), (&"answer".into(), &1.into(), &"person.names".into()));
    let (from, to) = (hit["marks"][0][0].as_u64().unwrap(), hit["marks"][0][1].as_u64().unwrap());
    let snippet = hit["snippet"].as_str().unwrap().chars();
    assert_eq!(snippet.skip(from as usize).take((to - from) as usize).collect::<String>(), "តារា");
    // A chosen answer in the other language, and the words from standard input instead of an argument.
    assert!(device.run(&["search", "husband"]).out.contains("[husband]"));
    assert_eq!(device.run(&["--lang", "en", "search"]).out, "Nothing was found.\n", "looks for `not part of it`");
    assert_eq!(device.run(&["--lang", "en", "search", "zebra"]).out, "Nothing was found.\n");
    assert!(!holds(&device.home(), "សហជីព".as_bytes()));
    let mut terminal = Terminal::unlocked(&device, "--lang en search");
    terminal.expect("Search for:").press("husband").press(ENTER).expect("[husband]");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_note_stays_after_finish_as_the_setting_says_and_is_forgotten_on_request() {
    let organisation = Organisation::start();
    let device = organisation.device_with_report();
    let first = device.run(&["--json", "finished"]).json();
    assert_eq!((&first["count"], &first["kept"]), (&1.into(), &"low".into()));
    device.file("more.json", r#"{"narrative": "second"}"#.as_bytes());
    assert_eq!(device.run(&["report", "--answers", "more.json"]).code, 0);
    let draft = device.run(&["--json", "drafts"]).json()["drafts"][0]["draft"].to_string();
    let noted = device.run(&["--json", "note", &draft]);
    assert_eq!(noted.json()["note"], "not part of it", "a line from standard input: {}", noted.err);
    assert_eq!(device.run(&["note", &draft, "the market case"]).code, 0);
    assert_eq!(device.run(&["note", &draft, &"x".repeat(201)]).code, 1);
    let mut terminal = Terminal::unlocked(&device, &format!("--lang en note {draft}"));
    terminal.expect("Note:").expect("the market case").press(", changed").press(ENTER).expect("is saved");
    assert_eq!(terminal.exit_code(), 0);
    let code = device.run(&["--json", "finish", &draft]).json()["code"].as_str().unwrap().to_owned();

    for lang in ["en", "km"] {
        let listed = device.run(&["--lang", lang, "finished"]).out;
        let row = listed.lines().find(|line| line.starts_with(&code)).unwrap();
        assert!(row.ends_with("the market case, changed"), "{listed}");
        assert_eq!(is_khmer(&listed), lang == "km", "{listed}");
    }
    assert!(device.run(&["search", "market"]).out.starts_with(&code));
    assert_eq!(device.run(&["finished", "--keep", "elevated"]).code, 2, "nobody to ask");
    let mut terminal = Terminal::unlocked(&device, "--lang en finished --keep elevated");
    terminal.expect("beyond the new setting").expect("Delete it for good?").expect("Enter").press(ENTER);
    terminal.expect("Nothing was deleted");
    assert_eq!(terminal.exit_code(), 0);
    assert!(device.run(&["finished"]).out.contains("the market case"), "control: no was said");
    let kept = device.run(&["--json", "finished", "--keep", "elevated", "--yes"]).json();
    let rows: Vec<_> = kept["finished"].as_array().unwrap().iter().collect();
    assert!(rows.iter().all(|row| row["note"].is_null() && row["form"].is_null()) && rows.len() == 2, "{kept}");
    let unknown = device.run(&["--json", "finished", "--forget", &code, "--forget", "XX-XXX", "--yes"]);
    assert_eq!((unknown.code, &unknown.json()["error"]["code"]), (9, &"no_such_code".into()));
    let left = device.run(&["--json", "finished", "--forget", &code.to_lowercase(), "--yes"]).json();
    assert_eq!((left["finished"].as_array().unwrap().len(), &left["count"]), (1, &1.into()));
    let left = device.run(&["--json", "finished", "--keep", "severe", "--yes"]).json();
    assert_eq!((&left["finished"], &left["count"]), (&serde_json::json!([]), &1.into()));
    assert_eq!(device.run(&["--json", "finished", "--forget-all", "--yes"]).json()["count"], 0);
}
