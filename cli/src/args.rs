//! The command line, without its words: `words/*.json` has the help under `help.<command>` and `arg.<argument>`.
//!
//! There is no option and no variable for a passphrase, and no argument for an invite, which is a secret until it is
//! used: both can be read by other programs on the machine.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use kapok_core::{Profile, Reason};

use crate::words::Words;

#[derive(Parser)]
#[command(name = "kapok", version, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<LangArg>,
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[arg(long, global = true, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LangArg {
    Km,
    En,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Init(InitArgs),
    Passphrase(PassphraseArgs),
    Protect(ProtectArgs),
    #[command(subcommand)]
    Recovery(RecoveryCommand),
    Enrol(EnrolArgs),
    Report(ReportArgs),
    Attach(AttachArgs),
    Detach(DetachArgs),
    Drafts,
    Show(DraftArg),
    Search(SearchArgs),
    Note(NoteArgs),
    Undo(UndoArgs),
    Finish(DraftArg),
    Finished(FinishedArgs),
    Discard(DiscardArgs),
    Move(MoveArgs),
    Pool(PoolArgs),
    Outbox(OutboxArgs),
    Hold,
    Release(ReleaseArgs),
    Sync(SyncArgs),
    Status(NetworkArgs),
}

#[derive(Subcommand)]
pub(crate) enum RecoveryCommand {
    State,
    Make(MakeSharesArgs),
    Use,
}

/// People at most who hold shares of a vault, as in the core.
pub(crate) const MOST_PEOPLE: u8 = 10;

#[derive(Args)]
pub(crate) struct MakeSharesArgs {
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=i64::from(MOST_PEOPLE)))]
    pub(crate) people: u8,
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(2..=i64::from(MOST_PEOPLE)))]
    pub(crate) needed: u8,
}

