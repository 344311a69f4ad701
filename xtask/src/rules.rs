//! Rules about the project as a whole that no compiler checks. Each takes plain data and returns what is wrong, so
//! each has a test that shows it failing.

pub(crate) mod dependencies;
pub(crate) mod graph;
pub(crate) mod sizes;
pub(crate) mod text;

use crate::run::{Done, Failure};

/// Turns findings into a failure that lists them all, not just the first.
pub(crate) fn none_of(findings: Vec<String>, rule: &str) -> Done {
    if findings.is_empty() {
        return Ok(());
    }
    let count = findings.len();
    Err(Failure::new(format!("{rule}: {count} found")).hint(findings.join("\n")))
}
