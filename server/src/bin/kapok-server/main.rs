//! `kapok-server`: serves, and registers the client keys of desks.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use kapok_server::{Config, Error, Server, client_keys};
use tokio::signal::unix::{SignalKind, signal};

/// Takes sealed reports and keeps them for the desk. It cannot read them.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (this is also what happens without a command).
    Serve(ServeArgs),
    /// Say which client keys of desks may pull, invite and publish. Works while the server runs.
    #[command(subcommand)]
    Desk(DeskCommand),
}

#[derive(Args)]
struct DataArgs {
    /// Folder for keys, database and sealed objects.
    #[arg(long, default_value = "kapok-server-data")]
    data: PathBuf,
}

#[derive(Args)]
struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where devices connect; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where the desk connects.
    #[arg(long, default_value = "127.0.0.1:8444")]
    desk_listen: SocketAddr,
    /// A DNS name for the certificate. May be given more than once; the first goes into the bundle.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Where devices reach this server if it is not --listen, as ADDRESS:PORT. May be given more than once.
    #[arg(long, value_name = "ADDRESS:PORT")]
    public: Vec<SocketAddr>,
    /// Answers leave at multiples of this time, so that their time tells nothing. 0 switches it off, for
    /// measurements only.
    #[arg(long, value_name = "MS", default_value_t = 50)]
    answer_floor_ms: u64,
}

#[derive(Subcommand)]
enum DeskCommand {
    /// Register a client key by its fingerprint, as kapok-desk prints it.
    Add {
        /// 64 hexadecimal digits: the SHA-256 of its public key info.
        #[arg(value_name = "FINGERPRINT")]
        key: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print the registered client keys.
    List {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove a client key; it is refused at once.
    Remove {
        /// 64 hexadecimal digits: the SHA-256 of its public key info.
        #[arg(value_name = "FINGERPRINT")]
        key: String,
        #[command(flatten)]
        data: DataArgs,
    },
}

fn main() -> ExitCode {
    // Warnings and errors only, to standard error. There is no access log, and no level that would make one.
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).with_ansi(false).init();
    let cli = Cli::parse();
    let done = match cli.command {
        None => serve(cli.serve),
        Some(Command::Serve(args)) => serve(args),
        Some(Command::Desk(command)) => desk(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; there is nobody else to tell.
            let _ = writeln!(std::io::stderr(), "kapok-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line. A closed standard output is no reason to stop serving.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn desk(command: DeskCommand) -> Result<(), Error> {
    match command {
        DeskCommand::Add { key, data } => {
            let key = client_keys::parse(&key)?;
            client_keys::add(&data.data, key)?;
            say(&format!("Client key {key} is registered."));
        }
        DeskCommand::List { data } => {
            for key in client_keys::list(&data.data)? {
                say(&key.to_string());
            }
        }
        DeskCommand::Remove { key, data } => {
            let key = client_keys::parse(&key)?;
            let was = if client_keys::remove(&data.data, key)? { "is removed" } else { "was not registered" };
            say(&format!("Client key {key} {was}."));
        }
    }
    Ok(())
}

fn serve(args: ServeArgs) -> Result<(), Error> {
    let mut config = Config::new(args.data.data);
    config.listen = args.listen;
    config.desk_listen = args.desk_listen;
    config.names = args.names;
    config.public = args.public;
    config.answer_floor = Duration::from_millis(args.answer_floor_ms);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::File { path: config.data.clone(), kind: error.kind() })?;
    runtime.block_on(async {
        // Before the ready line: whoever reads it may send a signal at once.
        let failed = |error: std::io::Error| Error::File { path: config.data.clone(), kind: error.kind() };
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let server = Server::start(config.clone()).await?;
        announce(&server, &config.data);
        let signalled = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        server.run_until(signalled).await
    })
}

fn announce(server: &Server, data: &Path) {
    let card = std::path::absolute(server.card_path()).unwrap_or_else(|_| server.card_path().to_owned());
    say(&format!("Devices connect to {}", server.listen()));
    say(&format!("The desk connects to {}", server.desk_listen()));
    say(&format!("Pin {}", server.pin()));
    say(&format!("Card for the desk: {}", card.display()));
    if client_keys::list(data).is_ok_and(|keys| keys.is_empty()) {
        say("No client key is registered yet; run: kapok-server desk add FINGERPRINT");
    }
    let ready = serde_json::json!({
        "ready": 1,
        "listen": server.listen(),
        "desk_listen": server.desk_listen(),
        "pin": server.pin().to_string(),
        "card": card,
    });
    say(&ready.to_string());
}
