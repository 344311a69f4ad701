//! Measures one thing in a process of its own and prints one line of JSON. `cargo xtask bench` runs these in pairs and
//! prints ratios; nothing is asserted here.
//!
//! A process each, because processor time and peak memory are then those of the thing measured and of nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing its figures is what this program is for")]

mod intake;
mod lock;
mod plain;
mod process;
mod save;
mod seal;
mod unlock;
mod vaults;

use std::alloc::System;
use std::path::Path;

use zeroizing_alloc::ZeroAlloc;

/// As in every program of ours that holds a secret: what is measured pays for it too.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

type Trouble = Box<dyn std::error::Error>;
type Outcome = Result<serde_json::Value, Trouble>;

const USAGE: &str = "usage: kapok-measure seal-kapok FILE FOLDER
       kapok-measure seal-age FILE OUT
       kapok-measure seal-age-sha256 FILE OUT
       kapok-measure save FOLDER COUNT
       kapok-measure save-beside FOLDER FILE COUNT
       kapok-measure save-at FOLDER FILE PERCENT COUNT
       kapok-measure unlock FOLDER COPY ROWS
       kapok-measure fill FOLDER PERCENT
       kapok-measure memory FOLDER
       kapok-measure lock FOLDER COUNT
       kapok-measure intake INVITE CONNECTIONS COUNT
       kapok-measure sqlite FILE COUNT";

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(line) => {
            println!("{line}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Outcome {
    let path = Path::new;
    match words {
        ["seal-kapok", file, folder] => seal::kapok(path(file), path(folder)),
        ["seal-age", file, out] => seal::age(path(file), path(out), false),
        ["seal-age-sha256", file, out] => seal::age(path(file), path(out), true),
        ["save", folder, count] => save::traced(path(folder), number(count)?),
        ["save-beside", folder, file, count] => save::beside(path(folder), path(file), number(count)?),
        ["save-at", folder, file, percent, count] => {
            save::at(path(folder), path(file), number(percent)?, number(count)?)
        }
        ["unlock", folder, copy, rows] => unlock::rows(path(folder), path(copy), number(rows)?),
        ["fill", folder, percent] => vaults::filled(path(folder), number(percent)?),
        ["memory", folder] => unlock::memory(path(folder)),
        ["lock", folder, count] => lock::times(path(folder), number(count)?),
        ["intake", invite, connections, count] => intake::kapok(invite, number(connections)?, number(count)?),
        ["sqlite", file, count] => intake::sqlite(path(file), number(count)?),
        _ => Err(USAGE.into()),
    }
}

fn number(word: &str) -> Result<usize, Trouble> {
    word.parse().map_err(|_| format!("`{word}` is not a number").into())
}
