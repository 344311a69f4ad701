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
    assert!(ran.err.contains('2'), "it says which one: {}", ran.err);
    let shown = device.run(&["--json", "show", "1"]).json();
    assert_eq!(shown["attachments"].as_array().unwrap().len(), 1, "the one before the bad one");
    assert_eq!(device.run(&["attach", "9", "good.jpg"]).code, 9, "no such draft");
}
