//! The words of the command line, with every default shown in the help.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use kapok_server::{ANSWER_FLOOR, CONNECTIONS_PER_ADDRESS, Config};

/// Takes sealed reports and keeps them for the desk. It cannot read them.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve (this is also what happens without a command).
    Serve(ServeArgs),
    /// Say which client keys of desks may pull, invite and publish. Works while the server runs.
    #[command(subcommand)]
    Desk(DeskCommand),
}

#[derive(Args)]
pub(crate) struct DataArgs {
    /// Folder for keys, database and sealed objects.
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_DATA)]
    pub(crate) data: PathBuf,
}

/// Where the data lie unless --data says another folder.
pub(crate) const DEFAULT_DATA: &str = "kapok-server-data";

#[derive(Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where devices connect; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where the desk connects.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8444")]
    desk_listen: SocketAddr,
    /// A DNS name for the certificate. May be given more than once; the first goes into the bundle.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,
    /// Where devices reach this server if it is not --listen. May be given more than once.
    #[arg(long, value_name = "ADDRESS:PORT")]
    public: Vec<SocketAddr>,
    /// Connections that one address (with IPv6: one /64) may have at a time on a port; more are closed at once. Raise
    /// it behind an onion service or a relay, where everybody comes from one address.
    #[arg(long, value_name = "NUMBER", default_value_t = CONNECTIONS_PER_ADDRESS)]
    connections_per_address: NonZeroUsize,
    /// Answers leave at multiples of this time, so that their time tells nothing. 0 switches it off, for
    /// measurements only.
    #[arg(long, value_name = "MS", default_value_t = millis(ANSWER_FLOOR))]
    answer_floor_ms: u64,
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl ServeArgs {
    pub(crate) fn config(self) -> Config {
        let mut config = Config::new(self.data.data);
        config.listen = self.listen;
        config.desk_listen = self.desk_listen;
        config.names = self.names;
        config.public = self.public;
        config.connections_per_address = self.connections_per_address;
        config.answer_floor = Duration::from_millis(self.answer_floor_ms);
        config
    }
}

#[derive(Subcommand)]
pub(crate) enum DeskCommand {
    /// Register a client key by its fingerprint, as kapok-desk prints it.
    Add {
        /// 64 hexadecimal digits: the SHA-256 of its public key info.
        #[arg(value_name = "FINGERPRINT")]
        key: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Print the registered client keys, one a line.
    List {
        #[command(flatten)]
        data: DataArgs,
        /// Print one JSON document instead.
        #[arg(long)]
        json: bool,
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn without_arguments_the_configuration_is_the_default_one() {
        Cli::command().debug_assert();
        let config = Cli::parse_from(["kapok-server"]).serve.config();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::new(DEFAULT_DATA)));
    }

    #[test]
    fn the_limit_per_address_is_a_flag_whose_help_names_the_default() {
        let config = |words: &[&str]| Cli::try_parse_from(words).map(|cli| cli.serve.config());
        let asked = config(&["kapok-server", "--connections-per-address", "500"]).unwrap();
        assert_eq!(asked.connections_per_address.get(), 500);
        assert!(config(&["kapok-server", "--connections-per-address", "0"]).is_err(), "nobody could connect");
        let help = Cli::command().render_long_help().to_string();
        let about = help.split("--connections-per-address").nth(1).unwrap().split("--answer").next().unwrap();
        assert!(about.contains("[default: 64]"), "{about}");
    }
}
