//! Attachments, good ones and bad ones.

use std::fs;

use crate::device::TestDevice;

/// The first bytes of a JPEG file.
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00 not a whole picture";

#[test]
fn a_file_is_attached_as_it_is_and_its_name_stays_out_of_sight() {
    let device = TestDevice::with_draft();
    let khmer = "រូបថត ទី១.jpg";
    device.file(khmer, JPEG);
    device.file("empty", b"");
    device.file("up.jpg", JPEG);
    let ran = device.run(&["--json", "attach", "1", khmer, "empty", "home/../up.jpg", "--kind", "photo"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let found = ran.json()["attachments"].clone();
    assert_eq!(found[0]["mime"], "image/jpeg");
    assert_eq!(found[0]["size"], JPEG.len());
    assert_eq!(found[1]["size"], 0);
    assert!(ran.err.contains("0 bytes"), "an empty file is attached, with a word about it: {}", ran.err);
    assert_eq!(found[2]["sha256"], found[0]["sha256"]);
    assert!(!ran.out.contains("រូបថត ទី១") && !ran.err.contains("រូបថត ទី១"), "no file name is repeated");
    let shown = device.run(&["--json", "show", "1"]).json();
    assert_eq!(shown["attachments"].as_array().unwrap().len(), 3);
    assert!(device.run(&["--lang", "km", "show", "1"]).out.contains("image/jpeg"));
}

#[test]
fn what_cannot_be_attached_is_refused_and_leaves_the_draft_as_it_was() {
    let device = TestDevice::with_draft();
    fs::create_dir(device.home().join("a folder")).unwrap();
    fs::write(device.home().join("big"), vec![7; 5 << 20]).unwrap();
    device.file("good.jpg", JPEG);
    for (path, exit, code) in [
        ("home/a folder", 1, "file_not_file"),
        ("/dev/null", 1, "file_not_file"),
        ("home/missing.jpg", 9, "file_missing"),
        ("../../../../../no/such/file", 9, "file_missing"),
        ("home/big", 6, "pool_full"),
    ] {
        let ran = device.run(&["--json", "attach", "1", path]);
        assert_eq!((ran.code, ran.json()["error"]["code"].as_str()), (exit, Some(code)), "{path}: {}", ran.err);
        assert!(!ran.err.contains("missing.jpg") && !ran.err.contains("folder/"), "no name in an error: {}", ran.err);
    }
    let ran = device.run(&["--lang", "km", "attach", "1", "good.jpg", "home/missing.jpg", "good.jpg"]);
    assert_eq!(ran.code, 9);
    assert!(ran.err.contains("ទី 2 ក្នុងចំណោម 3"), "it says which one: {}", ran.err);
    let shown = device.run(&["--json", "show", "1"]).json();
    assert_eq!(shown["attachments"].as_array().unwrap().len(), 1, "the one before the bad one");
    assert_eq!(device.run(&["attach", "9", "good.jpg"]).code, 9, "no such draft");
}

#[test]
fn attachments_are_numbered_within_the_draft_and_a_failure_says_which_are_in() {
    let device = TestDevice::with_draft();
    device.file("good.jpg", JPEG);
    let first = device.run(&["attach", "1", "good.jpg", "good.jpg"]);
    assert!(first.out.contains("Attachment 1:") && first.out.contains("Attachment 2:"), "{}", first.out);
    let second = device.run(&["attach", "1", "good.jpg", "missing.jpg", "good.jpg"]);
    assert!(second.out.contains("Attachment 3:") && !second.out.contains("Attachment 1:"), "{}", second.out);
    assert!(second.err.contains("File 2 of 3") && second.err.contains("as listed above: 1."), "{}", second.err);
    let none = device.run(&["attach", "1", "missing.jpg"]);
    assert!(none.err.contains("attached nothing"), "{}", none.err);
    let json = device.run(&["--json", "attach", "1", "good.jpg", "missing.jpg"]);
    assert_eq!((json.code, &json.json()["error"]["code"]), (9, &"file_missing".into()));
    assert_eq!(json.json()["attachments"].as_array().unwrap().len(), 1, "a script hears what is attached");
    assert!(device.run(&["show", "1"]).out.contains("Attachment 4:"));
}

#[test]
fn an_attachment_is_deleted_by_its_number_or_its_id_and_the_others_stay() {
    let device = TestDevice::with_draft();
    device.file("a.jpg", JPEG);
    device.file("b.pdf", b"%PDF-1.7 invented");
    device.file("c.txt", b"invented words");
    let attached = device.run(&["--json", "attach", "1", "a.jpg", "b.pdf", "c.txt"]).json();
    let ids: Vec<_> = (0..3).map(|at| attached["attachments"][at]["evidence_id"].as_str().unwrap()).collect();
    let left = || {
        let shown = device.run(&["--json", "show", "1"]).json();
        let attachments = shown["attachments"].as_array().unwrap().clone();
        attachments.iter().map(|one| one["evidence_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let unasked = device.run(&["--json", "detach", "1", "2"]);
    assert_eq!((unasked.code, &unasked.json()["error"]["code"]), (2, &"say_yes".into()));
    assert_eq!(left(), ids, "control: without a yes nothing is deleted");
    let gone = device.run(&["--json", "detach", "1", "2", "--yes"]);
    assert_eq!((gone.code, gone.json()["detached"].as_str()), (0, Some(ids[1])), "{}", gone.err);
    assert_eq!(left(), [ids[0], ids[2]]);
    assert_eq!(device.run(&["detach", "1", ids[1], "--yes"]).code, 9, "it is gone already");
    assert_eq!(device.run(&["detach", "1", ids[2], "--yes"]).code, 0);
    assert_eq!(left(), [ids[0]]);
    for nothing in ["0", "2", "a.jpg", "-1"] {
        assert_ne!(device.run(&["detach", "1", "--yes", nothing]).code, 0, "{nothing}");
    }
    assert_eq!(device.run(&["detach", "9", "1", "--yes"]).code, 9);
}

#[test]
fn a_full_pool_says_which_commands_make_room_and_they_do() {
    let device = TestDevice::with_draft();
    device.file("big", &vec![7; 2 << 20]);
    assert_eq!(device.run(&["attach", "1", "big"]).code, 0);
    let full = device.run(&["attach", "1", "big"]);
    assert_eq!(full.code, 6, "control: no room for a second one");
    for command in ["kapok sync", "kapok detach", "kapok discard"] {
        assert!(full.err.contains(command), "{}", full.err);
    }
    assert_eq!(device.run(&["detach", "1", "1", "--yes"]).code, 0);
    assert_eq!(device.run(&["attach", "1", "big"]).code, 0);
}
