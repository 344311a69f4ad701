//! The reference: a process that is told over a pipe to do one thing on the same disk, and answers how long it took.
//!
//! A process of its own, because in this one SQLite has the core's memory functions; and told by the one that measures the
//! core, turn by turn, so that what else the machine does meets both.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::Trouble;

pub(crate) struct Plain {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Plain {
    /// Starts it with its own arguments.
    pub(crate) fn start(file: &Path, words: &[usize]) -> Result<Self, Trouble> {
        let mut command = program()?;
        command.arg("rows").arg(file).args(words.iter().map(usize::to_string));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (orders, answers) = pipes.ok_or("the reference has no pipes")?;
        Ok(Self { child, orders, answers: BufReader::new(answers) })
    }

    /// Does one thing there; how long it took there.
    pub(crate) fn time(&mut self, order: &str) -> Result<Duration, Trouble> {
        writeln!(self.orders, "{order}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(Duration::from_nanos(line.trim().parse()?))
    }

    /// Ends it.
    pub(crate) fn end(self) -> Result<(), Trouble> {
        let Self { mut child, orders, answers } = self;
        drop((orders, answers));
        child.wait()?;
        Ok(())
    }
}

/// Milliseconds of opening a plain file and reading 1,000 rows: the median of `count` times.
pub(crate) fn list(file: &Path, count: usize) -> Result<f64, Trouble> {
    let output = program()?.arg("list").arg(file).arg(count.to_string()).stderr(Stdio::inherit()).output()?;
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    Ok(said.get("median_ms").and_then(serde_json::Value::as_f64).ok_or("the reference told no median")?)
}

fn program() -> Result<Command, Trouble> {
    Ok(Command::new(std::env::current_exe()?.with_file_name("kapok-measure-plain")))
}
