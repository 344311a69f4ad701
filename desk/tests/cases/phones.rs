//! Which phones were invited and which are lost: kept without a passphrase, read with one, and nothing of it in a folder
//! that is seized.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kapok_desk::{Day, Folder, PhoneLabel, PhoneRecord, Phones};
use kapok_wire::{Digest, Hour, Invite};
use serde_json::json;

use super::fixture::{Desk, WORDS, make};
use super::program::{Site, run};
use super::scan::found;

const FIRST: &str = "Test\u{200b}Person·ទូរស័ព្ទ";

fn files(desk: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(desk.join("phones")) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

async fn site() -> Site {
    let site = Site::start().await;
    let folder = make(&site.desk(), &fs::read(site.server.card_path()).unwrap());
    site.register(&folder.fingerprint().unwrap().to_string());
    site.ok("publish").await;
    site
}

/// Runs a line without a passphrase.
async fn bare(site: &Site, line: &str) -> serde_json::Value {
    let (desk, line) = (site.desk(), format!("{line} --json"));
    let output = tokio::task::spawn_blocking(move || run(&desk, &line, None)).await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn hash(answer: &serde_json::Value) -> [u8; 32] {
    Invite::decode(answer["invite"].as_str().unwrap()).unwrap().secret.hash()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_found_by_its_label_written_off_and_forgotten() {
    let site = site().await;
    let desk = site.desk();
    // A desk that never gave a label has no such folder, and its list is empty.
    bare(&site, "invite").await;
    assert!(!desk.join("phones").exists());
    assert_eq!(site.ok("phone list").await, json!({"phones": [], "unopened": [], "locked_keys": 0}));

    let invite = bare(&site, &format!("invite --hours 2 --for {FIRST}")).await;
    let second = {
        let desk = desk.clone();
        // Not as an argument: as a line on standard input.
        let label = "the second one, with spaces".as_bytes();
        let output =
            tokio::task::spawn_blocking(move || run(&desk, "invite --json --for -", Some(label))).await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let listed = site.ok("phone list").await;
    let phones = listed["phones"].as_array().unwrap();
    assert_eq!(phones.len(), 2);
    let mut hashes = [hash(&invite), hash(&second)].map(|hash| Digest(hash).to_string());
    hashes.sort();
    assert_eq!([0, 1].map(|at| phones[at]["invite"].as_str().unwrap().to_owned()), hashes, "in a stable order");
    let labels: BTreeSet<_> = phones.iter().map(|phone| phone["label"].as_str().unwrap()).collect();
    assert_eq!(labels, BTreeSet::from([FIRST, "the second one, with spaces"]));
    let phone = phones.iter().find(|phone| phone["label"] == FIRST).unwrap();
    assert_eq!((&phone["expires"], &phone["written_off"]), (&invite["expires"], &json!(null)));
    let (number, made) = (phone["number"].as_u64().unwrap(), phone["made"].as_str().unwrap());
    assert!(made.len() == 10 && made.starts_with("20"), "{made}");

    // A script has to agree, and then nothing is written yet.
    let lost = format!("phone lost {number}");
    assert_eq!(site.run(&lost).await.status.code(), Some(2));
    assert_eq!(files(&desk).len(), 2);
    assert_eq!(site.run("phone lost 3 --yes").await.status.code(), Some(9));
    assert_eq!(site.run("phone lost 0 --yes").await.status.code(), Some(9));
    let written = site.ok(&format!("{lost} --yes")).await;
    assert_eq!((&written["added"], &written["phone"]["label"]), (&json!(true), &json!(FIRST)));
    assert_eq!(files(&desk).len(), 3);
    // Again is success and writes nothing.
    assert_eq!(site.ok(&format!("{lost} --yes")).await["added"], false);
    assert_eq!(files(&desk).len(), 3);
    let listed = site.ok("phone list").await;
    let off: Vec<_> = listed["phones"].as_array().unwrap().iter().filter(|one| !one["written_off"].is_null()).collect();
    assert_eq!((off.len(), &off[0]["number"]), (1, &json!(number)), "the numbers stay");

    // What an interrupted command left goes with the phone; the other phone stays.
    fs::write(desk.join("phones/.partial-0123456789abcdef"), b"half").unwrap();
    assert_eq!(site.run(&format!("phone forget {number}")).await.status.code(), Some(2));
    let forgotten = site.run(&format!("phone forget {number} --yes --lang en")).await;
    assert_eq!(forgotten.status.code(), Some(0));
    assert!(String::from_utf8(forgotten.stderr).unwrap().contains("Copies and backups of this folder may still hold"));
    assert_eq!(files(&desk).len(), 1);
    let listed = site.ok("phone list").await;
    assert_eq!(listed["phones"].as_array().unwrap().len(), 1);
    assert_eq!(listed["phones"][0]["label"], "the second one, with spaces");
    site.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seized_folder_says_nothing_of_labels_and_which_phone_is_lost() {
    let site = site().await;
    let desk = site.desk();
    let long = "ក".repeat(80);
    let invites =
        [bare(&site, &format!("invite --for {FIRST}")).await, bare(&site, &format!("invite --for {long}")).await];
    site.ok("phone lost 1 --yes").await;
    let mut markers = vec![FIRST.as_bytes().to_vec(), long.as_bytes()[..30].to_vec(), b"kapok_phone".to_vec()];
    for invite in &invites {
        markers.extend([hash(invite).to_vec(), Digest(hash(invite)).to_string().into_bytes()]);
    }
    let records = files(&desk);
    assert_eq!(records.len(), 3);
    assert_eq!(found(&desk, &markers), 0);
    // One length for a short label, a long one and a phone that is lost; names that are random and nothing else.
    for path in &records {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(name.len() == 36 && name.ends_with(".age"), "{name}");
        assert!(name[..32].bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        assert_eq!(fs::metadata(path).unwrap().len(), 8_192);
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777, 0o600);
    }
    assert_eq!(run(&desk, "phone list", Some(b"guess words")).status.code(), Some(3), "nothing without the passphrase");
    assert_eq!(run(&desk, "phone list", None).status.code(), Some(2));
    // Control: the same scan finds a label and a hash that lie there in the clear.
    fs::write(desk.join("phones/planted"), format!("{FIRST} {}", Digest(hash(&invites[1])))).unwrap();
    assert_eq!(found(&desk, &markers), 2);
    site.server.stop().await;
}

/// Adds a record to a desk that has no server.
fn add(folder: &Folder, label: &str, invite: u8, expires: Hour) -> PathBuf {
    let label = PhoneLabel::parse(label).unwrap();
    let record = PhoneRecord { made: Day(20_750), invite: Digest([invite; 32]), expires, label, lost: None };
    Phones::of(folder).add(&record).unwrap()
}

fn said(desk: &Path, line: &str) -> (String, String) {
    let output = run(desk, line, Some(WORDS));
    let [said, notes] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(0), "{line}: {notes}");
    (said, notes)
}

#[test]
fn a_record_that_does_not_open_is_named_and_hides_no_other() {
    let desk = Desk::new();
    let root = desk.folder.root();
    let bad = add(&desk.folder, "damaged", 1, Hour(498_000));
    add(&desk.folder, "whole", 2, Hour(498_000));
    let (_, notes) = said(root, "phone list --lang en");
    assert_eq!(notes, "", "control: nothing is wrong yet");
    let mut bytes = fs::read(&bad).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&bad, bytes).unwrap();
    let elsewhere = Desk::new();
    let stranger = add(&elsewhere.folder, "of another desk", 3, Hour(498_000));
    let phones = root.join("phones");
    fs::copy(&stranger, phones.join("stranger.age")).unwrap();
    fs::write(phones.join("x\u{1b}[2J.txt"), b"a note").unwrap();
    fs::write(phones.join("long"), [0; 9_000]).unwrap();
    fs::create_dir(phones.join("folder")).unwrap();
    assert!(Command::new("mkfifo").arg(phones.join("pipe")).status().unwrap().success());

    let (listed, notes) = said(root, "phone list --lang en");
    assert_eq!(listed, "1. whole  invited 2026-10-24\n");
    assert!(notes.starts_with("Records of phones that cannot be read here: 6. They are kept.\n"), "{notes}");
    let name = bad.file_name().unwrap().to_str().unwrap();
    for line in [
        &format!("  {name}  damaged, or no record of a phone\n"),
        "  stranger.age  sealed; its key is not here\n",
        "  x\u{fffd}[2J.txt  damaged, or no record of a phone\n",
        "  long  damaged, or no record of a phone\n",
        "  folder  cannot be read: look at the disk and at who may read there\n",
        "  pipe  cannot be read: look at the disk and at who may read there\n",
    ] {
        assert!(notes.contains(line), "{line}: {notes}");
    }
    let (json, _) = said(root, "phone list --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["phones"].as_array().unwrap().len(), 1);
    assert!(json["unopened"].as_array().unwrap().contains(&json!({"file": "stranger.age", "why": "no_key"})), "{json}");
    // The one that reads can be written off and forgotten; the others are kept.
    said(root, "phone lost 1 --yes");
    let (_, notes) = said(root, "phone forget 1 --yes --lang en");
    assert!(notes.contains("were not deleted; they may be of this phone too"), "{notes}");
    assert_eq!(files(root).len(), 6);
}

#[test]
fn a_damaged_first_record_costs_no_label_once_the_phone_is_written_off() {
    let desk = Desk::new();
    let first = add(&desk.folder, "whole", 2, Hour(498_000));
    said(desk.folder.root(), "phone lost 1 --yes");
    fs::write(&first, [0; 8_192]).unwrap();
    let (listed, _) = said(desk.folder.root(), "phone list --lang en");
    assert!(listed.starts_with("1. whole  invited 2026-10-24  WRITTEN OFF 20"), "{listed}");
}

#[test]
fn copies_of_a_record_are_one_phone_and_go_with_it_and_a_contradiction_is_shown() {
    let desk = Desk::new();
    let root = desk.folder.root();
    let first = add(&desk.folder, "one", 1, Hour(498_000));
    fs::copy(&first, root.join("phones/restored.age")).unwrap();
    // Sealed by whoever can write here: the same invite under another label. Neither hides the other.
    add(&desk.folder, "another", 1, Hour(498_000));
    let (listed, _) = said(root, "phone list --lang en");
    assert_eq!(listed, "1. another  invited 2026-10-24\n2. one  invited 2026-10-24\n");
    said(root, "phone lost 2 --yes");
    assert_eq!(files(root).len(), 4);
    said(root, "phone forget 2 --yes");
    assert_eq!(said(root, "phone list --lang en").0, "1. another  invited 2026-10-24\n");
    assert_eq!(files(root).len(), 1);
}

#[test]
fn records_from_before_a_change_of_keys_open_with_the_old_key_file() {
    let (desk, before) = (Desk::new(), Desk::new());
    let root = desk.folder.root();
    add(&desk.folder, "new", 1, Hour(498_000));
    let old = add(&before.folder, "old", 2, Hour(498_000));
    fs::copy(old, root.join("phones").join("00000000000000000000000000000000.age")).unwrap();
    assert_eq!(said(root, "phone list --lang en").0.lines().count(), 1, "control");
    let key = before.folder.root().join("keys/identities-2.age");
    fs::copy(key, root.join("keys/identities-7.age")).unwrap();
    assert_eq!(said(root, "phone list --lang en").0, "1. new  invited 2026-10-24\n2. old  invited 2026-10-24\n");
    // Who reads triage only makes invites with labels, and reads none.
    desk.keep_keys("triage");
    add(&desk.folder, "another", 3, Hour(498_000));
    let (listed, notes) = said(root, "phone list --lang en");
    assert!(listed.is_empty() && notes.matches("sealed; its key is not here").count() == 3, "{notes}");
}

#[test]
fn writing_off_says_in_both_languages_what_the_phone_can_and_cannot_do() {
    let desk = Desk::new();
    let root = desk.folder.root();
    // An invite of long ago, and one of years ahead.
    add(&desk.folder, "over", 1, Hour(498_000));
    add(&desk.folder, "{0} open", 2, Hour(900_000));
    let (told, _) = said(root, "phone lost 2 --yes");
    let (khmer, english) = told.split_once("— English —\n").unwrap();
    assert!(khmer.starts_with("— ខ្មែរ —\n") && khmer.lines().count() == english.lines().count() + 1, "{told}");
    let open = "If its invite was not used yet, count it as stolen until it expires, 2072-09-02";
    let common = [
        "Without a passphrase nothing that was written on it can be read",
        "It can still send until the server stops its tokens",
        "No key of the desk has to be changed: phones hold none.",
        "Enrol the new phone with a new invite, never with an old one: `kapok-desk invite --for LABEL`.",
    ];
    for sentence in common.iter().chain([&open]) {
        assert!(english.contains(sentence), "{sentence}: {english}");
    }
    assert!(english.starts_with("  Phone 2, invited 2026-10-24, is written off at this desk since 20"), "{english}");
    assert!(english.lines().next().unwrap().ends_with(": {0} open"), "a label is no place to fill in: {english}");
    let (over, _) = said(root, "phone lost 1 --yes --lang en");
    assert!(over.contains("Its invite has expired") && !over.contains("count it as stolen"), "{over}");
    assert!(common.iter().all(|sentence| over.contains(sentence)) && !over.contains("ខ្មែរ"), "{over}");
    let (json, _) = said(root, "phone lost 1 --yes --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!([&json["text"]["km"], &json["text"]["en"]].map(|text| text.as_array().unwrap().len()), [7, 7]);
}

#[test]
fn an_invite_that_was_not_registered_leaves_no_phone_and_a_bad_label_no_invite() {
    let desk = Desk::new();
    let root = desk.folder.root();
    let code = |line: &str| {
        let output = run(root, &format!("{line} --json"), None);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (json["error"]["code"].as_str().unwrap().to_owned(), output.status.code())
    };
    // Before anything is sent: this server does not answer.
    for label in ["ក".repeat(81), "a\u{202e}b".to_owned(), String::new()] {
        assert_eq!(code(&format!("invite --for {label}")), ("phone_label".to_owned(), Some(2)));
    }
    assert!(!root.join("phones").exists());
    assert_eq!(code(&format!("invite --for {FIRST}")), ("unreachable".to_owned(), Some(5)));
    assert!(
        root.join("phones").is_dir() && files(root).is_empty(),
        "control: the folder was made, the record taken back"
    );
    let lock = desk.folder.lock().unwrap();
    assert_eq!(code(&format!("invite --for {FIRST}")).0, "in_use");
    drop(lock);
}
