//! Without a passphrase nothing is told of any vault: what another one has waiting must not show beside the one that was opened.

use crate::device::{PASSPHRASE, TestDevice, is_khmer, ran};
use crate::organisation::{Line, Organisation};
use crate::vaults::{SECOND, made};

/// Every command in the program's own list, as whoever holds the device can run it.
fn lines(device: &TestDevice) -> Vec<Vec<&'static str>> {
    let help = ran(device.command().arg("--help").output().unwrap()).out;
    let listed = help.split_once("Commands:").unwrap().1.split_once("Options:").unwrap().0;
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let names: Vec<&str> = names.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 15, "the list is found: {help}");
    names.iter().flat_map(|name| of(name)).map(|line| line.split(' ').collect()).collect()
}

fn of(name: &str) -> &'static [&'static str] {
    match name {
        "init" => &["init --guess-cost least", "init --set-aside --guess-cost least"],
        "passphrase" => &["passphrase"],
        "protect" => &["protect", "protect --send-while-locked no"],
        "recovery" => &["recovery state", "recovery make --people 3 --needed 2", "recovery use"],
        "enrol" => &["enrol --file invite.txt"],
        "report" => &["report", "report --answers answers.json"],
        "attach" => &["attach 1 answers.json"],
        "detach" => &["detach 1 1 --yes"],
        "drafts" => &["drafts"],
        "show" => &["show 1"],
        "search" => &["search name"],
        "note" => &["note 1 words"],
        "undo" => &["undo 1 --yes"],
        "finish" => &["finish 1"],
        "finished" => &["finished", "finished --forget-all --yes"],
        "discard" => &["discard 1 --yes"],
        "move" => &["move", "move receive", "move import answers.json", "move end 12345678", "move cancel --yes"],
        "pool" => &["pool", "pool --grow-to-mib 32 --yes"],
        "outbox" => &["outbox", "outbox --renew"],
        "hold" => &["hold", "sync --locked"],
        "release" => &["release --forget-network", "release"],
        "sync" => &[
            "sync",
            "sync --locked",
            "sync --locked --max-objects 1",
            "sync --locked --network none",
            "sync --locked --network cellular",
            "sync --locked --confirm cellular_not_allowed",
        ],
        "status" => &["status", "status --network none"],
        "help" => &["help"],
        other => panic!("say how `{other}` is run without a passphrase"),
    }
}

/// What all of them say and how they end.
fn told(device: &TestDevice) -> Vec<(Vec<&'static str>, i32, String, String)> {
    let mut told = Vec::new();
    for line in lines(device) {
        for way in [&["--lang", "en"][..], &["--lang", "km"], &["--json"]] {
            let said = ran(device.command().args(way).args(&line).output().unwrap());
            told.push((line.clone(), said.code, said.out, said.err));
        }
    }
    told
}

fn two_vaults(organisation: &Organisation) -> TestDevice {
    let device = made();
    device.file("answers.json", br#"{"person.names": ["Fictional name"]}"#);
    device.file("invite.txt", organisation.invite().0.as_bytes());
    device
}

fn status(device: &TestDevice, passphrase: &str) -> String {
    let status = device.run_with(passphrase, &["status", "--network", "none"]);
    assert_eq!(status.code, 0, "{}", status.err);
    status.out
}

#[test]
fn without_a_passphrase_nothing_differs_whatever_a_vault_has_waiting() {
    let organisation = Organisation::start();
    let (waits, empty) = (two_vaults(&organisation), two_vaults(&organisation));
    assert_eq!(waits.run(&["enrol", "--file", "invite.txt"]).code, 0);
    assert_eq!(waits.run(&["report", "--answers", "answers.json"]).code, 0);
    assert_eq!(waits.run(&["finish", "1"]).code, 0);
    let nothing = told(&empty);
    assert!(nothing.iter().all(|(_, _, out, err)| !out.contains("Example") && !err.contains("Example")));

    // The line is dead, then it holds; each time all of it is tried.
    organisation.set(Line::Dead);
    let before = organisation.connections();
    assert_eq!(told(&waits), nothing);
    assert!(organisation.connections() > before, "control: `sync --locked` tried");
    assert!(status(&waits, PASSPHRASE).contains("still on this device: 1"), "control: and it waits still");
    assert_ne!(status(&waits, PASSPHRASE), status(&empty, PASSPHRASE), "control: with the passphrase it shows");
    organisation.set(Line::Through);
    assert_eq!(told(&waits), nothing);
    assert!(status(&waits, PASSPHRASE).contains("still on this device: 0"), "control: `sync --locked` sent it");
    assert_eq!(told(&waits), nothing, "and it was sent");
    assert_eq!(status(&waits, SECOND), status(&empty, SECOND), "nor beside the second vault");
}

#[test]
fn a_scheduler_hears_one_sentence_and_of_errors_only_what_is_no_vaults() {
    let organisation = Organisation::start();
    let device = organisation.device_with_report();
    let locked = |args: &[&str]| ran(device.command().args(args).output().unwrap());
    let sentence = locked(&["sync", "--locked", "--network", "none"]);
    assert_eq!((sentence.code, sentence.err.as_str()), (0, ""));
    assert_eq!(sentence.out.lines().count(), 1, "{}", sentence.out);
    assert!(is_khmer(&locked(&["--lang", "km", "sync", "--locked", "--network", "none"]).out));
    let json = locked(&["--json", "sync", "--locked", "--max-objects", "1"]).json();
    assert_eq!(json, serde_json::json!({"done": true}));
    assert_eq!(device.run(&["--json", "outbox"]).json()["reports"][0]["receipted"], 1, "control: one part went");
    assert_eq!(locked(&["sync", "--locked", "--wait", "5"]).code, 2, "its length would tell");
    assert_eq!(locked(&["sync", "--locked", "--confirm", "Whatever"]).code, 2);
    assert_eq!(TestDevice::empty().run(&["sync", "--locked"]).code, 9);
    assert_eq!(locked(&["sync"]).code, 2, "without it the passphrase is asked for");
}

#[test]
fn what_was_taken_back_from_the_sender_does_not_leave_while_locked() {
    let organisation = Organisation::start();
    let device = organisation.device_with_report();
    assert_eq!(device.run(&["protect", "--send-while-locked", "no"]).code, 0);
    let before = organisation.connections();
    assert_eq!(device.run(&["sync", "--locked"]).code, 0);
    assert_eq!(organisation.connections(), before);
    assert_eq!(device.run(&["sync"]).code, 0);
    assert!(organisation.connections() > before, "control: with the passphrase it goes");
}
