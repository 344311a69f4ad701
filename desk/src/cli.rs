//! Commands: results on stdout, notes and errors on stderr, an exit code that scripts rely on.

mod args;
mod failure;
mod files;
mod output;
mod passphrase;
mod phone;
mod reading;
mod server;
mod setup;
mod show;
mod stop;
mod times;
mod verify;
mod view;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser as _;
use kapok_desk::{Error, Folder};
use kapok_report::Pack;

use args::{Args, Command};
use output::{Output, note};
use words::Words;

/// What every command needs.
struct Session {
    dir: PathBuf,
    passphrase_fd: Option<u32>,
    out: Output,
    words: Words,
    /// The language asked for, as opposed to the locale's.
    lang: Option<words::Lang>,
    now: u64,
    pack: Pack,
    zone: times::Zone,
}

impl Session {
    fn folder(&self) -> Result<Folder, Error> {
        Folder::open(&self.dir)
    }
}

/// Runs the command of this process.
pub(crate) fn run() -> ExitCode {
    let args = Args::parse();
    let lang = args.lang;
    let pack = Pack::builtin();
    let session = Session {
        dir: args.dir,
        passphrase_fd: args.passphrase_fd,
        out: Output::new(args.json),
        words: Words::of(lang.unwrap_or_else(words::Lang::of_locale)),
        lang,
        // The one place that reads the clock. A clock before 1970 is wrong anyway; bundles then say so.
        now: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        zone: times::Zone::of(&pack),
        pack,
    };
    match dispatch(&session, args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("kapok-desk: {}", failure::text(&session.words, &error)));
            session.out.failure(&failure::document(&session.words, &error));
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(session: &Session, command: Command) -> Result<(), Error> {
    match command {
        Command::Init(args) => setup::init(session, &args),
        Command::Key(args) => setup::key(session, args),
        Command::Bundle(args) => setup::bundle(session, args),
        Command::Fingerprint => setup::fingerprint(session),
        Command::Publish(args) => server::publish(session, &args),
        Command::Invite(args) => server::invite(session, &args),
        Command::Phone(command) => phone::phone(session, &command),
        Command::Pull(args) => server::pull(session, &args),
        Command::List => reading::list(session),
        Command::Show(args) => show::show(session, &args),
        Command::Verify => verify::verify(session),
    }
}
