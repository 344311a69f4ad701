//! Named steps with their seconds, and the table at the end. The first failing step stops the run; the table still
//! comes, so that one sees how far it got.

use std::time::Instant;

use crate::run::{Done, Failure};
use crate::table::Table;

/// One step: a name to ask for it alone, and what it does.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) run: fn() -> Done,
}

/// Runs the steps in order; `only` picks some by name, empty means all.
pub(crate) fn run_all(steps: &[Step], only: &[String]) -> Done {
    if let Some(unknown) = only.iter().find(|name| !steps.iter().any(|step| step.name == *name)) {
        return Err(Failure::new(format!("there is no step `{unknown}`")).hint(list(steps)));
    }
    let chosen = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    let mut table = Table::new(&["step", "seconds", ""]);
    let whole = Instant::now();
    let mut failed = None;
    for step in steps.iter().filter(chosen) {
        println!("\n== {}: {}", step.name, step.what);
        let start = Instant::now();
        let done = (step.run)();
        let seconds = format!("{:.1}", start.elapsed().as_secs_f64());
        let word = if done.is_ok() { "ok" } else { "FAILED" };
        table.row([step.name.to_owned(), seconds, word.to_owned()]);
        if let Err(failure) = done {
            failed = Some((step.name, failure));
            break;
        }
    }
    let all = format!("{:.1}", whole.elapsed().as_secs_f64());
    table.row(["all of it".to_owned(), all, String::new()]);
    println!("\n{table}");
    match failed {
        None => Ok(()),
        Some((name, failure)) => {
            let again = format!("{failure}\nthis step alone:  cargo xtask test {name}");
            Err(Failure::new(format!("step `{name}`")).hint(again))
        }
    }
}

/// One line for each step.
pub(crate) fn list(steps: &[Step]) -> String {
    let mut table = Table::new(&["step", "what it checks"]);
    for step in steps {
        table.row([step.name.to_owned(), step.what.to_owned()]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, run: fn() -> Done) -> Step {
        Step { name, what: "a trial", run }
    }

    #[test]
    fn a_failing_step_fails_the_run_and_is_named() {
        let steps = [
            step("good", || Ok(())),
            step("bad", || Err(Failure::new("on purpose"))),
            step("never", || unreachable!("steps after a failure do not run")),
        ];
        let said = run_all(&steps, &[]).unwrap_err().to_string();
        assert!(said.contains("`bad`") && said.contains("cargo xtask test bad"));
        assert!(run_all(&steps, &["good".to_owned()]).is_ok());
    }

    #[test]
    fn an_unknown_step_is_refused() {
        let steps = [step("good", || Ok(()))];
        assert!(run_all(&steps, &["typo".to_owned()]).is_err());
    }
}
