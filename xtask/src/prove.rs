//! `cargo xtask prove`: builds what the claims need, runs `kapok-prove`, and writes its lines to `docs/proofs.md` if asked.
//!
//! The measuring is in `tests/prove/`. Here is what a crate cannot do for itself: building the core's unit tests, which make the
//! faults that are possible only inside it, and getting the Python packages that judge distributions, into `target/`.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::machine;
use crate::run::{Cmd, Done, Failure, root};
use crate::table::Table;

const PAGE: &str = "docs/proofs.md";
const REQUIREMENTS: &str = "tests/prove/python/requirements.txt";

const HOW_TO_READ: &str = "\
# Proofs

Made by `cargo xtask prove --write` on one machine. A row that was measured again alone has a seed of its own.

Each line is one promise about the vault, and what was measured. *Figure* is what came out with the defence in place. *Control*
is the same measurement with the defence switched off, in the same run: it must come out bad. A measurement whose control comes
out well is blind, and proves nothing; its line fails too.

A figure says what was tried, not that nothing else is possible. \"0 of 200 rounds\" means that 200 rounds found nothing, by a
search that finds it when it is there. What no claim covers stands in the [threat model](threat-model.md).

Claims run beside each other, each in a process of its own; the seconds are those of a claim on a machine that is busy so. Those
whose times are judged run alone, after all others.

To repeat it: `cargo xtask prove` takes all claims at full budget, half an hour to an hour. `--claim S3` takes one, `--jobs N` so
many beside each other (two, on one core one), `--short` does little of each in a minute or two and is a part of `cargo xtask
test`. `--hours N` goes on with new seeds for so long. Each run prints its seed; `--seed N` makes the same random choices again.
";

const FULL: &str = "Full budget.";
const SHORT: &str = "**Short budget** (`--short`): a little of each, and no time is judged.";

/// Builds, runs, and writes the page if `--write` is among the words. With `--claim` only those rows are new; the others are those of
/// the last run that wrote.
pub(crate) fn run(words: &[String], build: &str) -> Done {
    let write = words.iter().any(|word| word == "--write");
    let given = |name: &str| words.iter().any(|word| word.starts_with(name));
    if write && given("--json") {
        return Err(Failure::new("--write has a file of its own").hint("cargo xtask prove --write"));
    }
    let (kept, fresh) = (root().join("target/prove.jsonl"), root().join("target/prove-fresh.jsonl"));
    let before = if write && given("--claim") {
        fs::read_to_string(&kept)
            .map_err(|_| Failure::new("no run has written all claims here yet").hint("cargo xtask prove --write"))?
    } else {
        String::new()
    };
    let mut proving = command(build)?;
    for word in words.iter().filter(|word| *word != "--write") {
        proving = proving.arg(word);
    }
    if !write {
        return proving.stream();
    }
    let done = proving.arg("--json").arg(&fresh).stream();
    // A page with a failed line is written too: it is what was measured.
    let lines = merged(&before, &fs::read_to_string(&fresh)?);
    fs::write(root().join(PAGE), page(&lines, &machine::describe())?)?;
    fs::write(kept, lines)?;
    println!("written to {PAGE}");
    done
}

