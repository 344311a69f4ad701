//! From the desk's printout to an enrolled device.

use std::io::Write as _;
use std::process::Stdio;

use crate::device::{PASSPHRASE, TestDevice, ran};
use crate::organisation::Organisation;
use crate::terminal::{CTRL_C, CTRL_R, ENTER, Terminal};

fn piped(device: &TestDevice, args: &[&str], input: &str) -> crate::device::Ran {
    let mut command = device.with_passphrase_on_3(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    ran(child.wait_with_output().unwrap())
}

#[test]
fn what_the_desk_prints_can_be_saved_or_piped_as_it_is() {
    let organisation = Organisation::start();
    for args in [&["--json", "enrol", "--file", "-"][..], &["--json", "enrol"]] {
        let device = TestDevice::new();
        let (printed, text) = organisation.invite();
        assert!(printed.len() > text.len() + 1_000, "a QR code stands above the text");
        let ran = piped(&device, args, &printed);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.json()["organisation"], "Example Monitors");
        assert!(!ran.out.contains(&text) && !ran.err.contains(&text));
    }
    let device = organisation.device();
    let sentence = device.run(&["status"]).out;
    assert!(sentence.contains("Example Monitors"), "from a file: {sentence}");
}

#[test]
fn no_invite_two_invites_and_an_invite_as_an_argument_are_refused() {
    let organisation = Organisation::start();
    let (one, two) = (organisation.invite().1, organisation.invite().1);
    let device = TestDevice::new();
    let code = |input: &str| {
        let ran = piped(&device, &["--json", "enrol"], input);
        (ran.code, ran.json()["error"]["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(code(""), (9, "invite_none".to_owned()));
    assert_eq!(code("Please enrol soon"), (9, "invite_none".to_owned()));
    assert_eq!(code(&one[..60]), (9, "invite_none".to_owned()));
    assert_eq!(code(&one[..one.len() - 4]), (8, "invite".to_owned()), "cut off at its end");
    assert_eq!(code(&format!("{one}\n{two}\n")), (2, "invite_several".to_owned()));
    assert_eq!(code(&"x".repeat(70_000)), (9, "invite_unreadable".to_owned()));
    let ran = ran(device.command().args(["enrol", &one]).output().unwrap());
    assert_eq!(ran.code, 2, "an argument is seen by other programs");
    let twice = piped(&device, &["enrol"], &format!("{one}\n{one}\n"));
    assert_eq!(twice.code, 0, "control: twice the same one is no question: {}", twice.err);
}

#[test]
fn at_a_terminal_the_invite_is_asked_for_and_not_shown() {
    let organisation = Organisation::start();
    let device = TestDevice::new();
    let (_, text) = organisation.invite();
    let mut terminal = Terminal::start(&device, &format!("--home '{}' enrol", device.home().display()));
    terminal.expect("Invite:").expect("Ctrl-R").press(&text).press(ENTER);
    terminal.expect("Passphrase:").press(PASSPHRASE).press(ENTER);
    terminal.expect("Enrolled with: Example Monitors");
    assert!(!terminal.shown().contains(&text[..40]), "{}", terminal.shown());
    assert_eq!(terminal.exit_code(), 0);
    // Control: shown on demand, it is found in what the terminal shows.
    let mut terminal = Terminal::start(&device, &format!("--home '{}' enrol", device.home().display()));
    terminal.expect("Invite:").expect("Ctrl-R").press(CTRL_R).press(&text).expect(&text[..40]).press(CTRL_C);
    assert_eq!(terminal.exit_code(), 130);
}
