//! Measures one thing in a process of its own and prints one line of JSON. `cargo xtask bench` runs these in pairs and
//! prints ratios; nothing is asserted here.
//!
//! A process each, because processor time and peak memory are then those of the thing measured and of nothing else.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing its figures is what this program is for")]

mod intake;
mod process;
mod save;
mod seal;

use std::path::Path;

type Outcome = Result<serde_json::Value, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: kapok-measure seal-kapok FILE FOLDER
       kapok-measure seal-age FILE OUT
       kapok-measure seal-age-sha256 FILE OUT
       kapok-measure save FOLDER COUNT
       kapok-measure fdatasync FILE COUNT BYTES
       kapok-measure intake INVITE CONNECTIONS COUNT
       kapok-measure sqlite FILE COUNT";

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["seal-kapok", file, folder] => seal::kapok(Path::new(file), Path::new(folder)),
        ["seal-age", file, out] => seal::age(Path::new(file), Path::new(out), false),
        ["seal-age-sha256", file, out] => seal::age(Path::new(file), Path::new(out), true),
        ["save", folder, count] => number(count).and_then(|count| save::kapok(Path::new(folder), count)),
        ["fdatasync", file, count, bytes] => number(count)
            .and_then(|count| number(bytes).and_then(|bytes| save::fdatasync(Path::new(file), count, bytes))),
        ["intake", invite, connections, count] => number(connections)
            .and_then(|connections| number(count).and_then(|count| intake::kapok(invite, connections, count))),
        ["sqlite", file, count] => number(count).and_then(|count| intake::sqlite(Path::new(file), count)),
        _ => Err(USAGE.into()),
    };
    match outcome {
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

fn number(word: &str) -> Result<usize, Box<dyn std::error::Error>> {
    word.parse().map_err(|_| format!("`{word}` is not a number").into())
}
