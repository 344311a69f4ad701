//! The room for attachments: told, full, and made longer only by somebody who was told what that shows.

use std::fs;

use crate::device::{TestDevice, is_khmer, ran};
use crate::terminal::{DOWN, ENTER, Terminal};

const MIB: u64 = 1 << 20;
const LONGER: [&str; 4] = ["pool", "--grow-to-mib", "32", "--yes"];

fn len(device: &TestDevice) -> u64 {
    fs::metadata(device.home().join("pool.kpk")).unwrap().len()
}

#[test]
fn a_full_pool_names_the_ways_out_and_a_longer_one_takes_what_did_not_fit() {
    let device = TestDevice::with_draft();
    let told = device.run(&["--json", "pool"]).json();
    assert_eq!(told, serde_json::json!({"whole": 16 * MIB, "own": 4 * MIB, "free": 4 * MIB}));
    device.file("large.bin", &vec![7; 5 << 20]);
    let full = device.run(&["attach", "1", "large.bin"]);
    assert_eq!(full.code, 6, "control: it does not fit");
    for way in ["Finish", "kapok sync", "kapok discard", "kapok pool --grow-to-mib"] {
        assert!(full.err.contains(way), "{way}: {}", full.err);
    }
    let full = device.run(&["--lang", "km", "attach", "1", "large.bin"]);
    assert!(is_khmer(&full.err) && full.err.contains("kapok pool --grow-to-mib"), "{}", full.err);

    let grown = device.run(&[&["--json"][..], &LONGER].concat());
    assert_eq!(grown.json(), serde_json::json!({"whole": 32 * MIB, "own": 8 * MIB, "free": 8 * MIB}));
    assert!(grown.err.contains("some vault once needed more"), "also a script is told: {}", grown.err);
    assert_eq!(device.run(&["attach", "1", "large.bin"]).code, 0);
    let told = device.run(&["pool"]).out;
    assert!(told.contains("32.0 MiB") && told.contains("8.0 MiB") && told.contains("Free: 2."), "{told}");
    assert!(is_khmer(&device.run(&["--lang", "km", "pool"]).out));
}

#[test]
fn every_refusal_says_why_in_both_languages_and_changes_nothing() {
    let device = TestDevice::new();
    for (mib, code, words) in [
        ("16", "pool_not_longer", "16.0 MiB"),
        ("8", "pool_not_longer", "never becomes shorter"),
        ("0", "pool_not_longer", "Nothing was changed"),
        ("20.5", "pool_not_whole", "whole MiB"),
        ("large", "pool_not_whole", "whole MiB"),
        ("257", "pool_too_long", "four times"),
    ] {
        let grow = ["pool", "--yes", "--grow-to-mib", mib];
        let refused = device.run(&[&["--json"][..], &grow].concat());
        assert_eq!((refused.code, refused.json()["error"]["code"].as_str()), (2, Some(code)), "{mib}");
        assert!(refused.err.contains(words), "{mib}: {}", refused.err);
        assert!(is_khmer(&device.run(&[&["--lang", "km"][..], &grow].concat()).err), "{mib}");
    }
    assert_eq!(device.run(&["pool", "--grow-to-mib", "32"]).code, 2, "nobody is there to say yes");
    assert_eq!(device.run_with("not that one", &LONGER).code, 3);
    assert_eq!(ran(device.command().args(LONGER).output().unwrap()).code, 2, "the passphrase is asked for");
    assert_eq!(len(&device), 16 * MIB);
    assert_eq!((device.run(&LONGER).code, len(&device)), (0, 32 * MIB), "control");
}

#[test]
fn a_person_is_told_what_it_shows_and_no_stands_first() {
    let device = TestDevice::new();
    let mut terminal = Terminal::unlocked(&device, "--lang en pool --grow-to-mib 32");
    terminal.expect("some vault once needed more than its quarter").expect("cannot be undone").expect("says less");
    terminal.expect("longer all the same?").expect("Enter").press(ENTER).expect("Nothing was changed");
    assert_eq!((terminal.exit_code(), len(&device)), (0, 16 * MIB));
    let mut terminal = Terminal::unlocked(&device, "--lang km pool --grow-to-mib 32");
    terminal.expect("មិនអាចត្រឡប់វិញបានទេ").expect("Enter").press(DOWN).press(ENTER).expect("32.0 MiB");
    assert_eq!((terminal.exit_code(), len(&device)), (0, 32 * MIB), "control: a yes makes it longer");
}

#[test]
fn its_help_says_that_it_stays_visible() {
    let device = TestDevice::empty();
    let help = |lang: &str| ran(device.command().args(["--lang", lang, "pool", "--help"]).output().unwrap()).out;
    assert!(help("en").contains("It stays visible for ever that this was done"), "{}", help("en"));
    assert!(is_khmer(&help("km")) && help("km").contains("MiB"));
}
