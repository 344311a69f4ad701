//! What people read: words for codes in both languages, a zone beside every time.

use super::fixture::{Desk, Plan, WORDS, noise};
use super::program::run;

fn said(desk: &Desk, line: &str) -> String {
    let output = run(desk.folder.root(), line, Some(WORDS));
    assert_eq!(output.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn desk_with_a_report() -> (Desk, String) {
    let desk = Desk::new();
    desk.inbox().store(&Plan::new(1).file(Some("a.jpg"), noise(9, 1)).seal(&desk)).unwrap();
    let code = desk.index().reports[0].code().to_string();
    (desk, code)
}

#[test]
fn lists_say_codes_in_words_of_their_language_and_json_keeps_the_codes() {
    let (desk, code) = desk_with_a_report();
    let english = said(&desk, "list --lang en");
    assert_eq!(
        english.trim_end(),
        format!(
            "{code}  2026-10-24 07:00–07:59 UTC+7  detention  First report of a detention (quick report)  Attachments 1/1"
        )
    );
    let khmer = said(&desk, "list --lang km");
    assert!(khmer.contains("របាយការណ៍រហ័ស") && khmer.contains("ការចាប់ខ្លួន"), "{khmer}");
    let latin = khmer.replace(&code, "").replace("UTC", "");
    assert!(!latin.chars().any(|c| c.is_ascii_alphabetic()), "{khmer}");
    for (lang, kind) in [("en", "photo"), ("km", "រូបថត")] {
        let shown = said(&desk, &format!("show {code} --lang {lang}"));
        assert!(shown.contains(&format!("  1. {kind}  image/jpeg  9 B  a.jpg  ")), "{shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&said(&desk, "list --lang km --json")).unwrap();
    let report = &json["reports"][0];
    assert_eq!((&report["form_id"], &report["completeness"]), (&"detention_quick".into(), &"quick".into()));
    assert_eq!(report["attachments"][0]["kind"], "photo");
}

#[test]
fn attachments_whose_key_is_elsewhere_are_listed_as_sealed_and_not_as_missing() {
    let (desk, _) = desk_with_a_report();
    desk.keep_keys("triage");
    let listed = said(&desk, "list --lang en");
    assert!(listed.contains("  names sealed  attachments sealed: 1\n") && !listed.contains("0/1"), "{listed}");
}

#[test]
fn every_time_has_a_zone_and_recorded_is_the_moment_in_the_report() {
    let (desk, code) = desk_with_a_report();
    // The fixture's report was recorded at this minute; the desk's own clock says something else whenever this runs.
    let english = said(&desk, &format!("show {code} --lang en"));
    assert!(english.contains("  Recorded: 2026-11-24, 18:30 UTC+7\n"), "{english}");
    assert!(english.contains("  received 2026-10-24 07:00–07:59 UTC+7  "), "{english}");
    assert!(said(&desk, &format!("show {code} --lang km")).contains("2026-11-24, 18:30 UTC+7\n"));
    let json: serde_json::Value = serde_json::from_str(&said(&desk, &format!("show {code} --json"))).unwrap();
    assert_eq!(json["reports"][0]["received"], "2026-10-24T07:00:00+07:00");
    assert_eq!(json["reports"][0]["recorded_on"], serde_json::json!({"edtf": "2026-11-24", "tod": "18:30"}));
}

#[test]
fn errors_speak_khmer_when_asked_and_their_codes_do_not_change() {
    let (desk, _) = desk_with_a_report();
    let nowhere = desk.dir.path().join("nowhere");
    let root = desk.folder.root().to_owned();
    for (dir, line, words, code) in [
        (&nowhere, "list", WORDS, "no_desk"),
        (&root, "list", b"guess".as_slice(), "wrong_passphrase"),
        (&root, "show ZZ-ZZZ", WORDS, "no_such_report"),
        (&root, "pull", WORDS, "unreachable"),
        (&root, "bundle check no-such.note", WORDS, "no_file"),
        (&root, "key new --role root --out no-such-folder/a.age", b"short", "passphrase_short"),
    ] {
        let said = |lang: &str| {
            let output = run(dir, &format!("{line} --lang {lang} --json"), Some(words));
            let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let text = json["error"]["text"].as_str().unwrap().to_owned();
            assert_eq!(json["error"]["code"], code);
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains(&format!("kapok-desk: {text}\n")), "{stderr}");
            (text, output.status.code())
        };
        let khmer = |text: &str| text.chars().any(|c| ('ក'..='៿').contains(&c));
        let ((english, first), (other, second)) = (said("en"), said("km"));
        assert!(!khmer(&english) && khmer(&other), "{english} {other}");
        assert_eq!(first, second);
    }
}