#[derive(Args)]
pub(crate) struct InitArgs {
    #[arg(long, default_value_t = 4, value_name = "MIB")]
    pub(crate) half_mib: u32,
    #[arg(long, default_value_t = 64, value_name = "MIB")]
    pub(crate) pool_mib: u32,
    #[arg(long)]
    pub(crate) set_aside: bool,
    #[arg(long, value_enum, default_value_t = DeviceKeyArg::Software)]
    pub(crate) device_key: DeviceKeyArg,
    #[arg(long, value_enum)]
    pub(crate) passphrase_kind: Option<KindOfPassphrase>,
    #[arg(long, value_enum, default_value_t = GuessCost::Measured)]
    pub(crate) guess_cost: GuessCost,
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub(crate) more_vaults: u8,
    #[arg(long)]
    pub(crate) erasing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindOfPassphrase {
    English,
    Khmer,
    Digits,
    Own,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GuessCost {
    Measured,
    Least,
}

#[derive(Args)]
pub(crate) struct PassphraseArgs {
    #[arg(long, value_name = "N", conflicts_with = "passphrase_kind")]
    pub(crate) new_passphrase_fd: Option<u32>,
    #[arg(long, value_enum)]
    pub(crate) passphrase_kind: Option<KindOfPassphrase>,
}

#[derive(Args)]
pub(crate) struct PoolArgs {
    #[arg(long, value_name = "MIB")]
    pub(crate) grow_to_mib: Option<String>,
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct OutboxArgs {
    #[arg(long)]
    pub(crate) renew: bool,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Args)]
pub(crate) struct ProtectArgs {
    #[arg(long, value_enum)]
    pub(crate) send_while_locked: Option<YesNo>,
    #[arg(long, value_name = "0|5|10|20")]
    pub(crate) erase_after: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeviceKeyArg {
    None,
    Software,
}

#[derive(Args)]
pub(crate) struct EnrolArgs {
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Args)]
pub(crate) struct ReportArgs {
    #[arg(long, default_value = "detention_quick", conflicts_with = "draft")]
    pub(crate) form: String,
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    #[arg(long, value_name = "NUMBER")]
    pub(crate) draft: Option<i64>,
}

#[derive(Args)]
pub(crate) struct AttachArgs {
    #[arg(value_name = "DRAFT")]
    pub(crate) draft: i64,
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[arg(long, value_enum)]
    pub(crate) kind: Option<KindArg>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    Photo,
    Audio,
    Video,
    Document,
}

#[derive(Args)]
pub(crate) struct DraftArg {
    #[arg(value_name = "DRAFT")]
    pub(crate) draft: i64,
}

#[derive(Args)]
pub(crate) struct SearchArgs {
    #[arg(value_name = "TEXT")]
    pub(crate) text: Option<String>,
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) limit: u32,
}

#[derive(Args)]
pub(crate) struct NoteArgs {
    #[arg(value_name = "DRAFT")]
    pub(crate) draft: i64,
    #[arg(value_name = "NOTE")]
    pub(crate) note: Option<String>,
}

#[derive(Args)]
pub(crate) struct UndoArgs {
    #[arg(value_name = "DRAFT")]
    pub(crate) draft: i64,
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct FinishedArgs {
    #[arg(long, value_name = "CODE", conflicts_with = "forget_all")]
    pub(crate) forget: Vec<String>,
    #[arg(long)]
    pub(crate) forget_all: bool,
    #[arg(long, value_name = "PROFILE", value_parser = profile)]
    pub(crate) keep: Option<Profile>,
    #[arg(long)]
    pub(crate) yes: bool,
}

fn profile(code: &str) -> Result<Profile, String> {
    Profile::from_code(code).ok_or_else(|| Profile::ALL.map(Profile::code).join(", "))
}

#[derive(Args)]
pub(crate) struct DiscardArgs {
    #[arg(value_name = "DRAFT")]
    pub(crate) draft: i64,
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct DetachArgs {
    #[arg(value_name = "DRAFT")]
    pub(crate) draft: i64,
    #[arg(value_name = "ATTACHMENT")]
    pub(crate) attachment: String,
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct MoveArgs {
    #[command(subcommand)]
    pub(crate) step: Option<MoveStep>,
}

#[derive(Subcommand)]
pub(crate) enum MoveStep {
    #[command(name = "receive")]
    Receive(MoveReceiveArgs),
    #[command(name = "send")]
    Send(MoveSendArgs),
    #[command(name = "import")]
    Import(MoveImportArgs),
    #[command(name = "end")]
    End(MoveEndArgs),
    #[command(name = "cancel")]
    Cancel(MoveCancelArgs),
}

#[derive(Args)]
pub(crate) struct MoveReceiveArgs {
    #[arg(long, value_name = "FILE")]
    pub(crate) key_out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct MoveSendArgs {
    #[arg(long, value_name = "FILE|KEY")]
    pub(crate) to: String,
    #[arg(long, value_name = "DIGITS")]
    pub(crate) key_digits: Option<String>,
    #[arg(value_name = "OUT")]
    pub(crate) move_out: PathBuf,
}

#[derive(Args)]
pub(crate) struct MoveImportArgs {
    #[arg(value_name = "FILE")]
    pub(crate) move_file: PathBuf,
    #[arg(long, value_name = "DIGITS")]
    pub(crate) file_digits: Option<String>,
}

#[derive(Args)]
pub(crate) struct MoveEndArgs {
    #[arg(value_name = "CODE")]
    pub(crate) arrival: Option<String>,
}

#[derive(Args)]
pub(crate) struct MoveCancelArgs {
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct ReleaseArgs {
    #[arg(long)]
    pub(crate) forget_network: bool,
}

#[derive(Args)]
pub(crate) struct SyncArgs {
    /// With `wait` the time it takes would tell whether something waits.
    #[arg(long, conflicts_with = "wait")]
    pub(crate) locked: bool,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_objects: Option<u32>,
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub(crate) confirm: Vec<Reason>,
}

fn reason(code: &str) -> Result<Reason, String> {
    Reason::from_code(code).ok_or_else(|| Reason::ALL.map(Reason::code).join(", "))
}

#[derive(Args, Clone, Copy, Default)]
pub(crate) struct NetworkArgs {
    #[arg(long, value_enum)]
    pub(crate) network: Option<NetworkArg>,
    #[arg(long, value_enum)]
    pub(crate) metered: Option<YesNo>,
    #[arg(long, value_enum)]
    pub(crate) roaming: Option<YesNo>,
    #[arg(long, value_enum)]
    pub(crate) captive: Option<YesNo>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NetworkArg {
    None,
    Wifi,
    Cellular,
    Ethernet,
    Unknown,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    Yes,
    No,
}

/// The command line with its help in words.
pub(crate) fn command(words: &Words) -> clap::Command {
    localised(Cli::command(), words).after_help(words.get("help.exit_codes").to_owned())
}

fn localised(mut command: clap::Command, words: &Words) -> clap::Command {
    let about = words.get(&format!("help.{}", command.get_name())).to_owned();
    command = command.about(about);
    let ids: Vec<_> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    for id in ids.into_iter().filter(|id| !matches!(id.as_str(), "help" | "version")) {
        let text = words.get(&format!("arg.{id}")).to_owned();
        command = command.mut_arg(id, |arg| arg.help(text));
    }
    let names: Vec<_> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| localised(sub, words));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    #[test]
    fn the_command_line_is_consistent_and_every_part_has_help_in_both_languages() {
        for lang in Lang::ALL {
            let mut command = command(&Words::load(lang));
            command.clone().debug_assert();
            let help = command.render_long_help().to_string();
            assert!(!help.contains("help.") && !help.contains("arg."), "a key stands where words should: {help}");
            for sub in command.get_subcommands_mut() {
                let help = sub.render_long_help().to_string();
                assert!(!help.contains("help.") && !help.contains("arg."), "{help}");
            }
        }
    }

    #[test]
    fn no_option_takes_a_passphrase_or_an_invite() {
        let command = Cli::command();
        let all = command.get_subcommands().flat_map(|sub| sub.get_arguments()).chain(command.get_arguments());
        for arg in all {
            let id = arg.get_id().as_str();
            let harmless = ["passphrase_fd", "new_passphrase_fd", "passphrase_kind"].contains(&id);
            assert!(harmless || !id.contains("passphrase") && !id.contains("invite"), "{id}");
        }
    }
}