/// The lines of `before`, each claim that `fresh` has too in its new lines.
fn merged(before: &str, fresh: &str) -> String {
    let id = |line: &str| serde_json::from_str::<Value>(line).ok()?.get("id").cloned();
    let mut left: Vec<&str> = fresh.lines().collect();
    let mut lines = Vec::new();
    for line in before.lines() {
        let (new, rest): (Vec<_>, Vec<_>) = left.iter().partition(|new| id(new) == id(line));
        let again = fresh.lines().any(|new| id(new) == id(line));
        lines.extend(if again { new } else { vec![line] });
        left = rest;
    }
    lines.extend(left);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `kapok-prove` with what it needs, all of it built.
fn command(build: &str) -> Done<Cmd> {
    Cmd::cargo(build).stream()?;
    let proving = Cmd::new(root().join("target/debug/kapok-prove"));
    Ok(proving.arg("--core-tests").arg(core_tests()?).arg("--python").arg(python()?))
}

/// Builds the core's unit tests, as the step `unit` does, and says where they are.
fn core_tests() -> Done<PathBuf> {
    let said = Cmd::cargo("test --workspace --lib --no-run --locked --quiet --message-format json").capture()?;
    find_core_tests(&said).ok_or_else(|| Failure::new("cargo did not say where the unit tests of the core are"))
}

fn find_core_tests(said: &str) -> Option<PathBuf> {
    let messages = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_test = |message: &Value| {
        message.pointer("/target/name").is_some_and(|name| name == "kapok_core")
            && message.pointer("/profile/test").is_some_and(|test| test == true)
    };
    let mut found = messages.filter(is_test).filter_map(|message| Some(message.get("executable")?.as_str()?.into()));
    found.next()
}

/// A Python with the pinned packages, from an earlier run if there is one.
fn python() -> Done<PathBuf> {
    let venv = root().join("target/tools/prove");
    let python = venv.join("bin/python");
    let wanted = fs::read_to_string(root().join(REQUIREMENTS))?;
    let has = || Cmd::new(&python).words("-m pip freeze").capture().is_ok_and(|frozen| holds_all(&frozen, &wanted));
    if !has() {
        Cmd::new("python3").words("-m venv --clear").arg(&venv).stream()?;
        let install = "-m pip install --quiet --disable-pip-version-check --only-binary :all: -r";
        Cmd::new(&python).words(install).arg(REQUIREMENTS).stream()?;
    }
    Ok(python)
}

fn holds_all(frozen: &str, wanted: &str) -> bool {
    let pins = wanted.lines().filter(|line| line.contains("=="));
    pins.into_iter().all(|pin| frozen.lines().any(|line| line == pin))
}

/// The page: how to read it, the machine, a row for each claim. A claim that was measured several times has its last figures
/// and fails if it failed once.
fn page(lines: &str, machine: &Table) -> Done<String> {
    let (mut rows, mut budget): (Vec<Row>, _) = (Vec::new(), FULL);
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).map_err(|error| Failure::new(format!("no JSON: {error}")))?;
        let text = |name: &str| value.get(name).map_or_else(String::new, plain);
        if value.get("short") == Some(&Value::Bool(true)) {
            budget = SHORT;
        }
        let passed = value.get("pass") == Some(&Value::Bool(true));
        let id = text("id");
        let before = rows.iter().position(|row| row.id == id).map(|at| rows.remove(at));
        let (runs, failures) = before.map_or((0, 0), |row| (row.runs, row.failures));
        let cells = ["title", "figure", "control", "seed", "seconds"].map(text);
        rows.push(Row { id, cells, runs: runs + 1, failures: failures + u32::from(!passed) });
    }
    let mut table = Table::new(&["claim", "promise", "", "figure", "control", "seed", "seconds"]);
    for Row { id, cells: [title, figure, control, seed, seconds], runs, failures } in rows {
        let word = match (runs, failures) {
            (1, 0) => "pass".to_owned(),
            (1, _) => "FAIL".to_owned(),
            _ => format!("{} of {runs} pass", runs - failures),
        };
        table.row([id, title, word, figure, control, seed, seconds]);
    }
    let mut out = HOW_TO_READ.to_owned();
    // Writing into a string cannot fail.
    let _written = write!(out, "\n## Machine\n\n{}\n## Claims\n\n{budget}\n\n{}", machine.markdown(), table.markdown());
    Ok(out)
}

struct Row {
    id: String,
    cells: [String; 5],
    runs: u32,
    failures: u32,
}

/// A value as it stands in a cell.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| text.replace('|', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_is_measured_again_takes_the_place_of_its_row() {
        let line = |id: &str, figure: u32| format!("{{\"id\":\"{id}\",\"figure\":{figure}}}\n");
        let before = line("S1", 1) + &line("S3", 1) + &line("S3", 2) + &line("S5", 1);
        let fresh = line("S3", 3) + &line("S3", 4);
        assert_eq!(merged(&before, &fresh), line("S1", 1) + &line("S3", 3) + &line("S3", 4) + &line("S5", 1));
        assert_eq!(merged("", &fresh), fresh);
    }

    #[test]
    fn the_page_has_a_row_for_each_claim_and_forgets_no_failure() {
        let line = |id: &str, pass: bool| {
            format!(r#"{{"id":"{id}","title":"t","pass":{pass},"figure":"0 of 9","control":"9","seed":1,"seconds":2}}"#)
        };
        let lines = [line("S1", false), line("S3", true), line("S1", true)].join("\n");
        let page = page(&lines, &Table::new(&["machine", ""])).unwrap();
        assert!(page.contains("| S1 | t | 1 of 2 pass | 0 of 9 | 9 | 1 | 2 |"), "{page}");
        assert!(page.contains("| S3 | t | pass |") && page.contains(FULL), "{page}");
    }

    #[test]
    fn a_page_of_a_short_run_says_so() {
        let page = page(r#"{"id":"S1","pass":true,"short":true}"#, &Table::new(&["machine", ""])).unwrap();
        assert!(page.contains(SHORT) && !page.contains(FULL), "{page}");
    }

    #[test]
    fn a_venv_without_a_pinned_version_is_not_taken() {
        assert!(holds_all("numpy==2.0\nscipy==1.0\n", "# why\nscipy==1.0\n"));
        assert!(!holds_all("numpy==2.0\nscipy==1.1\n", "scipy==1.0\n"));
    }

    #[test]
    fn the_unit_tests_of_the_core_are_found_in_what_cargo_says() {
        let other = r#"{"target":{"name":"kapok_core"},"profile":{"test":false},"executable":null}"#;
        let right = r#"{"target":{"name":"kapok_core"},"profile":{"test":true},"executable":"/x/core-1"}"#;
        assert_eq!(find_core_tests(&format!("{other}\nno json\n{right}\n")), Some(PathBuf::from("/x/core-1")));
        assert_eq!(find_core_tests(other), None);
    }
}
