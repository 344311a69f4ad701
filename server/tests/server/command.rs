//! What the program says to a person and to a script, and how it ends.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{binary, start};

fn desk(data: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kapok-server")).arg("desk").args(words).arg("--data").arg(data).output().unwrap()
}

/// Standard output and standard error of a command that ended well.
fn said(output: &Output) -> (String, String) {
    assert!(output.status.success(), "{output:?}");
    (text(&output.stdout), text(&output.stderr))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn keys_are_listed_for_people_and_for_scripts_and_an_empty_list_says_so() {
    let dir = tempfile::tempdir().unwrap();
    drop(start(dir.path()));
    let (out, err) = said(&desk(dir.path(), &["list"]));
    assert_eq!(out, "");
    assert!(err.contains("No client key is registered"), "{err}");
    let (out, _) = said(&desk(dir.path(), &["list", "--json"]));
    assert_eq!(out, "{\"client_keys\":[]}\n");

    let (one, two) = ("a1".repeat(32), "b2".repeat(32));
    said(&desk(dir.path(), &["add", &two]));
    said(&desk(dir.path(), &["add", &one]));
    let listed = (format!("{one}\n{two}\n"), String::new());
    assert_eq!(said(&desk(dir.path(), &["list"])), listed);
    let (out, err) = said(&desk(dir.path(), &["list", "--json"]));
    assert_eq!((out, err), (format!("{{\"client_keys\":[\"{one}\",\"{two}\"]}}\n"), String::new()));
}

#[test]
fn removing_a_key_that_is_not_there_is_a_failure_that_says_so() {
    let dir = tempfile::tempdir().unwrap();
    drop(start(dir.path()));
    let (here, other) = ("a1".repeat(32), "a2".repeat(32));
    said(&desk(dir.path(), &["add", &here]));
    let refused = desk(dir.path(), &["remove", &other]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(text(&refused.stdout), "");
    assert!(text(&refused.stderr).contains("not registered, so nothing was removed"), "{refused:?}");
    assert!(said(&desk(dir.path(), &["list"])).0.contains(&here), "the other key stays");
    said(&desk(dir.path(), &["remove", &here]));
    assert_eq!(desk(dir.path(), &["remove", &here]).status.code(), Some(1), "control: the second time");
}

#[test]
fn a_port_that_is_taken_is_named_together_with_the_option_that_moves_it() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (option, other) in [("--listen", "--desk-listen"), ("--desk-listen", "--listen")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kapok-server"));
        command.arg("--data").arg(one.path()).args([option, &address, other, "127.0.0.1:0"]);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let err = text(&output.stderr);
        assert!(err.contains(&format!("cannot listen on {address}: another program uses this port")), "{err}");
        assert!(err.contains(&format!("another port with {option} ADDRESS:PORT")), "{err}");
    }
    // 192.0.2.1 is for documentation: no machine has it.
    let output = binary(two.path()).args(["--public", "192.0.2.1:1"]).arg("serve").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "options before a command are not silently dropped");
    let mut command = Command::new(env!("CARGO_BIN_EXE_kapok-server"));
    command.arg("--data").arg(two.path()).args(["--listen", "192.0.2.1:8443", "--desk-listen", "127.0.0.1:0"]);
    let err = text(&command.output().unwrap().stderr);
    assert!(err.contains("this machine does not have that address; choose one it has with --listen"), "{err}");
    drop(taken);
    drop(start(one.path()));
}

#[test]
fn a_pipe_gets_the_lines_for_people_and_the_json_line_last() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let said = &server.said;
    let json: serde_json::Value = serde_json::from_str(said.last().unwrap()).unwrap();
    let listen = json["listen"].as_str().unwrap();
    assert!(said.iter().any(|line| line == &format!("Devices connect to: {listen}")), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("Data folder: /")), "{said:?}");
    assert!(said.iter().any(|line| line.contains("desk add FINGERPRINT --data")), "no client key yet: {said:?}");
}
