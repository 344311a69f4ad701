//! Several passphrases on one device: vaults that know nothing of each other, and one that erases.

use crate::device::{PASSPHRASE, Ran, TestDevice, is_khmer, ran};
use crate::organisation::Organisation;
use crate::passphrases::drawn;
use crate::terminal::{ENTER, Terminal};

pub(crate) const SECOND: &str = "paper boat garden";
const ERASING: &str = "seven green lamps";
const SMALL: [&str; 8] = ["init", "--half-mib", "1", "--pool-mib", "16", "--guess-cost", "least", "--erasing"];

/// A device with two vaults and a passphrase that erases, all given one a line.
pub(crate) fn made() -> TestDevice {
    let device = TestDevice::empty();
    let lines = format!("{PASSPHRASE}\n{SECOND}\n{ERASING}");
    let made = device.run_with(&lines, &[&SMALL[..], &["--more-vaults", "1"]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    device
}

fn all_of(device: &TestDevice, passphrase: &str) -> Vec<(i32, String, String)> {
    let said = |args: &[&str]| {
        let Ran { code, out, err, .. } = device.run_with(passphrase, args);
        (code, out, err)
    };
    [
        &["drafts"][..],
        &["outbox", "--network", "none"],
        &["finished"],
        &["protect"],
        &["search", "name"],
        &["--json", "outbox", "--network", "none"],
        &["--lang", "km", "drafts"],
    ]
    .map(said)
    .into()
}

#[test]
fn the_second_vault_says_what_an_only_vault_says_whatever_the_first_holds() {
    let organisation = Organisation::start();
    let device = made();
    device.file("answers.json", br#"{"person.names": ["Fictional name"]}"#);
    device.file("invite.txt", organisation.invite().0.as_bytes());
    assert_eq!(device.run(&["enrol", "--file", "invite.txt"]).code, 0);
    for _ in 0..2 {
        assert_eq!(device.run(&["report", "--answers", "answers.json"]).code, 0);
    }
    assert_eq!(device.run(&["finish", "1"]).code, 0);
    let alone = TestDevice::new();
    assert_eq!(all_of(&device, SECOND), all_of(&alone, PASSPHRASE));
    assert_ne!(all_of(&device, PASSPHRASE), all_of(&alone, PASSPHRASE), "control: the first one is not empty");
}

#[test]
fn the_passphrase_that_erases_answers_as_an_unlock_and_the_others_open_nothing_then() {
    let device = made();
    device.file("answers.json", br#"{"person.names": ["Fictional name"]}"#);
    for passphrase in [PASSPHRASE, SECOND] {
        assert_eq!(device.run_with(passphrase, &["report", "--answers", "answers.json"]).code, 0);
    }
    let alone = TestDevice::new();
    assert_eq!(all_of(&device, ERASING), all_of(&alone, PASSPHRASE));
    for passphrase in [PASSPHRASE, SECOND] {
        assert_eq!(device.run_with(passphrase, &["drafts"]).code, 3);
    }
}

#[test]
fn what_protects_is_shown_and_set_in_both_languages() {
    let device = TestDevice::new();
    let set = |args: &[&str]| device.run(&[&["--json", "protect"][..], args].concat());
    let first = set(&[]).json();
    assert_eq!((&first["send_while_locked"], &first["erase_after"]), (&true.into(), &0.into()));
    let changed = set(&["--send-while-locked", "no", "--erase-after", "10"]).json();
    assert_eq!((&changed["send_while_locked"], &changed["erase_after"]), (&false.into(), &10.into()));
    assert_eq!(set(&[]).json(), changed, "it stays");
    assert_eq!(set(&["--erase-after", "7"]).code, 2);
    assert_eq!(ran(device.command().arg("protect").output().unwrap()).code, 2, "the passphrase is asked for");
    assert!(device.run(&["protect"]).out.contains("10 wrong passphrases"));
    assert!(is_khmer(&device.run(&["--lang", "km", "protect"]).out));
}

/// Whether a text says that there is more than one vault, or a passphrase that erases.
fn tells_of_several(text: &str) -> bool {
    text.contains("Vault 1.") || text.contains("Vault 2.") || text.contains("erases")
}

#[test]
fn each_drawn_passphrase_is_shown_under_what_it_is_for_and_the_title_does_not_stay() {
    let device = TestDevice::empty();
    let line = [&SMALL[..], &["--more-vaults", "1", "--passphrase-kind", "digits"]].concat().join(" ");
    let mut terminal = Terminal::start(&device, &format!("--home '{}' {line}", device.home().display()));
    let mut made = Vec::new();
    for title in ["Vault 1.", "Vault 2.", "that erases"] {
        terminal.expect(title).expect("The new passphrase:").expect("Do you have it?").expect("Enter");
        let digits = drawn(&terminal);
        // One slip: the page with the title is cleared before each question, and said anew.
        terminal.press(ENTER).expect(title).expect("Type it back:").press("1234 5678").press(ENTER);
        terminal.expect(title).expect("not the passphrase").expect(&digits).expect("Do you have it?").expect("Enter");
        terminal.press(ENTER).expect(title).expect("Type it back:").press(&digits).press(ENTER);
        made.push(digits);
    }
    terminal.expect("The vault is ready.");
    let (shown, stays) = (terminal.shown(), terminal.stays());
    assert!(stays.contains("The vault is ready.") && !tells_of_several(&stays), "{stays}");
    assert!(tells_of_several(&shown), "control: a title on the main screen would be found");
    assert_eq!(terminal.exit_code(), 0);
    for digits in &made[..2] {
        assert_eq!(device.run_with(digits, &["drafts"]).code, 0);
    }
    assert_eq!(device.run_with(&made[2], &["drafts"]).code, 0);
    assert_eq!(device.run_with(&made[0], &["drafts"]).code, 3, "the one under that title erases");
}

#[test]
fn each_passphrase_is_asked_for_by_what_it_is_for() {
    let device = TestDevice::empty();
    let line = [&SMALL[..], &["--more-vaults", "1", "--passphrase-kind", "own"]].concat().join(" ");
    let mut terminal = Terminal::start(&device, &format!("--home '{}' {line}", device.home().display()));
    for (title, passphrase) in [("Vault 1.", PASSPHRASE), ("Vault 2.", SECOND), ("that erases", ERASING)] {
        terminal.expect(title).expect("New passphrase:").press(passphrase).press(ENTER);
        terminal.expect("The same again:").press(passphrase).press(ENTER);
        terminal.expect("Use this passphrase?").expect("Enter").press(ENTER);
    }
    terminal.expect("The vault is ready.");
    assert!(tells_of_several(&terminal.shown()) && !tells_of_several(&terminal.stays()), "{}", terminal.stays());
    assert!(!terminal.stays().contains("Nobody can tell"), "a sentence for each would tell how many there are");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(device.run_with(SECOND, &["drafts"]).code, 0);
    let too_many = [&SMALL[..], &["--more-vaults", "3"]].concat();
    assert_eq!(TestDevice::empty().run(&too_many).code, 2);
    let same = format!("{PASSPHRASE}\n{SECOND}\n{SECOND}");
    assert_eq!(TestDevice::empty().run_with(&same, &[&SMALL[..], &["--more-vaults", "1"]].concat()).code, 3);
}
