//! One vault to a new phone, as people and scripts do it.

use crate::device::{TestDevice, is_khmer};

const LITTLE: &[u8] = br#"{"person.names": ["Fictional name"]}"#;

fn drafts(device: &TestDevice) -> usize {
    device.run(&["--json", "drafts"]).json()["drafts"].as_array().unwrap().len()
}

fn text(device: &TestDevice, args: &[&str], member: &str) -> String {
    let ran = device.run(&[&["--json", "move"][..], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()[member].as_str().unwrap().to_owned()
}

#[test]
fn a_vault_moves_by_a_key_a_file_and_two_pairs_of_digits() {
    let (old, new) = (TestDevice::new(), TestDevice::new());
    old.file("answers.json", LITTLE);
    assert_eq!(old.run(&["report", "--answers", "answers.json"]).code, 0);
    let (key, digits) = (text(&new, &["receive"], "key"), text(&new, &["receive"], "digits"));
    let key = old.file("key.txt", key.as_bytes());
    let shared = new.file("moved", b"");
    std::fs::remove_file(&shared).unwrap();
    let (key, file) = (key.to_str().unwrap(), shared.to_str().unwrap());

    let wrong = old.run(&["--json", "move", "send", "--to", key, "--key-digits", "0000", file]);
    assert_eq!((wrong.code, wrong.json()["error"]["code"].as_str()), (8, Some("move_key_digits")));
    let sent = text(&old, &["send", "--to", key, "--key-digits", &digits, file], "digits");
    assert_eq!(text(&old, &[], "digits"), sent, "it is shown again");
    let held = old.run(&["report", "--answers", "answers.json"]);
    assert_eq!(held.code, 4, "{}", held.err);
    assert_eq!(drafts(&old), 1, "and can be read");
    assert_eq!(old.run(&["move", "cancel"]).code, 2, "nobody is asked, so the line has to say yes");

    assert_eq!(new.run(&["move", "import", file]).code, 2, "the digits are asked for");
    assert_eq!(new.run(&["move", "import", file, "--file-digits", "1234"]).code, 8);
    let arrival = text(&new, &["import", file, "--file-digits", &sent], "arrival");
    assert_eq!(drafts(&new), 1);
    let again = new.run(&["--json", "move", "import", file, "--file-digits", &sent]);
    assert_eq!((again.code, again.json()["error"]["code"].as_str()), (9, Some("move_not_awaited")));

    let wrong = old.run(&["move", "end", "0000 0000"]);
    assert_eq!((wrong.code, drafts(&old)), (8, 1));
    assert!(wrong.err.contains('2'), "{}", wrong.err);
    assert_eq!(old.run(&["move", "end", &arrival]).code, 0);
    assert_eq!((drafts(&old), drafts(&new)), (0, 1));
}

#[test]
fn the_key_is_shown_as_a_qr_code_and_every_step_speaks_both_languages() {
    let device = TestDevice::new();
    let shown = device.run(&["move", "receive"]);
    assert!(shown.out.contains('█') && shown.out.contains("age1pq1"), "{}", shown.out);
    assert!(is_khmer(&device.run(&["--lang", "km", "move"]).out));
    assert_eq!(device.run(&["--json", "move", "cancel", "--yes"]).json()["cancelled"], true);
    assert_eq!(device.run(&["--json", "move"]).json()["move"], "none");
    assert!(is_khmer(&device.run(&["--lang", "km", "move", "end", "1234 5678"]).err));
}
