//! Runs one outside command: says what it runs, and when it fails, how to repeat it by hand.
//!
//! Standard output and error go straight to the terminal, so that a long build shows its progress and the test
//! runner's own summary lines are what a reader sees. Capturing is for commands whose answer is data.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Why a step stopped, in words that tell what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed: {}", self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\n{hint}"),
            None => Ok(()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// What every task returns.
pub(crate) type Done<T = ()> = Result<T, Failure>;

/// One command line, kept as data so that it can be shown as well as run.
#[derive(Clone)]
pub(crate) struct Cmd {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(String, String)>,
}

impl Cmd {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new() }
    }

    /// `cargo` with the words of `line`.
    pub(crate) fn cargo(line: &str) -> Self {
        Self::new("cargo").words(line)
    }

    /// Adds arguments separated by spaces; for arguments with spaces in them use [`Cmd::arg`].
    pub(crate) fn words(mut self, line: &str) -> Self {
        self.args.extend(line.split_whitespace().map(OsString::from));
        self
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The process to start, in the root of the workspace.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(root());
        command
    }

    /// Runs it with its output on the terminal.
    pub(crate) fn stream(&self) -> Done {
        println!("$ {self}");
        let status = self.command().stdin(Stdio::null()).status().map_err(|error| self.failure(&error.to_string()))?;
        if status.success() { Ok(()) } else { Err(self.failure(&status.to_string())) }
    }

    /// Runs it and returns its standard output.
    pub(crate) fn capture(&self) -> Done<String> {
        let out = self
            .command()
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| self.failure(&error.to_string()))?;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr);
            return Err(self.failure(&format!("{}: {}", out.status, said.trim())));
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    fn failure(&self, why: &str) -> Failure {
        Failure::new(format!("{} ({why})", self.program.to_string_lossy())).hint(format!("repeat it with:  {self}"))
    }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(f, "{name}={} ", quoted(value))?;
        }
        write!(f, "{}", quoted(&self.program.to_string_lossy()))?;
        for arg in &self.args {
            write!(f, " {}", quoted(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

/// A word as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+@^%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The root of the workspace: the folder above xtask's own manifest.
pub(crate) fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map_or_else(|| own.clone(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_names_itself_and_how_to_repeat_it() {
        let failure = Cmd::new("false").arg("two words").stream().unwrap_err();
        let said = failure.to_string();
        assert!(said.contains("false") && said.contains("repeat it with:  false 'two words'"));
    }

    #[test]
    fn a_missing_program_is_a_failure_and_not_a_panic() {
        assert!(Cmd::new("no-such-program-here").capture().is_err());
    }

    #[test]
    fn captured_output_comes_back() {
        assert_eq!(Cmd::new("echo").arg("ok").capture().unwrap(), "ok\n");
    }

    #[test]
    fn quoting_survives_a_quote() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
