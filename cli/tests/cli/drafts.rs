//! From answers to a draft, and what happens to it without an organisation.

use std::sync::Arc;

use kapok_core::report::is_hidden;
use kapok_core::{Device, Passphrase, SoftwareDeviceKey, SystemClock, Time};

use crate::device::{NAME, PASSPHRASE, TestDevice, holds, is_khmer};
use crate::terminal::{CTRL_C, ENTER, Terminal};

#[test]
fn a_draft_is_kept_shown_and_not_finished_without_an_organisation() {
    let device = TestDevice::with_draft();
    let list = device.run(&["--json", "drafts"]).json();
    assert_eq!(list["drafts"][0]["draft"], 1);
    assert_eq!(list["drafts"][0]["form"], "detention_quick");
    assert_eq!(list["drafts"][0]["answers"], 16);

    for lang in ["km", "en"] {
        let shown = device.run(&["--lang", lang, "show", "1"]);
        assert_eq!(shown.code, 0, "{}", shown.err);
        assert!(shown.out.contains(NAME), "{}", shown.out);
        assert_eq!(shown.out.contains("Needs medicine") || shown.out.contains("needs medicine"), lang == "en");
    }
    let refused = device.run(&["--json", "finish", "1"]);
    assert_eq!(refused.code, 9);
    assert_eq!(refused.json()["error"]["code"], "not_enrolled");
    assert!(device.run(&["show", "1"]).out.contains(NAME), "the draft is kept");

    assert!(!holds(&device.home(), NAME.as_bytes()), "a name stands in a file of the device");
    std::fs::write(device.home().join("planted"), NAME).unwrap();
    assert!(holds(&device.home(), NAME.as_bytes()), "control: the search finds a plain file");
}

