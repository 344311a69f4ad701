//! `cargo xtask bench`: prints the machine, then each measurement with the goal it is held against. Ratios come
//! from one run on one machine, so that they mean the same on a laptop and on a server. Tables are printed as
//! Markdown, ready for `docs/bench.md`.

use crate::machine;
use crate::run::{Done, Failure};

/// One measurement: its name and what runs it.
struct Measurement {
    name: &'static str,
    run: fn() -> Done,
}

/// Empty until the parts that they measure exist (docs/bench.md says which).
const MEASUREMENTS: &[Measurement] = &[];

/// Runs all measurements, or those named.
pub(crate) fn run(only: &[String]) -> Done {
    println!("{}", machine::describe().markdown());
    if MEASUREMENTS.is_empty() {
        return Err(Failure::new("there is no measurement yet"));
    }
    for measurement in MEASUREMENTS {
        if only.is_empty() || only.iter().any(|name| name == measurement.name) {
            println!("== {}", measurement.name);
            (measurement.run)()?;
        }
    }
    Ok(())
}
