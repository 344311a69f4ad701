//! New passphrases on a real pseudo-terminal: drawn, shown, typed back. And some tries for one that was mistyped.

use std::fs;

use crate::device::{NAME, PASSPHRASE, TestDevice, is_khmer};
use crate::terminal::{CLOSE_PAGE, CTRL_C, ENTER, ESC, Terminal};

fn init(device: &TestDevice, args: &str) -> Terminal {
    let home = device.home();
    let sizes = "--half-mib 1 --pool-mib 4 --guess-cost least";
    Terminal::start(device, &format!("--home '{}' init {sizes} {args}", home.display()))
}

/// The passphrase on the last page: the one line that is indented.
pub(crate) fn drawn(terminal: &Terminal) -> String {
    let shown = terminal.shown();
    let line = shown.lines().filter_map(|line| line.strip_prefix("    ")).next_back().expect("a passphrase is shown");
    line.trim().to_owned()
}

fn made(device: &TestDevice) -> bool {
    device.home().join("vault.kpk").exists()
}

#[test]
fn init_draws_six_words_which_open_the_vault_once_they_were_typed_back() {
    let device = TestDevice::empty();
    let mut terminal = init(&device, "");
    terminal.expect("The new passphrase:").expect("longer than a lifetime").expect("Enter");
    let words = drawn(&terminal);
    assert_eq!(words.split(' ').count(), 6, "{words}");
    assert!(!made(&device), "nothing is made before it was typed back");
    terminal.press(ENTER).expect("Type it back:").press(&words).press(ENTER).expect("The vault is ready.");
    let after = terminal.shown();
    let (page, after) = after.rsplit_once(CLOSE_PAGE).expect("the page is closed");
    assert!(!after.contains(&words), "it does not stay on the screen");
    assert_eq!(page.matches(words.as_str()).count(), 1, "it was shown once, and not while it was typed back");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(device.run_with(&words, &["drafts"]).code, 0);
    assert_eq!(device.run_with(&words.to_uppercase(), &["drafts"]).code, 0, "however it is typed");
    assert_eq!(device.run_with("not that one", &["drafts"]).code, 3, "control");
}

#[test]
fn in_khmer_the_words_are_khmer_and_may_be_typed_without_spaces() {
    let device = TestDevice::empty();
    let mut terminal = init(&device, "--lang km");
    terminal.expect("ឃ្លាសម្ងាត់ថ្មី").expect("Enter");
    let words = drawn(&terminal);
    assert!(is_khmer(&words) && words.split(' ').count() == 8, "{words}");
    assert!(terminal.shown().contains("មិនទាន់មានអ្នកចេះភាសាខ្មែរពិនិត្យ"), "nobody claims a review that was not");
    terminal.press(ENTER).expect("សូមវាយវាវិញ").press(&words.replace(' ', "")).press(ENTER);
    terminal.expect("kapok enrol");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(device.run_with(&words.replace(' ', "\u{200b}"), &["drafts"]).code, 0);
}

#[test]
fn what_is_not_typed_back_in_three_tries_makes_nothing() {
    let device = TestDevice::empty();
    let mut terminal = init(&device, "--passphrase-kind digits");
    for attempt in 0..3 {
        if attempt > 0 {
            terminal.expect("not the passphrase");
        }
        terminal.expect("Do you have it?").expect("Enter").press(ENTER);
        terminal.expect("Type it back:").press("1234 5678").press(ENTER);
    }
    terminal.expect("was not typed back");
    assert_eq!(drawn(&terminal).len(), 24, "twenty digits in five groups");
    assert_eq!(terminal.exit_code(), 3);
    assert!(!made(&device));

    for key in [ESC, CTRL_C] {
        let mut terminal = init(&device, "");
        terminal.expect("Do you have it?").expect("Enter").press(key).expect("Stopped");
        assert_eq!(terminal.exit_code(), 130);
        assert!(!made(&device));
    }
}

#[test]
fn a_passphrase_of_ones_own_is_typed_twice_and_judged() {
    let device = TestDevice::empty();
    let mut terminal = init(&device, "--passphrase-kind own");
    terminal.expect("New passphrase:").expect("8").press("abcdefghij").press(ENTER);
    terminal.expect("The same again:").press("abcdefghij").press(ENTER).expect("weak").expect("The vault is ready.");
    assert_eq!(terminal.exit_code(), 0);

    let judged = |passphrase: &str, args: &[&str]| {
        let sizes = ["init", "--half-mib", "1", "--pool-mib", "4", "--guess-cost", "least"];
        TestDevice::empty().run_with(passphrase, &[&sizes, args].concat())
    };
    assert!(judged("mango 12 river", &[]).err.contains("Nobody can tell"));
    assert!(judged("12345678", &[]).err.contains("weak"));
    let refused = judged(PASSPHRASE, &["--passphrase-kind", "english"]);
    assert_eq!(refused.code, 2, "a descriptor gives one's own: {}", refused.err);
    assert_eq!(judged(PASSPHRASE, &["--passphrase-kind", "own"]).code, 0, "control");
}

#[test]
fn a_change_of_the_passphrase_draws_one_too() {
    let device = TestDevice::with_draft();
    let home = device.home();
    let pass = device.file("pass", format!("{PASSPHRASE}\n").as_bytes());
    let args = format!("--home '{}' passphrase --passphrase-kind digits", home.display());
    let mut terminal = Terminal::start(&device, &args);
    terminal.expect("Passphrase:").press(PASSPHRASE).press(ENTER).expect("The new passphrase:").expect("Enter");
    let digits = drawn(&terminal);
    terminal.press(ENTER).expect("Type it back:").press(&digits.replace(' ', "")).press(ENTER).expect("is changed");
    assert_eq!(terminal.exit_code(), 0);
    fs::remove_file(pass).unwrap();
    assert!(device.run_with(&digits, &["show", "1"]).out.contains(NAME));
    assert_eq!(device.run(&["show", "1"]).code, 3, "the former one opens nothing");
}

#[test]
fn a_mistyped_passphrase_is_asked_for_again_twice() {
    let device = TestDevice::with_draft();
    let home = device.home();
    let drafts = || Terminal::start(&device, &format!("--home '{}' drafts", home.display()));
    let mut terminal = drafts();
    // Enter alone is refused at the prompt, and is no try.
    terminal.expect("Passphrase:").press(ENTER).expect("is empty").press("mango 12 rivet").press(ENTER);
    terminal.expect("does not open").expect("Passphrase:").press(PASSPHRASE).press(ENTER).expect("1  ");
    assert_eq!(terminal.exit_code(), 0);

    let mut terminal = drafts();
    for _ in 0..2 {
        terminal.expect("Passphrase:").press("mango 12 rivet").press(ENTER).expect("does not open");
    }
    // The one from before was the first of three free ones: the core's wait is not got round.
    terminal.expect("Too many wrong passphrases");
    assert_eq!(terminal.exit_code(), 5);
}
