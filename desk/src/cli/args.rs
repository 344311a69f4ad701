//! The command line's grammar. Names stay: how-tos and scripts use them.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use kapok_desk::Role;
use kapok_desk::limits::{INVITE_HOURS, VALID_DAYS};
use kapok_wire::bundle::Class;

use super::words::Lang;

const EXIT_CODES: &str = "Exit codes: 0 done; 1 other error; 2 wrong use; 3 wrong or unusable passphrase; 5 the server \
    cannot be reached or not everything is here, try again later; 6 disk full; 7 damaged, or made by a newer version; \
    8 refused by the server or as a bundle, a person must act; 9 nothing there (no desk, report, phone, key, bundle or file); \
    10 in use by another process; 11 not checked, because keys are elsewhere; 130 stopped with Ctrl-C.";

/// The organisation's desk: keys, invites, pull, open, show.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
pub(crate) struct Args {
    /// The desk's folder.
    #[arg(long, global = true, default_value = "./kapok-desk", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Read the passphrase from this descriptor, up to the first newline, instead of asking.
    #[arg(long, global = true, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
    /// Print one JSON document, also for a failure.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of words and labels: km (Khmer) or en (English) [default: the locale's, else en; show prints both]
    #[arg(long, global = true, value_name = "km|en", hide_possible_values = true)]
    pub(crate) lang: Option<Lang>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a desk: for trying out with all keys on this machine, or around a bundle signed elsewhere.
    Init(InitArgs),
    /// Make or add a key.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make, sign or check a bundle.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Print the fingerprint that `kapok-server desk add` wants.
    Fingerprint,
    /// Send the signed bundle to the server, after a test decryption.
    Publish(PublishArgs),
    /// Register an invite and print its QR code and text.
    Invite(InviteArgs),
    /// List the phones that were invited with --for; write a lost one off.
    #[command(subcommand)]
    Phone(PhoneCommand),
    /// Fetch sealed objects into the inbox; needs no passphrase.
    Pull(PullArgs),
    /// List what was pulled.
    List,
    /// Print a report; write its attachments only with --extract.
    Show(ShowArgs),
    /// Check every pulled report: it opens, all chunks are here, hashes are right.
    Verify,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The file server-card.json from the server's data folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) server_card: PathBuf,
    /// The organisation's name, shown to people who enrol.
    #[arg(long, value_name = "NAME", required_unless_present = "bundle")]
    pub(crate) organisation: Option<String>,
    /// Days until the bundle expires.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(VALID_DAYS))]
    pub(crate) valid_days: u64,
    /// A bundle that was signed elsewhere: make no keys here.
    #[arg(long, value_name = "FILE", conflicts_with = "organisation")]
    pub(crate) bundle: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleArg {
    Root,
    Triage,
    Identities,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Root => Self::Root,
            RoleArg::Triage => Self::Desk(Class::Triage),
            RoleArg::Identities => Self::Desk(Class::Identities),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key in a file behind a passphrase and print its public part.
    New {
        /// What the key is for.
        #[arg(long)]
        role: RoleArg,
        /// The file to make.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Copy a desk key's file, still locked, into the desk's folder.
    Add {
        /// The key's file.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Write an unsigned bundle.
    New(BundleNewArgs),
    /// Add a root key's signature to a bundle's file.
    Sign {
        /// The root key's file.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The bundle's file.
        bundle: PathBuf,
    },
    /// Print what a bundle says, who signed it, and whether keys open what is sealed to it.
    Check {
        /// The bundle's file.
        bundle: PathBuf,
        /// A desk key's file to try.
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
    },
}

/// A public key here is either the key itself or the name of a file that holds it.
#[derive(Debug, clap::Args)]
pub(crate) struct BundleNewArgs {
    /// The file server-card.json from the server's data folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) server_card: PathBuf,
    /// The organisation's name, shown to people who enrol.
    #[arg(long, value_name = "NAME")]
    pub(crate) organisation: String,
    /// Days until the bundle expires.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(VALID_DAYS))]
    pub(crate) valid_days: u64,
    /// Number of this bundle; else one more than the one in the desk's folder.
    #[arg(long)]
    pub(crate) sequence: Option<u64>,
    /// Public root keys, three times.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) root: Vec<String>,
    /// Public desk keys of class triage, two or three.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) triage: Vec<String>,
    /// Public desk keys of class identities, two or three.
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) identities: Vec<String>,
    /// The file to make.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PublishArgs {
    /// A newly signed bundle; else the one in the desk's folder again.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    /// Publish although some desk keys of the bundle are on other machines, where `bundle check --key` tried them.
    #[arg(long)]
    pub(crate) keys_elsewhere: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InviteArgs {
    /// Hours until it expires.
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u64).range(INVITE_HOURS))]
    pub(crate) hours: u64,
    /// Write the text that begins with KAPOK1 into a new file, for its owner only, and print the QR code alone.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Keep, sealed, what the desk calls the person or the phone, for `phone list`: better a nickname. With - it is asked for.
    #[arg(long = "for", value_name = "LABEL")]
    pub(crate) label: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PhoneCommand {
    /// List the phones that were invited with a label.
    List,
    /// Write a lost phone off, and say what that means.
    Lost {
        /// The phone's number in `phone list`.
        number: usize,
        /// Do not ask; for scripts.
        #[arg(long)]
        yes: bool,
    },
    /// Delete the records of a phone for good.
    Forget {
        /// The phone's number in `phone list`.
        number: usize,
        /// Do not ask; for scripts.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct PullArgs {
    /// Pull everything again: replaces damaged files, writes nothing twice.
    #[arg(long)]
    pub(crate) again: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The report's code, such as K7-PQ4.
    pub(crate) code: String,
    /// Write the attachments into this folder, unencrypted.
    #[arg(long, value_name = "DIR")]
    pub(crate) extract: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;
    use kapok_desk::{Doing, Error};

    /// Exit codes in the first column of the table under this heading.
    fn table(page: &str) -> BTreeSet<u8> {
        let section = page.split("## Exit codes\n").nth(1).unwrap().split("\n## ").next().unwrap();
        section.lines().filter_map(|line| line.split('|').nth(1)?.trim().parse().ok()).collect()
    }

    #[test]
    fn help_and_page_list_the_same_exit_codes_and_all_that_an_error_can_give() {
        let page = table(include_str!("../../../docs/howto/desk.md"));
        let help: BTreeSet<u8> = super::EXIT_CODES
            .split([';', ':'])
            .filter_map(|part| part.split_whitespace().next()?.parse().ok())
            .collect();
        assert_eq!(page, help);
        let io = |kind| Error::Io { what: Doing::Start, kind };
        let errors = [
            (io(std::io::ErrorKind::PermissionDenied), 1),
            (Error::NotAllRight { wrong: 1 }, 1),
            (Error::NoPassphrase, 2),
            (Error::PassphraseLong { max: 1 }, 2),
            (Error::ThreeRoots, 2),
            (Error::WrongPassphrase, 3),
            (Error::PassphraseEmpty, 3),
            (Error::PassphraseNotText, 3),
            (Error::PassphraseShort { min: 8 }, 3),
            (Error::PassphraseMismatch, 3),
            (Error::Unreachable, 5),
            (Error::NotAllHere { incomplete: 1 }, 5),
            (Error::DiskFull, 6),
            (Error::NewerFolder, 7),
            (kapok_seal::Error::EnvelopePayload.into(), 7),
            (Error::Unsigned, 8),
            (Error::TooFewSignatures { good: 1 }, 8),
            (kapok_wire::bundle::BundleError::Expired.into(), 8),
            (kapok_wire::Problem::BundleRefused.into(), 8),
            (Error::NoDesk, 9),
            (Error::NoFile { argument: "FILE" }, 9),
            (Error::InUse, 10),
            (Error::NotAllChecked { unchecked: 1 }, 11),
            (Error::Stopped, 130),
        ];
        for (error, code) in &errors {
            assert_eq!(error.exit_code(), *code, "{error}");
        }
        let given: BTreeSet<u8> = errors.iter().map(|(error, _)| error.exit_code()).chain([0]).collect();
        assert_eq!(given, page);
        // A number that the device has too is the device's.
        let device = table(include_str!("../../../docs/howto/device.md"));
        assert_eq!(page.difference(&device).copied().collect::<Vec<_>>(), [11]);
    }

    #[test]
    fn the_grammar_is_sound() {
        super::Args::command().debug_assert();
    }
}
