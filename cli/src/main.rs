//! `kapok`: a device on the command line, for testers, couriers and laptops.
//!
//! Thin on purpose: read the command line, call the core, print. No rule about reports, keys or networks lives here,
//! so that what a person sees in this program is what an app with the same core does. Words are data (`words/`).

mod app;
mod args;
mod commands;
mod confirm;
mod connection;
mod decision;
mod facts;
mod failure;
mod generated;
mod interview;
mod invite;
mod keys;
mod lang;
mod line;
mod output;
mod page;
mod passphrase;
mod problem;
mod progress;
mod route_table;
mod trouble;
mod warnings;
mod words;

use std::alloc::System;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use zeroizing_alloc::ZeroAlloc;

use crate::app::App;
use crate::args::Cli;
use crate::words::Words;

/// Answers and passphrases pass through strings and buffers of libraries, which free them as they are.
#[global_allocator]
static HEAP: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let lang = lang::early(std::env::args_os().skip(1));
    let words = Words::load(lang);
    let matches = args::command(&words).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    inquire::set_global_render_config(interview::look());
    let app = App::new(&cli, lang, words);
    match commands::run(&app, &cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(&app);
            ExitCode::from(failure.exit_code())
        }
    }
}
