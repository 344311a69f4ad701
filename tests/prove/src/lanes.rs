//! Claims measured beside each other, each in a process of its own.
//!
//! A process has one heap, one environment, one set of open files. In one process a claim could search the memory of another, or
//! fill it, and one that is killed would take all others along. Rejected: threads, for these reasons.
//!
//! A claim whose times are judged runs when all others have ended, alone, because a neighbour would be part of what it measures.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::claim::{Claim, Line, Measured};

/// What every claim of a run is measured with.
pub struct Terms {
    /// Small numbers, and nothing is judged by time.
    pub short: bool,
    /// What makes the random choices.
    pub seed: u64,
    /// The core's unit tests, built.
    pub core_tests: Option<PathBuf>,
    /// A Python with scikit-learn and SciPy.
    pub python: Option<PathBuf>,
}

/// How many claims run beside each other if nobody says otherwise.
#[must_use]
pub fn usual() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(2))
}

/// Measures claims, at most `jobs` at a time and those that are `alone` one by one after all others. `ended` gets each line
/// when it is there; they are given back in the order of the claims.
pub fn measure(
    claims: &[Claim],
    jobs: usize,
    alone: impl Fn(&Claim) -> bool,
    one: impl Fn(&Claim) -> Line + Sync,
    ended: impl Fn(&Line) + Sync,
) -> Vec<Line> {
    let (last, first): (Vec<_>, Vec<_>) = claims.iter().enumerate().partition(|(_, claim)| alone(claim));
    let lines = Mutex::new(BTreeMap::new());
    for (claims, jobs) in [(first, jobs), (last, 1)] {
        let next = AtomicUsize::new(0);
        let lane = || {
            while let Some((number, claim)) = claims.get(next.fetch_add(1, Ordering::Relaxed)) {
                let line = one(claim);
                ended(&line);
                lines.lock().unwrap().insert(*number, line);
            }
        };
        std::thread::scope(|scope| (0..jobs.max(1)).for_each(|_| drop(scope.spawn(lane))));
    }
    lines.into_inner().unwrap().into_values().collect()
}

/// Measures a claim in a process of its own. If that ends early, both sides broke.
///
/// # Panics
/// If this program cannot be started.
#[must_use]
pub fn elsewhere(claim: &Claim, terms: &Terms) -> Line {
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--here", "--claim", claim.id, "--seed", &terms.seed.to_string()]);
    child.args(terms.short.then_some("--short"));
    for (word, file) in [("--core-tests", &terms.core_tests), ("--python", &terms.python)] {
        child.args(file.iter().flat_map(|file| [word.as_ref(), file.as_os_str()]));
    }
    // Nothing is ever written to its input, but it ends when this process does: see `leave_with_parent`.
    let child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let done = wait(child);
    let said = String::from_utf8_lossy(&done.0);
    let measured = said.lines().last().and_then(Measured::parse);
    let measured = measured.unwrap_or_else(|| Measured::broke(&format!("its process ended early: {}", done.1)));
    Line::new(claim, measured, terms.short, terms.seed, start.elapsed())
}

/// What a child said until its end, and how it ended. Its input stays open so long.
fn wait(mut child: std::process::Child) -> (Vec<u8>, std::process::ExitStatus) {
    let mut said = Vec::new();
    let _input = child.stdin.take();
    child.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    (said, child.wait().unwrap())
}

/// Ends this process when its input does, that is, when the process is gone that reads what it says. A run that is killed would
/// else go on in its children for an hour.
pub fn leave_with_parent() {
    std::thread::spawn(|| {
        // Whatever it is, nobody sends anything.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::claim::Verdict;

    fn claims() -> Vec<Claim> {
        let made = |(id, timed)| {
            let verdict = |_: &mut crate::budget::Budget| Verdict::new(true, "");
            Claim { id, title: "a trial", timed, defended: verdict, control: verdict }
        };
        [("A", true), ("B", false), ("C", false), ("D", true), ("E", false)].map(made).to_vec()
    }

    /// The order in which claims ended, the order of the lines, and which ran together with how many others.
    fn run(jobs: usize, alone: bool) -> (Vec<&'static str>, Vec<&'static str>, BTreeMap<&'static str, usize>) {
        let (running, order, most) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(BTreeMap::new()));
        let one = |claim: &Claim| {
            running.fetch_add(1, Ordering::SeqCst);
            let others: &[&str] = if claim.id == "B" { &["C", "E"] } else { &[] };
            // B ends after all that may run beside it; in one lane there is nothing beside it.
            while alone && jobs > 1 && !others.iter().all(|id| order.lock().unwrap().contains(id)) {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(100));
            most.lock().unwrap().insert(claim.id, running.load(Ordering::SeqCst));
            running.fetch_sub(1, Ordering::SeqCst);
            Line::new(claim, Measured::broke("never measured"), false, 1, Duration::ZERO)
        };
        let lines =
            measure(&claims(), jobs, |claim| alone && claim.timed, one, |line| order.lock().unwrap().push(line.id));
        let lines = lines.iter().map(|line| line.id).collect();
        (order.into_inner().unwrap(), lines, most.into_inner().unwrap())
    }

    #[test]
    fn what_is_timed_runs_alone_at_the_end_and_the_lines_keep_their_order() {
        let (order, lines, most) = run(2, true);
        assert_eq!(lines, ["A", "B", "C", "D", "E"]);
        assert_eq!(order, ["C", "E", "B", "A", "D"]);
        assert_eq!((most["A"], most["D"]), (1, 1));
        assert_eq!(most["C"], 2, "the others share");
        // Control: a rule that leaves nothing alone lets a timed one run beside another.
        assert_eq!(run(2, false).2["A"], 2);
    }

    #[test]
    fn one_lane_takes_one_after_the_other() {
        let (order, lines, most) = run(1, true);
        assert_eq!((order, lines.len()), (vec!["B", "C", "E", "A", "D"], 5));
        assert!(most.values().all(|running| *running == 1));
    }
    #[test]
    fn a_process_that_ends_without_a_line_proves_nothing() {
        // Here this program is the tests, which know no such words.
        let terms = Terms { short: true, seed: 1, core_tests: None, python: None };
        let line = elsewhere(&claims()[1], &terms);
        assert!(!line.passed() && line.control.figure.contains("ended early"), "{line}");
    }
}
