//! `kapok-server`: serves, and registers the client keys of desks.

mod args;
mod ready;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use args::{Cli, Command, DeskCommand, ServeArgs};
use clap::Parser as _;
use kapok_server::{Error, Server, client_keys};
use ready::Ready;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    log();
    let cli = Cli::parse();
    let done = match cli.command {
        None => serve(cli.serve),
        Some(Command::Serve(args)) => serve(args),
        Some(Command::Desk(command)) => desk(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("kapok-server: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Warnings and errors of our own, to standard error. There is no access log, and no level that would make one.
/// Libraries are not heard: they warn of what a client does, so any client could write into the log.
fn log() {
    let ours = Targets::new().with_target("kapok_server", LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_filter(ours);
    tracing_subscriber::registry().with(lines).init();
}

/// Prints a line. A closed standard output is no reason to stop serving.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Prints a line for the person, beside the results. If standard error is closed there is nobody else to tell.
fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn desk(command: DeskCommand) -> Result<(), Error> {
    match command {
        DeskCommand::Add { key, data } => {
            let key = client_keys::parse(&key)?;
            client_keys::add(&data.data, key)?;
            say(&format!("Client key {key} is registered."));
        }
        DeskCommand::List { data, json } => {
            let keys: Vec<_> = client_keys::list(&data.data)?.iter().map(ToString::to_string).collect();
            if json {
                say(&serde_json::json!({ "client_keys": keys }).to_string());
            } else {
                keys.iter().for_each(|key| say(key));
            }
            if keys.is_empty() {
                note("No client key is registered; kapok-server desk add registers one.");
            }
        }
        DeskCommand::Remove { key, data } => {
            let key = client_keys::parse(&key)?;
            client_keys::remove(&data.data, key)?;
            say(&format!("Client key {key} is removed."));
        }
    }
    Ok(())
}

fn serve(args: ServeArgs) -> Result<(), Error> {
    let config = args.config();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let failed = |error: std::io::Error| Error::System(error.kind());
    let runtime = runtime.map_err(failed)?;
    runtime.block_on(async {
        // Before the ready line: whoever reads it may send a signal at once.
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let server = Server::start(config.clone()).await?;
        let terminal = std::io::stdout().is_terminal();
        Ready::new(&server, &config.data).lines(terminal).iter().for_each(|line| say(line));
        let signalled = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if terminal {
                say("Stopping: what is under way is answered first.");
            }
        };
        server.run_until(signalled).await
    })
}
