//! Exit codes, passphrases, holds, damage.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Stdio};

use kapok_core::wire::bundle::RootHashes;
use kapok_core::wire::tls::Pin;
use kapok_core::wire::{Hour, Invite, InviteSecret};

use crate::device::{NAME, PASSPHRASE, Ran, TestDevice, is_khmer, ran};

#[test]
fn a_wrong_passphrase_is_exit_3_and_says_nothing_about_how_near_it_was() {
    let device = TestDevice::new();
    let far = device.run_with("x", &["drafts"]);
    let near = device.run_with("mango 12 rive", &["drafts"]);
    assert_eq!((far.code, near.code), (3, 3));
    assert_eq!(far.err, near.err);
    let device = TestDevice::new();
    assert!(is_khmer(&device.run_with("x", &["--lang", "km", "drafts"]).err));
    assert_eq!(device.run_with("", &["drafts"]).code, 3);
    assert_eq!(device.run_with(&"x".repeat(5_000), &["drafts"]).code, 2);
    assert_eq!(device.run(&["drafts"]).code, 0, "control: the right one opens it");
}

#[test]
fn a_new_passphrase_has_at_least_eight_characters_as_the_keyboard_means_them() {
    let init = |passphrase: &str| {
        let device = TestDevice::empty();
        let ran = device
            .run_with(passphrase, &["--json", "init", "--half-mib", "1", "--pool-mib", "16", "--guess-cost", "least"]);
        let made = device.home().join("vault.kpk").exists();
        assert_eq!(made, ran.code == 0, "{}", ran.err);
        if made { "made".to_owned() } else { ran.json()["error"]["code"].as_str().unwrap().to_owned() }
    };
    // The second has eight code points as typed and seven letters as meant; a Khmer word counts its signs.
    for short in ["x", "1234567", "cafe\u{301}xyz", "ខ្មែរ"] {
        assert_eq!(init(short), "passphrase_short", "{short}");
    }
    for enough in ["12345678", "ភាសាខ្មែរ"] {
        assert_eq!(init(enough), "made", "control: {enough}");
    }
    let ran = TestDevice::empty().run_with("x", &["--lang", "km", "init", "--guess-cost", "least"]);
    assert!(is_khmer(&ran.err) && ran.err.contains('8'), "{}", ran.err);
}

#[test]
fn after_three_wrong_passphrases_nobody_is_asked_for_a_while() {
    let device = TestDevice::new();
    for _ in 0..3 {
        assert_eq!(device.run(&["drafts"]).code, 0, "control: a right one in between wipes nothing");
        assert_eq!(device.run_with("not that one", &["drafts"]).code, 3);
    }
    let refused = device.run(&["--json", "drafts"]);
    assert_eq!((refused.code, refused.json()["error"]["code"].as_str()), (5, Some("too_many_tries")));
    assert!(refused.err.contains("0:30") || refused.err.contains("0:2"), "{}", refused.err);
    assert_eq!(device.run(&["hold"]).code, 0, "what needs no passphrase goes on");
}

#[test]
fn a_changed_passphrase_opens_the_vault_and_the_former_one_does_not() {
    let device = TestDevice::with_draft();
    let change = |current: &str, new: &str| {
        device.run_with(&format!("{current}\n{new}"), &["--json", "passphrase", "--new-passphrase-fd", "0"])
    };
    assert_eq!(change("not that one", "paper mango window").json()["error"]["code"], "wrong_passphrase");
    assert_eq!(change(PASSPHRASE, PASSPHRASE).json()["error"]["code"], "same_passphrase");
    assert_eq!(change(PASSPHRASE, "short").json()["error"]["code"], "passphrase_short");
    assert_eq!(device.run(&["show", "1"]).code, 0, "control: nothing has changed so far");
    assert_eq!(change(PASSPHRASE, "paper mango window").json()["changed"], true);
    assert!(device.run_with("paper mango window", &["show", "1"]).out.contains(NAME));
    assert_eq!(device.run(&["show", "1"]).code, 3);
    // A wrong one, a choice, and a wrong one again: the next has to wait.
    assert_eq!(
        device.run_with("paper mango window", &["--json", "show", "1"]).json()["error"]["code"],
        "too_many_tries"
    );
}

