//! Real processes that send, and a second one that stops them.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::device::{Ran, TestDevice, is_khmer, ran};
use crate::organisation::{Line, Organisation};

/// More than the grace of what is under way, less than any timeout of the core.
const SOON: Duration = Duration::from_secs(8);

fn locked(device: &TestDevice, args: &[&str]) -> Ran {
    ran(device.command().args(args).output().unwrap())
}

/// A sync that goes on for two minutes, at work by now.
fn waiting_sync(organisation: &Organisation, device: &TestDevice) -> Child {
    let before = organisation.connections();
    let mut command = device.with_passphrase_on_3(&["--json", "sync", "--wait", "120"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let start = Instant::now();
    while organisation.connections() == before {
        assert!(start.elapsed() < SOON, "the sync does not begin");
        sleep(Duration::from_millis(20));
    }
    child
}

fn ends_within(child: &mut Child, limit: Duration) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn a_hold_from_a_second_process_ends_a_sync_over_a_dead_or_a_silent_line() {
    let organisation = Organisation::start();
    for line in [Line::Dead, Line::Silent] {
        let device = organisation.device_with_report();
        organisation.set(line);

        let mut control = waiting_sync(&organisation, &device);
        assert!(!ends_within(&mut control, SOON), "control: without a hold it goes on");
        for command in ["outbox", "status"] {
            let busy = locked(&device, &[command]);
            assert_eq!(busy.code, 10);
            assert!(busy.err.contains("kapok hold"), "it says how to stop it: {}", busy.err);
        }
        control.kill().unwrap();
        control.wait().unwrap();

        let mut sync = waiting_sync(&organisation, &device);
        let held = locked(&device, &["--json", "hold"]);
        assert_eq!((held.code, held.json()["hold"].as_bool()), (0, Some(true)), "{}", held.err);
        assert!(ends_within(&mut sync, SOON), "the sync goes on");
        let sync = ran(sync.wait_with_output().unwrap());
        assert_eq!(sync.code, 4, "{}", sync.err);
        let end = sync.json()["end"].clone();
        assert_eq!((&end["kind"], &end["reasons"][0]["code"]), (&"hold".into(), &"user_hold".into()));
        assert_eq!(device.run(&["--json", "status"]).json()["hold"], true, "and it stays held");

        organisation.set(Line::Through);
        assert_eq!(device.run(&["sync"]).code, 4);
        assert_eq!(locked(&device, &["release"]).code, 0);
        assert_eq!(device.run(&["sync"]).code, 0, "control: released, all of it goes");
    }
}

#[test]
fn a_hold_from_a_second_process_ends_an_enrolment_that_hangs() {
    let organisation = Organisation::start();
    let device = TestDevice::new();
    device.file("invite.txt", organisation.invite().0.as_bytes());
    organisation.set(Line::Silent);
    let mut command = device.with_passphrase_on_3(&["--json", "enrol", "--file", "invite.txt"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut enrol = command.spawn().unwrap();
    assert!(!ends_within(&mut enrol, Duration::from_secs(3)), "control: the server is silent");
    assert_eq!(locked(&device, &["hold"]).code, 0);
    assert!(ends_within(&mut enrol, SOON));
    let enrol = ran(enrol.wait_with_output().unwrap());
    assert_eq!((enrol.code, &enrol.json()["error"]["held"]["reasons"][0]["code"]), (4, &"user_hold".into()));
}

#[test]
fn on_a_mobile_network_it_says_that_the_text_went_and_the_media_wait() {
    let organisation = Organisation::start();
    let device = organisation.device_with_report();
    let nothing = device.run(&["sync", "--network", "none"]);
    assert!(nothing.err.contains("Nothing is sent now"), "control: nothing went: {}", nothing.err);
    let before = device.run(&["status", "--network", "cellular", "--metered", "no"]);
    assert!(before.out.contains("text may be sent now"), "{}", before.out);

    let mobile = ["--json", "sync", "--network", "cellular", "--metered", "no"];
    let sync = device.run(&mobile);
    assert_eq!((sync.code, &sync.json()["sent"]), (4, &1.into()), "{}", sync.err);
    assert_eq!(sync.json()["end"]["kind"], "confirm");
    assert_eq!(sync.json()["end"]["reasons"][0]["code"], "cellular_not_allowed");
    assert!(sync.err.contains("The text has gone"), "{}", sync.err);
    assert!(is_khmer(&device.run(&["--lang", "km", "sync", "--network", "cellular"]).err));
    let metered = device.run(&["sync", "--metered", "yes"]);
    assert!(
        metered.err.contains("The text has gone") && metered.err.contains("wait on this device"),
        "{}",
        metered.err
    );

    let yes = [&mobile[..], &["--confirm", "cellular_not_allowed"]].concat();
    assert_eq!(device.run(&yes).json()["end"]["kind"], "done");
    let old = [&mobile[..], &["--confirm", "CellularNotAllowed"]].concat();
    assert_eq!(device.run(&old).code, 2, "one spelling");
}

#[test]
fn a_sync_that_was_told_to_send_little_says_that_the_rest_waits() {
    let organisation = Organisation::start();
    let device = organisation.device_with_report();
    assert_eq!(device.run(&["sync", "--max-objects", "0"]).code, 2);
    let little = device.run(&["--json", "sync", "--max-objects", "1"]);
    assert_eq!((little.code, &little.json()["end"]["kind"]), (0, &"limit".into()));
    let little = device.run(&["sync", "--max-objects", "1"]);
    assert!(little.out.contains("--max-objects") && !little.out.contains("has everything"), "{}", little.out);
    let rest = device.run(&["--json", "sync"]);
    assert_eq!((rest.code, &rest.json()["end"]["kind"]), (0, &"done".into()), "control: the rest goes");
}

#[test]
fn nothing_to_decide_has_kinds_of_its_own() {
    let organisation = Organisation::start();
    let device = TestDevice::new();
    for command in ["status", "outbox"] {
        assert_eq!(device.run(&["--json", command]).json()["decision"]["kind"], "not_enrolled");
    }
    let device = organisation.device();
    for command in ["status", "outbox"] {
        assert_eq!(device.run(&["--json", command]).json()["decision"]["kind"], "nothing_waits");
    }
    assert_eq!(device.run(&["finish", "1"]).code, 0);
    let waiting = device.run(&["--json", "status", "--network", "none"]).json();
    assert_eq!(waiting["decision"]["kind"], "hold", "control: something waits");
}

#[test]
fn a_vault_set_aside_on_an_enrolled_device_leads_to_the_next_report_not_to_another_enrolment() {
    let organisation = Organisation::start();
    let device = organisation.device();
    std::fs::write(device.home().join("vault.kpk"), "damaged").unwrap();
    let damaged = device.run(&["drafts"]);
    assert!(damaged.err.contains("kapok init --set-aside"), "it says what to do: {}", damaged.err);
    let aside = device.run(&["init", "--set-aside", "--half-mib", "1", "--pool-mib", "16", "--guess-cost", "least"]);
    assert_eq!(aside.code, 0, "{}", aside.err);
    assert!(aside.err.contains("Example Monitors") && aside.err.contains("kapok report"), "{}", aside.err);
    assert!(!aside.err.contains("kapok enrol"), "{}", aside.err);
    let fresh = TestDevice::empty().run(&["init", "--half-mib", "1", "--pool-mib", "16", "--guess-cost", "least"]);
    assert!(fresh.err.contains("kapok enrol"), "control: a new device has to enrol: {}", fresh.err);
}
