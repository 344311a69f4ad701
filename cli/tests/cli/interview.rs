//! The questions on a real pseudo-terminal.

use crate::device::TestDevice;
use crate::organisation::Organisation;
use crate::terminal::{CTRL_C, DOWN, ENTER, ESC, Terminal};

#[test]
fn ctrl_c_loses_no_answer_and_says_which_draft_holds_them() {
    let device = TestDevice::new();
    let mut terminal = Terminal::unlocked(&device, "--lang km report");
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
    let mut terminal = Terminal::unlocked(&device, "report");
    terminal.enter_until("Saved as draft");
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
    let args =
        format!("--home '{}' init --half-mib 1 --pool-mib 16 --guess-cost least --passphrase-kind own", home.display());
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

#[test]
fn a_search_that_finds_nothing_says_so_in_the_persons_language_and_no_library_word_is_shown() {
    for (lang, nothing, sex) in [("km", "រកមិនឃើញទេ", "ភេទ"), ("en", "Nothing matches", "Sex")]
    {
        let device = TestDevice::new();
        let mut terminal = Terminal::unlocked(&device, &format!("--lang {lang} report"));
        terminal.expect("1/8").expect("Enter").press("Example Person").press(ENTER);
        terminal.expect(sex).expect("Enter").press("qqqq").expect(nothing);
        // Enter leads back to the whole list, and so does Esc.
        terminal.press(ENTER).expect(sex).expect("Enter").press("qqqq").expect(nothing);
        terminal.press(ESC).expect(sex).expect("Enter").press(DOWN).press(DOWN).press(ENTER);
        terminal.expect("Enter").press(CTRL_C).expect("report --draft 1");
        let shown = terminal.shown();
        for library in ["canceled", "Invalid", "to filter", "to select", "Confirmation"] {
            assert!(!shown.contains(library), "{library}: {shown:?}");
        }
        assert_eq!(terminal.exit_code(), 130);
        let answers = device.run(&["--json", "show", "1"]).json()["answers"]["fields"].clone();
        assert!(answers["person.sex"]["v"].is_string(), "a list goes on after a search: {answers}");
    }
}

#[test]
fn an_open_draft_goes_on_at_the_first_open_question_and_shows_what_was_answered_before() {
    let device = TestDevice::new();
    device.file("some.json", br#"{"person.names": "Test Person", "person.sex": "female"}"#);
    assert_eq!(device.run(&["report", "--answers", "some.json"]).code, 0);
    let before = device.run(&["--json", "show", "1"]).json();
    let mut terminal = Terminal::unlocked(&device, "report --draft 1");
    terminal.expect("1/8").expect("Age").expect("Enter");
    assert!(!terminal.shown().contains("Answer so far"), "control: it begins where nothing was answered");
    // Two questions back; Enter there keeps the answer.
    terminal.press("Back").expect("← Back").press(ENTER);
    terminal.expect("Answer so far: ").expect("oman").expect("Enter").press("Back").expect("← Back").press(ENTER);
    terminal.expect("Answer so far: Test Person").expect("Enter").press(ENTER);
    terminal.expect("Answer so far: ").expect("Keep").expect("Enter").press(ENTER);
    terminal.expect("Age").expect("Enter").press(CTRL_C);
    terminal.expect("report --draft 1");
    assert_eq!(terminal.exit_code(), 130);
    assert_eq!(device.run(&["--json", "show", "1"]).json()["answers"], before["answers"], "nothing was changed");
}

#[test]
fn words_typed_before_can_be_mended_and_marks_made_before_are_there() {
    let device = TestDevice::with_draft();
    device.file("name.json", br#"{"person.names": "Test Person"}"#);
    assert_eq!(device.run(&["report", "--draft", "1", "--answers", "name.json"]).code, 0);
    let fields = |device: &TestDevice| device.run(&["--json", "show", "1"]).json()["answers"]["fields"].clone();
    let before = fields(&device);
    let mut terminal = Terminal::unlocked(&device, "--lang en report --draft 1");
    // Everything is answered, so it begins at the first question. One letter more, then Enter to the end.
    terminal.expect("1/8").expect("Enter").press("x").press(ENTER);
    terminal.enter_until("Saved as draft");
    assert_eq!(terminal.exit_code(), 0);
    let after = fields(&device);
    for (key, answer) in before.as_object().unwrap() {
        assert_eq!(after[key] == *answer, key != "person.names", "{key}: {answer} became {}", after[key]);
    }
    assert_eq!(after["person.names"]["v"][0]["text"], "Test Personx");
}

#[test]
fn a_short_new_passphrase_is_refused_before_it_is_typed_again() {
    let device = TestDevice::empty();
    let args = format!(
        "--home '{}' init --half-mib 1 --pool-mib 16 --guess-cost least --passphrase-kind own",
        device.home().display()
    );
    let mut terminal = Terminal::start(&device, &args);
    terminal.expect("New passphrase:").press("seven77").press(ENTER).expect("too short");
    assert!(!terminal.shown().contains("The same again"));
    terminal.press("eight888").press(ENTER).expect("The same again:").press("eight888").press(ENTER);
    terminal.expect("vault is ready");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_deletion_is_asked_about_and_the_first_answer_is_no() {
    let device = TestDevice::with_draft();
    for key in [ENTER, ESC] {
        let mut terminal = Terminal::unlocked(&device, "discard 1");
        terminal.expect("answers: 16").expect("Delete it for good?").expect("Enter").press(key);
        terminal.expect("Nothing was deleted");
        assert_eq!(terminal.exit_code(), 0);
        assert_eq!(device.run(&["show", "1"]).code, 0);
    }
    let mut terminal = Terminal::unlocked(&device, "discard 1");
    terminal.expect("Delete it for good?").expect("Enter").press(DOWN).press(ENTER).expect("is deleted");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(device.run(&["show", "1"]).code, 9);
}

#[test]
fn send_now_seals_only_after_a_yes() {
    let organisation = Organisation::start();
    let device = organisation.device();
    let drafts = || device.run(&["--json", "drafts"]).json()["drafts"].as_array().unwrap().len();
    let mut terminal = Terminal::unlocked(&device, "report --draft 1");
    terminal.expect("1/8").expect("Enter").press("\u{7f}".repeat(80).as_str()).press(ENTER);
    terminal.expect("Keep the answer").expect("Enter").press("Send").expect("Send now").press(ENTER);
    terminal.expect("Seal the report now?").expect("No").expect("Enter").press(ENTER);
    // Back at the same question.
    terminal.expect("Enter to save").press(CTRL_C).expect("report --draft 1");
    assert_eq!((terminal.exit_code(), drafts()), (130, 1), "control: a no seals nothing");

    let mut terminal = Terminal::unlocked(&device, "report --draft 1");
    terminal.expect("1/8").expect("Enter").press("\u{7f}".repeat(80).as_str()).press(ENTER);
    terminal.expect("Keep the answer").expect("Enter").press("Send").expect("Send now").press(ENTER);
    terminal.expect("Seal the report now?").expect("Enter").press(DOWN).press(ENTER).expect("Code: ");
    assert_eq!((terminal.exit_code(), drafts()), (0, 0));
}
