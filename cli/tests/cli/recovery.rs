//! Shares on a real pseudo-terminal: shown one after the other, typed by those who hold them.

use crate::device::{NAME, PASSPHRASE, TestDevice};
use crate::passphrases::drawn;
use crate::terminal::{CLOSE_PAGE, DOWN, ENTER, ESC, Terminal};

/// The rows on the pages so far, five words each.
fn rows(terminal: &Terminal) -> Vec<String> {
    let shown = terminal.shown();
    let of_row = |line: &str| {
        let (number, words) = line.strip_prefix("    ")?.trim_end().split_once(".  ")?;
        (number.parse::<u8>().is_ok() && words.split(' ').count() == 5).then(|| words.to_owned())
    };
    shown.lines().filter_map(of_row).collect()
}

/// Makes shares on a terminal and gives all of their rows.
fn made(device: &TestDevice) -> Vec<String> {
    let mut terminal = Terminal::unlocked(device, "recovery make --people 3 --needed 2");
    terminal.expect("Make shares?").press(DOWN).press(ENTER);
    for _ in 0..3 {
        terminal.expect("Is it on paper?").expect("Enter").press(ENTER);
    }
    terminal.expect("The shares are made.");
    rows(&terminal)
}

/// Types all rows of share `number` where the program asks for paper `paper`.
fn type_paper(terminal: &mut Terminal, paper: usize, rows: &[String], number: usize) {
    for (row, words) in (1..).zip(&rows[(number - 1) * 8..number * 8]) {
        terminal.expect(&format!("Paper {paper}, row {row}:")).press(words).press(ENTER);
    }
}

#[test]
fn a_share_that_does_not_fit_is_named_on_the_page_where_the_next_one_is_asked_for() {
    let device = TestDevice::with_draft();
    let (former, papers) = (made(&device), made(&device));
    let home = device.home();
    let mut terminal = Terminal::start(&device, &format!("--home '{}' recovery use", home.display()));
    type_paper(&mut terminal, 1, &papers, 3);
    type_paper(&mut terminal, 2, &papers, 3);
    terminal.expect("Share 3 was given already").expect("Paper 2, row 1:");
    assert!(terminal.on_page().contains("Share 3 was given already"), "the question does not cover it");
    // A row as it stands on the paper, with its number.
    terminal.press(&format!("1.  {}", former[0])).press(ENTER);
    for row in 2..=8 {
        let number = if row % 2 == 0 { format!("{row}. ") } else { format!("{row}.") };
        let typed = format!("{number}{}", former[row - 1]);
        terminal.expect(&format!("Paper 2, row {row}:")).press(&typed).press(ENTER);
    }
    terminal.expect("Share 1 was not made together").expect("Paper 2, row 1:");
    let page = terminal.on_page();
    assert!(page.contains("Share 1 was not made together") && !page.contains("Share 3 was given"), "{page}");
    terminal.press("1. too few words").press(ENTER).expect("A row has five words").press(ESC).expect("Stopped.");
    let (shown, stays) = (terminal.shown(), terminal.stays());
    assert!(!stays.contains("Share ") && stays.contains("Stopped."), "{stays}");
    assert!(papers.iter().chain(&former).all(|row| !stays.contains(row)) && shown.contains(&former[0]));
    assert_eq!(terminal.exit_code(), 130);
}

