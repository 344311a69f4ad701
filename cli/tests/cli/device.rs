//! A device folder and the program run on it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

pub(crate) const PASSPHRASE: &str = "mango 12 river";
pub(crate) const ANSWERS: &str = include_str!("../../../report/vectors/answers-detention-km.json");
/// A name in [`ANSWERS`].
pub(crate) const NAME: &str = "សាកល្បង តារា";

pub(crate) struct TestDevice {
    folder: tempfile::TempDir,
}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The result as the one JSON document it has to be.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl TestDevice {
    /// A small device with a vault.
    pub(crate) fn new() -> Self {
        let device = Self::empty();
        let ran = device.run(&["init", "--half-mib", "1", "--pool-mib", "16", "--guess-cost", "least"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        device
    }

    /// A folder without a vault.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A file beside the device folder.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The program without options, environment or standard input.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kapok"));
        command.env_clear().env("HOME", self.folder.path()).arg("--home").arg(self.home());
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// A command that reads the right passphrase from descriptor 3, so that standard input is free.
    pub(crate) fn with_passphrase_on_3(&self, args: &[&str]) -> Command {
        self.file("passphrase.txt", PASSPHRASE.as_bytes());
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "exec 3<passphrase.txt && exec \"$0\" --passphrase-fd 3 \"$@\"",
            env!("CARGO_BIN_EXE_kapok"),
        ]);
        command.env_clear().env("HOME", self.folder.path()).arg("--home").arg(self.home()).args(args);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs with the right passphrase on standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(PASSPHRASE, args)
    }

    pub(crate) fn run_with(&self, passphrase: &str, args: &[&str]) -> Ran {
        let mut command = self.command();
        command.args(["--passphrase-fd", "0"]).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that asks for none may have ended already.
        let _ = child.stdin.take().unwrap().write_all(format!("{passphrase}\nnot part of it").as_bytes());
        ran(child.wait_with_output().unwrap())
    }

    /// A draft with all eight answers in Khmer.
    pub(crate) fn with_draft() -> Self {
        let device = Self::new();
        device.file("answers.json", ANSWERS.as_bytes());
        let ran = device.run(&["report", "--answers", "answers.json"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        device
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn is_khmer(text: &str) -> bool {
    text.chars().any(|c| ('\u{1780}'..='\u{17ff}').contains(&c))
}

/// Whether any file below `folder` holds `bytes`.
pub(crate) fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes)
    })
}
