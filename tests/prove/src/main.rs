//! `kapok-prove`: measures claims and prints a line for each; `cargo xtask prove` builds and calls it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

use std::alloc::System;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use kapok_prove::budget::Budget;
use kapok_prove::claim::{Claim, Line, Measured};
use kapok_prove::lanes::{self, Terms};
use kapok_prove::{claims, steps};
use zeroizing_alloc::ZeroAlloc;

/// As in every program that holds secrets.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

/// Measures the claims, each beside a control that must fail.
#[derive(Parser)]
struct Arguments {
    /// Small numbers of rounds; nothing is judged by time.
    #[arg(long)]
    short: bool,
    /// Only this claim; may be given several times.
    #[arg(long, value_name = "ID")]
    claim: Vec<String>,
    /// So many claims beside each other; those whose times are judged run alone in any case. Usually 2, on one core 1.
    #[arg(long, value_name = "NUMBER", default_value_t = lanes::usual())]
    jobs: usize,
    /// Again and again with new seeds, until so many hours are over.
    #[arg(long, value_name = "HOURS")]
    hours: Option<f64>,
    /// What makes the random choices; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Also writes each line to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The core's unit tests, built.
    #[arg(long, value_name = "FILE")]
    core_tests: Option<PathBuf>,
    /// A Python with scikit-learn and SciPy.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// How this program calls itself: one claim, measured in this process, for the one that asked.
    #[arg(long, hide = true)]
    here: bool,
}

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == "child") {
        return match steps::as_child(words.get(1..).unwrap_or_default()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        };
    }
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was proved.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let chosen = chosen(&arguments.claim)?;
    let mut seed = arguments.seed.unwrap_or_else(moment);
    if arguments.here {
        return here(arguments, &chosen, seed);
    }
    let mut json = arguments.json.as_ref().map(File::create).transpose().map_err(|error| error.to_string())?;
    let end = arguments.hours.map(|hours| Instant::now() + Duration::from_secs_f64((hours * 3_600.0).max(0.0)));
    let (mut passed, mut failed) = (0, 0);
    loop {
        println!("seed {seed}");
        let (core_tests, python) = (arguments.core_tests.clone(), arguments.python.clone());
        let terms = Terms { short: arguments.short, seed, core_tests, python };
        // A short run judges no time, so nothing has to be alone.
        let alone = |claim: &Claim| claim.timed && !terms.short;
        let ended = |line: &Line| println!("{line} ({} s)", line.took.as_secs());
        let lines = lanes::measure(&chosen, arguments.jobs, alone, |claim| lanes::elsewhere(claim, &terms), ended);
        for line in lines {
            if let Some(file) = &mut json {
                writeln!(file, "{}", line.json()).map_err(|error| error.to_string())?;
            }
            *(if line.passed() { &mut passed } else { &mut failed }) += 1;
        }
        seed = seed.wrapping_add(1);
        if end.is_none_or(|end| Instant::now() >= end) {
            break;
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// Measures one claim for the process that asked.
fn here(arguments: &Arguments, chosen: &[Claim], seed: u64) -> Result<bool, String> {
    let [claim] = chosen else { return Err("one claim in each process".to_owned()) };
    lanes::leave_with_parent();
    let (core_tests, python) = (arguments.core_tests.clone(), arguments.python.clone());
    println!("{}", Measured::here(claim, &mut Budget::new(arguments.short, seed, core_tests, python)).to_json());
    Ok(true)
}

fn chosen(ids: &[String]) -> Result<Vec<Claim>, String> {
    let known = |id: &String| claims::ALL.iter().find(|claim| claim.id == *id).copied();
    if ids.is_empty() {
        return Ok(claims::ALL.to_vec());
    }
    let all: Vec<_> = claims::ALL.iter().map(|claim| format!("{:<4}{}", claim.id, claim.title)).collect();
    let found =
        ids.iter().map(|id| known(id).ok_or_else(|| format!("no claim `{id}`; there are:\n{}", all.join("\n"))));
    found.collect()
}

fn moment() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}
