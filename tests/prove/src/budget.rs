//! How often a claim does what it does, and with which dice.
//!
//! A short run checks counts of operations and never a clock, so that a busy machine cannot turn it red.

use std::path::{Path, PathBuf};
use std::process::Command;

use kapok_tests::story::Dice;
use tokio::runtime::Runtime;

/// What a claim is given.
pub struct Budget {
    /// Small numbers, and nothing is judged by time.
    pub short: bool,
    /// Where all random choices of the run come from: the same seed makes the same ones.
    pub seed: u64,
    /// The random choices themselves.
    pub dice: Dice,
    /// The unit tests of the core, built: some faults can be made only inside it.
    pub core_tests: Option<PathBuf>,
    /// A Python that has scikit-learn and SciPy.
    pub python: Option<PathBuf>,
    runtime: Runtime,
}

impl Budget {
    /// A budget with dice of this seed.
    ///
    /// # Panics
    /// If no thread can be started.
    #[must_use]
    pub fn new(short: bool, seed: u64, core_tests: Option<PathBuf>, python: Option<PathBuf>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { short, seed, dice: Dice(seed), core_tests, python, runtime }
    }

    /// The first number for a full run, the second for a short one.
    #[must_use]
    pub fn of(&self, full: usize, short: usize) -> usize {
        if self.short { short } else { full }
    }

    /// Waits for something that needs the network of this machine.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Runs unit tests of the core whose names begin so, `ignored` ones or the others, and gives what they printed and how
    /// many passed.
    ///
    /// # Panics
    /// If one fails, or none has such a name.
    #[must_use]
    pub fn core_test(&self, prefix: &str, ignored: bool, variables: &[(&str, String)]) -> (String, usize) {
        let program = self.core_tests.as_deref().expect("the core's unit tests; `cargo xtask prove` builds them");
        let mut command = Command::new(program);
        command.arg(prefix).args(["--nocapture", "--test-threads=1"]).args(ignored.then_some("--ignored"));
        command.envs(variables.iter().map(|(name, value)| (*name, value)));
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let passed = passed(&said).unwrap_or(0);
        assert!(done.status.success() && passed > 0, "{prefix}: {passed} tests passed; {}", last_line(&done.stderr));
        (said, passed)
    }
}

/// The number in `test result: ok. N passed`.
fn passed(said: &str) -> Option<usize> {
    let (_, rest) = said.split_once("test result: ok. ")?;
    rest.split(' ').next()?.parse().ok()
}

fn last_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned()
}

/// A copy of a folder of files.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_passed_tests_is_read() {
        assert_eq!(passed("x\ntest result: ok. 12 passed; 0 failed; 1 ignored;"), Some(12));
        assert_eq!(passed("test result: FAILED. 1 passed; 1 failed"), None);
    }

    #[test]
    fn a_short_budget_is_the_second_number() {
        assert_eq!([true, false].map(|short| Budget::new(short, 1, None, None).of(200, 3)), [3, 200]);
    }
}