#[test]
fn two_of_three_papers_open_the_vault_and_a_wrong_row_alone_is_typed_again() {
    let device = TestDevice::with_draft();
    let state = |passphrase: &str| device.run_with(passphrase, &["recovery", "state"]).out;
    assert!(state(PASSPHRASE).contains("Nobody has shares"), "off until somebody makes them");

    let mut terminal = Terminal::unlocked(&device, "recovery make --people 3 --needed 2");
    terminal.expect("without your passphrase").expect("Make shares?").press(DOWN).press(ENTER);
    for number in 1..=3 {
        terminal.expect(&format!("Share {number} of 3")).expect("Is it on paper?").expect("Enter").press(ENTER);
    }
    terminal.expect("The shares are made.");
    let papers = rows(&terminal);
    assert_eq!(papers.len(), 24, "three shares of eight rows");
    let shown = terminal.shown();
    let after = shown.rsplit_once(CLOSE_PAGE).unwrap().1;
    assert!(papers.iter().all(|row| !after.contains(row)), "none stays on the screen");
    assert_eq!(terminal.exit_code(), 0);
    assert!(state(PASSPHRASE).contains("any 2 of them"));

    let home = device.home();
    let mut terminal = Terminal::start(&device, &format!("--home '{}' recovery use", home.display()));
    for (paper, number) in [(1, 3), (2, 1)] {
        for row in 1..=8 {
            let words = &papers[(number - 1) * 8 + row - 1];
            terminal.expect(&format!("Paper {paper}, row {row}:"));
            // One slip: a row of the other paper.
            let typed = if (paper, row) == (1, 4) { &papers[3] } else { words };
            terminal.press(typed).press(ENTER);
        }
        if paper == 1 {
            terminal.expect("Row 4 is not as on the paper").expect("row 4:").press(&papers[19]).press(ENTER);
        }
    }
    terminal.expect("The new passphrase:").expect("Enter");
    let shown = terminal.shown();
    let words = shown.lines().filter_map(|line| line.strip_prefix("    ")).next_back().unwrap().trim().to_owned();
    terminal.press(ENTER).expect("Type it back:").press(&words).press(ENTER).expect("has the new passphrase");
    assert_eq!(terminal.exit_code(), 0);
    assert!(device.run_with(&words, &["show", "1"]).out.contains(NAME));
    assert_eq!(device.run(&["show", "1"]).code, 3, "the former one opens nothing");
    assert!(state(&words).contains("void"));
}

#[test]
fn a_stop_before_the_last_share_says_what_those_that_were_shown_are_good_for() {
    let device = TestDevice::with_draft();
    for (shown, said) in [(1, "1 of 3. It takes 2 to open"), (2, "2 of 3 were shown. Any 2 of those open")] {
        let mut terminal = Terminal::unlocked(&device, "recovery make --people 3 --needed 2");
        terminal.expect("Make shares?").press(DOWN).press(ENTER);
        for number in 1..=shown {
            terminal.expect(&format!("Share {number} of 3")).expect("Is it on paper?").expect("Enter");
            terminal.press(if number == shown { ESC } else { ENTER });
        }
        terminal.expect(said).expect("kapok recovery make").expect("Stopped.");
        assert_eq!(terminal.stays().contains("are of no use"), shown < 2, "{}", terminal.stays());
        let papers = rows(&terminal);
        assert_eq!(papers.len(), shown * 8);
        assert_eq!(terminal.exit_code(), 130);
        let state = device.run(&["recovery", "state"]).out;
        assert!(state.contains("were made for 3 people") && !state.contains("people have"), "{state}");
        if shown == 2 {
            let home = device.home();
            let mut terminal = Terminal::start(&device, &format!("--home '{}' recovery use", home.display()));
            type_paper(&mut terminal, 1, &papers, 1);
            type_paper(&mut terminal, 2, &papers, 2);
            terminal.expect("The new passphrase:").expect("Enter");
            let words = drawn(&terminal);
            terminal.press(ENTER).expect("Type it back:").press(&words).press(ENTER).expect("has the new passphrase");
        }
    }
}

#[test]
fn more_needed_than_there_are_people_is_refused_before_anything_is_asked() {
    let device = TestDevice::with_draft();
    let start = |numbers: &str| {
        let home = device.home();
        Terminal::start(&device, &format!("--home '{}' recovery make {numbers}", home.display()))
    };
    let mut terminal = start("--people 2 --needed 3");
    terminal.expect("no more needed than there are people");
    assert!(!terminal.shown().contains("without your passphrase"), "{}", terminal.shown());
    assert_eq!(terminal.exit_code(), 2);
    let mut terminal = start("--people 3 --needed 3");
    terminal.expect("without your passphrase").expect("Make shares?").press(ESC).expect("Stopped.");
}

#[test]
fn no_share_goes_anywhere_but_to_a_terminal() {
    let device = TestDevice::with_draft();
    let refused = device.run(&["recovery", "make", "--people", "3", "--needed", "2"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""), "{}", refused.err);
    assert_eq!(device.run(&["recovery", "use"]).code, 2);
    assert!(device.run(&["recovery", "state"]).out.contains("Nobody has shares"), "control: nothing was made");
}
