//! `cargo xtask demo`: one report's whole way, with the real programs, real files and real faults.
//!
//! Every line that claims something is checked here before it is printed; a claim that does not hold ends the demo
//! with a failure. The parts: [`prepare`] sets up server, desk and phone; [`record`] is the phone without a network;
//! [`send`] is the way to the server with a kill in the middle; [`receive`] is the desk; [`search`] reads every byte.

mod children;
mod photo;
mod prepare;
mod receive;
mod record;
mod scan;
mod search;
mod send;
mod speech;
pub(crate) mod stage;
mod story;
mod summary;
mod trace;

use std::time::Instant;

use crate::run::{Cmd, Done, Failure};
use crate::tools;

pub(crate) use prepare::{invite, serve};
use stage::Stage;
use story::Story;

/// Runs the whole script.
pub(crate) fn run(words: &[String]) -> Done {
    if let Some(word) = words.first() {
        return Err(Failure::new(format!("the demo takes no `{word}`")));
    }
    play("build -p kapok-cli -p kapok-server -p kapok-desk --bins --locked --quiet")
}

/// Builds the programs with this cargo line, then plays. The test run has built them together with the tests; another
/// selection of packages would have other features and be built a second time.
pub(crate) fn play(build: &str) -> Done {
    let start = Instant::now();
    tools::for_demo()?;
    Cmd::cargo(build).stream()?;
    let built = start.elapsed();

    let stage = Stage::new()?;
    opening(&stage);
    let story = Story::make(&stage.path("input"))?;
    let ready = prepare::run(&stage)?;
    let written = record::run(&stage, &story)?;
    search::run(&stage, &story, "before anything was sent", &["phone"])?;
    let sent = send::run(&stage, ready)?;
    receive::run(&stage, &story, &written.code)?;
    search::run(&stage, &story, "after everything", &["phone", "server", "desk"])?;
    search::control(&stage, &story)?;
    sent.server.stop()?;
    summary::print(&stage, &story, &sent.counts, built, start.elapsed())
}

/// How to read what follows.
fn opening(stage: &Stage) {
    println!("\nOne report's whole way, played with the real programs in {}", stage.path("").display());
    println!("  $  a command, as you would type it in that folder (programs: target/debug/); below it what it said");
    println!("  ✔  a claim that was checked just now; one that does not hold ends the demo");
    println!("  --passphrase-fd 0 hands the passphrase over on standard input; without it the program would ask.");
}

/// A heading in the output.
fn chapter(title: &str) {
    println!("\n━━ {title}");
}

/// A claim that was just checked.
fn checked(claim: &str) {
    println!("  ✔ {claim}");
}

/// Fails unless the claim holds.
fn check(holds: bool, claim: &str) -> Done {
    if holds {
        checked(claim);
        return Ok(());
    }
    Err(Failure::new(format!("this did not hold: {claim}")))
}
