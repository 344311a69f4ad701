//! Checking and extracting an attachment takes the memory of a chunk, not of the attachment.

#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::fixture::{Desk, Plan, WORDS, noise};

const SIZE: usize = 64 << 20;
/// Far more than the program without any attachment, far less than the attachment.
const PEAK_KIB: u64 = 40 << 10;

/// Runs a command and gives the most memory that it was seen to hold.
fn peak_kib(desk: &Desk, line: &[&str]) -> u64 {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(WORDS).unwrap();
    drop(writer);
    let mut command = Command::new(env!("CARGO_BIN_EXE_kapok-desk"));
    command.arg("--dir").arg(desk.folder.root()).args(["--passphrase-fd", "0"]).args(line);
    let mut child = command.stdin(reader).stdout(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    peak
}

#[test]
fn a_long_recording_is_checked_and_extracted_in_the_memory_of_a_chunk() {
    let desk = Desk::new();
    let records = Plan::new(1).file(Some("long.wav"), noise(SIZE, 1)).seal(&desk);
    desk.inbox().store(&records).unwrap();
    let code = desk.index().reports[0].code().to_string();
    let out = desk.dir.path().join("out");
    let peaks = [peak_kib(&desk, &["verify"]), peak_kib(&desk, &["show", &code, "--extract", out.to_str().unwrap()])];
    // The control is in the numbers: the attachment alone would be more than the limit.
    assert!(peaks.iter().all(|peak| (1..PEAK_KIB).contains(peak)), "{peaks:?} KiB");
    assert!(PEAK_KIB << 10 < SIZE as u64);
    assert_eq!(std::fs::metadata(out.join("long.wav")).unwrap().len(), SIZE as u64);
}