#[test]
fn unknown_keys_are_kept_and_warned_about_in_the_language_asked_for() {
    let device = TestDevice::new();
    device.file("a.json", br#"{"person.names": "Test Person", "moon.phase\u001b[2J": "full", "arrest.date": "soon"}"#);
    let ran = device.run(&["report", "--answers", "a.json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("Saved as draft 1."), "{}", ran.out);
    assert!(ran.err.contains("belongs to no question"), "{}", ran.err);
    assert!(ran.err.contains("moon.phase") && !ran.err.contains('\u{1b}'), "the key is shown, its codes are not");
    let ran = device.run(&["--lang", "km", "report", "--answers", "a.json"]);
    assert!(is_khmer(&ran.err), "{}", ran.err);

    let json = device.run(&["--json", "report", "--answers", "a.json"]).json();
    let codes: Vec<_> = json["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].clone()).collect();
    assert!(codes.contains(&"unknown_key".into()) && codes.contains(&"kept_as_text".into()), "{codes:?}");
    assert!(device.run(&["show", "1"]).out.contains("full"), "kept");
}

#[test]
fn answers_from_a_file_join_an_open_draft_and_leave_the_others_alone() {
    let device = TestDevice::with_draft();
    device.file("more.json", br#"{"person.sex": "female", "narrative": {"s": "ref"}}"#);
    let ran = device.run(&["report", "--draft", "1", "--answers", "more.json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let answers = device.run(&["--json", "show", "1"]).json()["answers"]["fields"].clone();
    assert_eq!(answers["person.sex"]["v"], "female");
    assert_eq!(answers["narrative"]["s"], "ref");
    assert_eq!(answers["person.is_minor"]["v"], "no");
    assert_eq!(device.run(&["report", "--draft", "7", "--answers", "more.json"]).code, 9);
}

#[test]
fn files_that_are_no_answers_are_refused_before_a_draft_exists() {
    let device = TestDevice::new();
    for (name, bytes, code) in [
        ("broken", &b"{\"person.names\": "[..], "answers_syntax"),
        ("twice", br#"{"person.sex": "male", "person.sex": "female"}"#, "answers_syntax"),
        ("list", b"[]", "answers_syntax"),
        ("binary", b"\xff\xfe\x00", "answers_syntax"),
    ] {
        device.file(name, bytes);
        let ran = device.run(&["--json", "report", "--answers", name]);
        assert_eq!((ran.code, ran.json()["error"]["code"].as_str()), (1, Some(code)), "{name}");
    }
    let ran = device.run(&["--json", "report", "--answers", "not-there"]);
    assert_eq!((ran.code, ran.json()["error"]["code"].as_str()), (9, Some("answers_unreadable")));
    assert!(!ran.err.contains("not-there") && !ran.out.contains("not-there"), "no file name in an error");
    let ran = device.run(&["report", "--form", "no_such_form", "--answers", "list"]);
    assert_eq!(ran.code, 9);
    assert_eq!(device.run(&["--json", "drafts"]).json()["drafts"].as_array().unwrap().len(), 0);
    assert_eq!(device.run(&["report"]).code, 2, "questions need a terminal");
}

#[test]
fn an_empty_draft_is_shown_and_one_that_says_too_little_too() {
    let device = TestDevice::new();
    device.file("none.json", b"{}");
    device.file("little.json", br#"{"person.sex": "female"}"#);
    assert_eq!(device.run(&["report", "--answers", "none.json"]).code, 0);
    assert_eq!(device.run(&["report", "--answers", "little.json"]).code, 0);
    assert_eq!(device.run(&["show", "1"]).out.lines().count(), 1);
    let shown = device.run(&["show", "2"]);
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(shown.out.contains("Woman") || shown.out.contains("woman") || shown.out.contains("emale"), "{}", shown.out);
}

#[test]
fn a_draft_is_deleted_only_with_a_yes_and_is_gone_then() {
    let device = TestDevice::with_draft();
    assert_eq!(device.run(&["report", "--answers", "answers.json"]).code, 0);
    let drafts = || device.run(&["--json", "drafts"]).json()["drafts"].as_array().unwrap().len();
    let unasked = device.run(&["discard", "1"]);
    assert_eq!(unasked.code, 2);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    assert_eq!(drafts(), 2, "control: nothing is deleted without a yes");
    assert_eq!(device.run(&["--json", "discard", "1", "--yes"]).json()["discarded"], 1);
    assert_eq!(drafts(), 1);
    assert_eq!(device.run(&["show", "1"]).code, 9);
    assert!(device.run(&["show", "2"]).out.contains(NAME), "the other one stays");
    assert_eq!(device.run(&["discard", "1", "--yes"]).code, 9);
}

#[test]
fn consent_that_was_skipped_is_shown_as_not_chosen() {
    let device = TestDevice::new();
    device.file("none.json", br#"{"narrative": "Invented."}"#);
    device.file("some.json", br#"{"narrative": "Invented.", "consent": ["keep_only"]}"#);
    assert_eq!(device.run(&["report", "--answers", "none.json"]).code, 0);
    assert_eq!(device.run(&["report", "--answers", "some.json"]).code, 0);
    for (lang, words) in [("en", "nothing was chosen"), ("km", "មិនបានជ្រើសរើស")] {
        assert!(device.run(&["--lang", lang, "show", "1"]).out.contains(words));
        assert!(!device.run(&["--lang", lang, "show", "2"]).out.contains(words), "control: chosen");
    }
}

#[test]
fn a_draft_from_a_clock_beyond_all_calendars_is_listed_shown_and_deleted_like_any_other() {
    let device = TestDevice::with_draft();
    {
        // No test can set the clock of the program, so the core saves with one of its own.
        let key = Arc::new(SoftwareDeviceKey::in_folder(device.home().join("device-key")));
        let core = Device::open(&device.home(), key).unwrap();
        core.unlock(&Passphrase::new(PASSPHRASE.into()).unwrap(), &SystemClock).unwrap();
        let draft = core.draft(1).unwrap();
        core.save_answers(draft, &core.answers(draft).unwrap(), Time(u64::MAX)).unwrap();
        assert!(core.drafts().unwrap()[0].updated > Time(u64::MAX).in_calendar(), "control: the vault keeps it");
    }
    let listed = device.run(&["drafts"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert!(listed.out.contains("9999-12-31 "), "{}", listed.out);
    assert!(device.run(&["show", "1"]).out.contains(NAME));
    let mut terminal = Terminal::unlocked(&device, "discard 1");
    terminal.expect("9999-12-31").expect("Delete it for good?").expect("Enter").press(ENTER);
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(device.run(&["discard", "1", "--yes"]).code, 0);
}

#[test]
fn a_strangers_text_steers_no_terminal_and_json_keeps_it_as_numbers() {
    let hostile = "a\u{9b}31m\u{202e}b\u{e0041}\u{feff}ក\u{200b}ខ\nRecorded: never";
    let device = TestDevice::new();
    let file = serde_json::json!({"person.names": hostile, "narrative": hostile}).to_string();
    assert!(file.contains('\u{202e}'), "control: the file holds what acts");
    device.file("hostile.json", file.as_bytes());
    assert_eq!(device.run(&["report", "--answers", "hostile.json"]).code, 0);
    let acts = |text: &str| text.chars().find(|c| is_hidden(*c) && *c != '\n');
    let shown = device.run(&["show", "1"]).out;
    assert_eq!(acts(&shown), None, "{shown}");
    assert!(shown.contains("a\u{fffd}31m\u{fffd}b") && shown.contains("ក\u{200b}ខ"), "{shown}");
    assert_eq!(shown.lines().filter(|line| line.starts_with("Recorded: ")).count(), 1, "{shown}");
    assert!(shown.contains(" UTC+7\n"), "the zone stands beside the minute, as at the desk: {shown}");
    let json = device.run(&["--json", "show", "1"]);
    assert_eq!(acts(&json.out), None, "{}", json.out);
    assert_eq!(json.json()["answers"]["fields"]["narrative"]["v"], hostile);
    // The questions write over the screen all the time, but never with what the file brought.
    let mut terminal = Terminal::unlocked(&device, "--lang en report --draft 1");
    terminal.expect("1/8").expect("Enter").press(CTRL_C).expect("report --draft 1");
    assert!(!terminal.shown().contains(['\u{202e}', '\u{9b}', '\u{e0041}']), "{}", terminal.shown());
    assert_eq!(terminal.exit_code(), 130);
    let mut terminal = Terminal::unlocked(&device, "--lang en report --draft 1");
    terminal.enter_until("Saved as draft");
    assert!(!terminal.shown().contains(['\u{202e}', '\u{9b}', '\u{e0041}']), "{}", terminal.shown());
    assert_eq!(device.run(&["--json", "show", "1"]).out, json.out, "Enter alone changes nothing");
}
