//! Rules about the project as a whole that no compiler checks. Each takes plain data and returns what is wrong, so
//! each has a test that shows it failing.

pub(crate) mod comments;
pub(crate) mod dependencies;
pub(crate) mod graph;
pub(crate) mod sizes;
pub(crate) mod text;

use crate::files::SourceFile;
use crate::run::{Done, Failure};

/// Turns findings into a failure that lists them all, not just the first.
pub(crate) fn none_of(findings: Vec<String>, rule: &str) -> Done {
    if findings.is_empty() {
        return Ok(());
    }
    let count = findings.len();
    Err(Failure::new(format!("{rule}: {count} found")).hint(findings.join("\n")))
}

/// The lines of a Rust file, and whether each belongs to tests: all lines of a test file, and everything from the test
/// module on, which by the house rule stands at the end. A `#[cfg(test)]` before anything else covers that alone.
fn lines_with_tests(file: &SourceFile) -> impl Iterator<Item = (&str, bool)> {
    let path = file.path.as_str();
    let lines: Vec<&str> = file.text().unwrap_or_default().lines().collect();
    let mut in_tests = path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("tests.rs");
    let next: Vec<&str> = lines.iter().skip(1).copied().chain([""]).collect();
    lines.into_iter().zip(next).map(move |(line, next)| {
        in_tests |= line.starts_with("#[cfg(test)]") && next.contains("mod ") && next.ends_with('{');
        (line, in_tests)
    })
}
