//! The questions on a real pseudo-terminal.

use crate::device::{PASSPHRASE, TestDevice};
use crate::terminal::{CTRL_C, DOWN, ENTER, Terminal};

#[test]
fn ctrl_c_loses_no_answer_and_says_which_draft_holds_them() {
    let device = TestDevice::new();
    device.file("pass", format!("{PASSPHRASE}\n").as_bytes());
    let home = device.home();
    let (home, pass) = (home.display(), home.parent().unwrap().join("pass"));
    let mut terminal =
        Terminal::start(&device, &format!("--home '{home}' --lang km report --passphrase-fd 3 3<'{}'", pass.display()));
    terminal.expect("1/8").expect("ឈ្មោះ").expect("Enter").press("សាកល្បង មេសា").press(ENTER);
    // The next question is asked only after the answer before it is durable.
    terminal.expect("ភេទ").expect("ស្រី").expect("Enter");
    let busy = device.run(&["--json", "status"]);
    assert_eq!((busy.code, busy.json()["error"]["code"].as_str()), (10, Some("in_use")));
    terminal.press(DOWN).press(ENTER);
    terminal.expect("អាយុ").expect("Enter").press(CTRL_C);
    terminal.expect("លេខ 1").expect("report --draft 1");
    assert_eq!(terminal.exit_code(), 130);

    let answers = device.run(&["--json", "show", "1"]).json()["answers"]["fields"].clone();
    assert_eq!(answers["person.names"]["v"][0]["text"], "សាកល្បង មេសា");
    assert_eq!(answers["person.sex"]["v"], "female");
    assert_eq!(answers.as_object().unwrap().len(), 2, "nothing was made up: {answers}");
}

#[test]
fn enter_alone_skips_every_question_and_records_nothing() {
    let device = TestDevice::new();
    device.file("pass", format!("{PASSPHRASE}\n").as_bytes());
    let home = device.home();
    let (home, pass) = (home.display(), home.parent().unwrap().join("pass"));
    let mut terminal =
        Terminal::start(&device, &format!("--home '{home}' report --passphrase-fd 3 3<'{}'", pass.display()));
    let mut enters = 0;
    while !terminal.shown().contains("Saved as draft") {
        terminal.press(ENTER);
        std::thread::sleep(std::time::Duration::from_millis(150));
        enters += 1;
        assert!(enters < 100, "{:?}", terminal.shown());
    }
    for number in 1..=8 {
        assert!(terminal.shown().contains(&format!("{number}/8")), "question {number} was asked");
    }
    assert_eq!(terminal.exit_code(), 0);
    let shown = device.run(&["--json", "show", "1"]).json();
    assert_eq!(shown["answers"]["fields"].as_object().unwrap().len(), 0, "{shown}");
}

#[test]
fn a_new_passphrase_is_typed_twice_and_never_shown() {
    let device = TestDevice::empty();
    let home = device.home();
    let args = format!("--home '{}' init --half-mib 1 --pool-mib 4", home.display());
    let mut terminal = Terminal::start(&device, &args);
    terminal.expect("New passphrase:").press("mango 12 river").press(ENTER);
    terminal.expect("The same again:").press("mango 21 river").press(ENTER);
    terminal.expect("not the same").press("mango 12 river").press(ENTER);
    terminal.expect("The same again:").press("mango 12 river").press(ENTER);
    terminal.expect("vault is ready");
    let shown = terminal.shown();
    assert!(!shown.contains("mango") && !shown.contains("river"), "{shown:?}");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(device.run(&["drafts"]).code, 0);
}
