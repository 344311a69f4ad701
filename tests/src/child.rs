//! Child processes that are killed at random moments and never outlive their test.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::scan::{Hit, Scanner};

/// A running child. It is killed when this is dropped.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Running {
    /// Starts `command` and listens to its standard output.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        let program = command.get_program().to_owned();
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines, said: Vec::new() }
    }

    /// Its process number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The first line from now on that `is` it, or `None` if the child ends before.
    ///
    /// # Panics
    /// If it takes longer than `limit`.
    pub fn wait_for(&mut self, limit: Duration, is: impl Fn(&str) -> bool) -> Option<String> {
        let end = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if is(&line) {
                        return Some(line);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("the child is silent; it said {:?}", self.said),
            }
        }
    }

    /// SIGSTOP: it stands still until it is killed.
    ///
    /// # Panics
    /// If the signal cannot be sent.
    pub fn freeze(&self) {
        let sent = Command::new("kill").args(["-STOP", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success() || !self.alive(), "kill -STOP");
        // The signal is on its way; the state says when it has arrived.
        let end = Instant::now() + Duration::from_secs(5);
        while self.alive() && self.state() != Some('T') {
            assert!(Instant::now() < end, "the child does not stop");
            std::thread::yield_now();
        }
    }

    fn state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }

    fn alive(&self) -> bool {
        self.state().is_some_and(|state| state != 'Z')
    }

    /// SIGKILL. Returns every line it ever said: what it said last counts as acknowledged.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut said = std::mem::take(&mut self.said);
        said.extend(self.lines.iter());
        said
    }

    /// Scans the files that it has open and that have no name any more.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn scan_unlinked(&self, scanner: &Scanner) -> io::Result<Vec<Hit>> {
        let mut hits = Vec::new();
        for entry in fs::read_dir(format!("/proc/{}/fd", self.pid()))? {
            let path = entry?.path();
            // A descriptor that was closed between the two calls has no content left.
            let Ok(target) = fs::read_link(&path) else { continue };
            if !target.as_os_str().as_encoded_bytes().ends_with(b" (deleted)") || !fs::metadata(&path)?.is_file() {
                continue;
            }
            hits.extend(scanner.scan_open(&mut File::open(&path)?, &target)?);
        }
        Ok(hits)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A binary of this workspace, beside the running program; tests run in a folder below.
///
/// # Panics
/// If it was not built.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let mut folders = own.ancestors().skip(1);
    let folder = folders.find(|folder| !folder.ends_with("deps")).unwrap();
    let path = folder.join(name);
    assert!(path.is_file(), "{name} is not built; run `cargo build --workspace` first");
    path
}

/// A command whose temporary files all go to `temporary`.
#[must_use]
pub fn command(program: impl AsRef<OsStr>, temporary: &Path) -> Command {
    let mut command = Command::new(program);
    for name in ["TMPDIR", "SQLITE_TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
        command.env(name, temporary);
    }
    command.current_dir(temporary);
    command
}
