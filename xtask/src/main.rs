//! `cargo xtask test | demo | prove | bench | doc`: everything that checks or shows Kapok, in one place.
//!
//! A small Rust program instead of shell scripts or a task runner: it needs nothing but the toolchain that the
//! project needs anyway, and its own rules are unit-tested like the rest of the code.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

mod bench;
mod demo;
mod deny;
mod doc;
mod files;
mod machine;
mod metadata;
mod prove;
mod rules;
mod run;
mod steps;
mod table;
mod test;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [STEP…]   every check, in order; with names, only those steps (`cargo xtask test list`)
cargo xtask demo           one report's whole way on this machine, with real processes and real files
cargo xtask prove          every claim about the vault, beside a control (`--short --claim ID --jobs N --hours N --seed N --write`)
cargo xtask bench          what was promised, measured on this machine
cargo xtask doc            the Rust documentation and the links of the Markdown pages";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let rest = words.get(1..).unwrap_or_default();
    let done = match words.first().map(String::as_str) {
        Some("test") => test::run(rest),
        Some("demo") => demo::run(rest),
        Some("prove") => prove::run(rest, test::BUILD),
        Some("bench") => bench::run(rest),
        Some("doc") => doc::run(),
        Some("help" | "-h" | "--help") => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(run::Failure::new("no such task").hint(HELP)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}
