//! Long-running processes of the demo: started with their output in a log file, ended on every way out.
//!
//! Three guards: `Drop` ends them when the demo fails half-way; `setpriv --pdeathsig` (where it is installed)
//! lets the kernel end them when the demo itself is killed; an interrupt from the keyboard reaches the whole group.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::run::{Cmd, Done, Failure};

/// One running process.
pub(crate) struct Running {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts `command`; what it prints goes to `log`, which is started anew.
    pub(crate) fn start(name: &str, mut command: Command, log: &Path) -> Done<Self> {
        let out = File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .map_err(|error| Failure::new(format!("{name} does not start: {error}")))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_path_buf() })
    }

    /// What it has printed so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it is still running.
    pub(crate) fn is_running(&mut self) -> Done<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits until the log has a line with `words`.
    pub(crate) fn wait_for(&mut self, words: &str, limit: Duration) -> Done<String> {
        let start = Instant::now();
        loop {
            let said = self.said();
            if let Some(line) = said.lines().find(|line| line.contains(words)) {
                return Ok(line.to_owned());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(Failure::new(format!("{} ended early ({status})", self.name)).hint(said));
            }
            if start.elapsed() > limit {
                let what = format!("{} did not say `{words}` in {limit:?}", self.name);
                return Err(Failure::new(what).hint(said));
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// SIGKILL: no handler runs, nothing is written that was not written before.
    pub(crate) fn kill(mut self) -> Done {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM, and the end within `limit`.
    pub(crate) fn stop(self, limit: Duration) -> Done<Option<i32>> {
        Cmd::new("kill").arg("-TERM").arg(self.child.id().to_string()).capture()?;
        self.wait(limit)
    }

    /// Waits for the end; gives the exit code.
    pub(crate) fn wait(mut self, limit: Duration) -> Done<Option<i32>> {
        let start = Instant::now();
        while start.elapsed() < limit {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            sleep(Duration::from_millis(20));
        }
        Err(Failure::new(format!("{} did not end in {limit:?}", self.name)).hint(self.said()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The words in front of a command that let it end with us, where `setpriv` is installed.
pub(crate) fn tie() -> &'static [&'static str] {
    if Cmd::new("setpriv").arg("--version").capture().is_ok() { &["setpriv", "--pdeathsig", "KILL", "--"] } else { &[] }
}

/// A port on loopback that nobody uses at this moment.
pub(crate) fn free_port() -> Done<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(script: &str) -> (Running, PathBuf) {
        let log = std::env::temp_dir().join(format!("child-{}-{}", std::process::id(), script.len()));
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let child = Running::start("a trial", command, &log).unwrap();
        (child, log)
    }

    fn alive(id: u32) -> bool {
        Path::new(&format!("/proc/{id}")).exists()
    }

    #[test]
    fn a_dropped_child_is_gone() {
        let (mut child, log) = sleeper("echo ready; exec sleep 60");
        child.wait_for("ready", Duration::from_secs(10)).unwrap();
        let id = child.child.id();
        assert!(alive(id));
        drop(child);
        fs::remove_file(log).unwrap();
        assert!(!alive(id));
    }

    #[test]
    fn a_child_that_ends_early_or_says_nothing_is_a_failure_with_its_words() {
        let (mut child, log) = sleeper("echo broken; exit 3");
        let said = child.wait_for("ready", Duration::from_secs(10)).unwrap_err().to_string();
        fs::remove_file(log).unwrap();
        assert!(said.contains("broken") && said.contains("ended early"));
    }

    #[test]
    fn a_polite_stop_waits_for_the_end() {
        let (mut child, log) = sleeper("trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        child.wait_for("ready", Duration::from_secs(10)).unwrap();
        assert_eq!(child.stop(Duration::from_secs(10)).unwrap(), Some(0));
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn two_free_ports_can_be_had() {
        assert!(free_port().unwrap() > 0 && free_port().unwrap() > 0);
    }
}