#[test]
fn a_passphrase_in_the_environment_or_as_an_argument_is_not_taken() {
    let device = TestDevice::new();
    let mut command = device.command();
    for name in ["KAPOK_PASSPHRASE", "PASSPHRASE", "KAPOK_PASSPHRASE_FD", "KAPOK_PASSWORD"] {
        command.env(name, PASSPHRASE);
    }
    assert_eq!(
        ran(command.arg("drafts").output().unwrap()).code,
        2,
        "no terminal, no descriptor: nothing to read from"
    );
    for option in ["--passphrase", "--password", "-p"] {
        assert_eq!(ran(device.command().args([option, PASSPHRASE, "drafts"]).output().unwrap()).code, 2);
    }
    let closed = device.command().args(["--passphrase-fd", "77", "drafts"]).output().unwrap();
    assert_eq!(ran(closed).code, 2);
    assert_eq!(device.run(&["drafts"]).code, 0, "control: from a descriptor the same passphrase opens the vault");
}

/// Runs the program as somebody who is not the superuser, whom no rights stop.
fn run_as_nobody(device: &TestDevice, args: &[&str]) -> Ran {
    let program = device.file("kapok", &fs::read(env!("CARGO_BIN_EXE_kapok")).unwrap());
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let passphrase = device.file("passphrase.txt", PASSPHRASE.as_bytes());
    let superuser = fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = if superuser {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    command.arg("--home").arg(device.home()).args(["--passphrase-fd", "0"]).args(args);
    ran(command.stdin(fs::File::open(passphrase).unwrap()).output().unwrap())
}

#[test]
fn a_folder_that_may_not_be_written_is_told_and_not_changed() {
    let device = TestDevice::with_draft();
    let home = device.home();
    let entries = || -> Vec<_> {
        let mut entries: Vec<_> = fs::read_dir(&home).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    };
    let files = || -> Vec<_> { entries().into_iter().filter(|path| path.is_file()).collect() };
    let before: Vec<_> = files().iter().map(|path| fs::read(path).unwrap()).collect();
    let rights = |file: u32, folder: u32| {
        files().iter().for_each(|path| fs::set_permissions(path, Permissions::from_mode(file)).unwrap());
        let folders = entries().into_iter().filter(|path| path.is_dir()).chain([home.clone(), home.join("..")]);
        folders.for_each(|path| fs::set_permissions(path, Permissions::from_mode(folder)).unwrap());
    };
    rights(0o444, 0o555);
    // The test itself puts the program beside it.
    fs::set_permissions(home.join(".."), Permissions::from_mode(0o777)).unwrap();
    for args in [&["drafts"][..], &["show", "1"], &["hold"], &["init", "--guess-cost", "least"]] {
        let denied = run_as_nobody(&device, &[&["--json"], args].concat());
        let code = denied.json()["error"]["code"].clone();
        assert!(code == "folder_denied" || code == "already_exists", "{args:?} {}", denied.out);
        assert_ne!(denied.code, 0);
    }
    rights(0o600, 0o700);
    let after: Vec<_> = files().iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(before == after);
    assert_eq!(device.run(&["show", "1"]).code, 0, "control: with its rights it opens");
}

#[test]
fn a_hold_survives_and_works_without_the_passphrase() {
    let device = TestDevice::new();
    let locked = |args: &[&str]| ran(device.command().args(args).output().unwrap());
    assert_eq!(device.run(&["--json", "status"]).json()["hold"], false);
    assert_eq!(locked(&["hold"]).code, 0);
    assert_eq!(device.run(&["--json", "status"]).json()["hold"], true);
    assert!(device.run(&["status"]).out.contains("On hold"));
    assert!(is_khmer(&device.run(&["--lang", "km", "status"]).out));
    assert_eq!(locked(&["release"]).code, 0);
    assert_eq!(device.run(&["--json", "status"]).json()["hold"], false);
    let outbox = device.run(&["--json", "outbox"]).json();
    assert_eq!(outbox["reports"].as_array().unwrap().len(), 0);
    let sync = device.run(&["--json", "sync"]);
    assert_eq!((sync.code, sync.json()["error"]["code"].as_str()), (9, Some("not_enrolled")));
}

#[test]
fn enrolling_obeys_hold_and_network_and_names_every_reason() {
    let device = TestDevice::new();
    let locked = |args: &[&str]| ran(device.command().args(args).output().unwrap());
    device.file("invite.txt", invite().as_bytes());
    assert_eq!(locked(&["hold"]).code, 0);
    let held = device.run(&["--json", "enrol", "--file", "invite.txt", "--network", "none"]);
    assert_eq!(held.code, 4, "{}", held.err);
    let reasons = held.json()["error"]["held"]["reasons"].clone();
    let codes: Vec<_> = reasons.as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["user_hold", "no_network"]);
    assert!(!held.err.contains("user_hold"), "words, not codes: {}", held.err);
    let unknown = locked(&["sync", "--confirm", "Whatever"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("metered"), "the codes that exist are named: {}", unknown.err);
    assert_eq!(locked(&["release", "--forget-network"]).code, 0);
    // Nobody listens at the address of this invite.
    let dead = device.run(&["--lang", "km", "enrol", "--file", "invite.txt"]);
    assert_eq!(dead.code, 5, "{}", dead.err);
    assert!(is_khmer(&dead.err));
}

/// An invite of nobody, to a port of this machine where nobody listens.
fn invite() -> String {
    let invite = Invite {
        roots: RootHashes([[1; 32], [2; 32], [3; 32]]),
        pin: Pin([4; 32]),
        secret: InviteSecret::from_bytes([5; 32]),
        expires: Hour(1_000_000),
        address: "127.0.0.1:1".to_owned(),
    };
    invite.encode().unwrap()
}

#[test]
fn what_is_not_there_or_damaged_has_its_own_exit_code_and_is_never_overwritten() {
    let device = TestDevice::empty();
    for command in ["drafts", "status", "outbox", "hold", "sync"] {
        assert_eq!(device.run(&[command]).code, 9, "{command}");
    }
    let device = TestDevice::with_draft();
    assert_eq!(device.run(&["init"]).code, 1, "a vault is never overwritten");
    let vault = device.home().join("vault.kpk");
    let whole = fs::read(&vault).unwrap();
    // The last page is a copy of the first, and can be made again.
    fs::write(&vault, &whole[..whole.len() - 4_097]).unwrap();
    let short = device.run(&["--json", "drafts"]);
    assert_eq!((short.code, short.json()["error"]["code"].as_str()), (7, Some("wrong_length")));
    fs::write(&vault, vec![0; whole.len()]).unwrap();
    assert_eq!(device.run(&["drafts"]).code, 7);
    assert_eq!(device.run_with("", &["init", "--set-aside", "--guess-cost", "least"]).code, 3);
    assert_eq!(device.run(&["init", "--set-aside", "--device-key", "none", "--guess-cost", "least"]).code, 2);
    assert_eq!(fs::read(&vault).unwrap().len(), whole.len(), "a refused init moved the vault");
    let aside =
        device.run(&["--json", "init", "--set-aside", "--half-mib", "1", "--pool-mib", "16", "--guess-cost", "least"]);
    assert_eq!(aside.code, 0, "{}", aside.err);
    let kept = aside.json()["set_aside"].as_str().unwrap().to_owned();
    assert_eq!(fs::read(device.home().join(kept)).unwrap().len(), whole.len(), "the damaged file is kept");
    assert_eq!(device.run(&["drafts"]).code, 0);
    fs::remove_dir_all(device.home().join("device-key")).unwrap();
    assert_eq!(device.run(&["drafts"]).code, 7, "another device's folder");
}

#[test]
fn help_is_in_words_and_wrong_use_is_exit_2() {
    let device = TestDevice::empty();
    let help = |args: &[&str]| ran(device.command().args(args).output().unwrap());
    assert!(help(&["--help"]).out.contains("Exit codes"));
    assert!(is_khmer(&help(&["--lang", "km", "sync", "--help"]).out));
    assert!(is_khmer(&ran(device.command().env("LANG", "km_KH.UTF-8").arg("--help").output().unwrap()).out));
    assert_eq!(help(&["fly"]).code, 2);
    assert_eq!(help(&["attach", "one", "x"]).code, 2);
    assert_eq!(device.run(&["init", "--half-mib", "4000000000"]).code, 2);
    assert_eq!(device.run(&["init", "--half-mib", "0"]).code, 2);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let device = TestDevice::new();
    let mut status = device.with_passphrase_on_3(&["status"]);
    let mut child = status.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = ran(child.wait_with_output().unwrap());
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
}
