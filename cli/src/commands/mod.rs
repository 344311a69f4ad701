//! The commands: one file each, or one for a pair.

mod attach;
mod detach;
mod discard;
mod drafts;
mod enrol;
mod finish;
mod finished;
mod hold;
mod init;
mod moving;
mod note;
mod outbox;
mod passphrase;
mod pool;
mod protect;
mod recovery;
mod report;
mod search;
mod show;
mod status;
mod sync;
mod sync_locked;
mod undo;

use crate::app::App;
use crate::args::Command;
use crate::failure::Failure;

pub(crate) fn run(app: &App, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Init(args) => init::run(app, args),
        Command::Passphrase(args) => passphrase::run(app, args),
        Command::Protect(args) => protect::run(app, args),
        Command::Recovery(command) => recovery::run(app, command),
        Command::Enrol(args) => enrol::run(app, args),
        Command::Report(args) => report::run(app, args),
        Command::Attach(args) => attach::run(app, args),
        Command::Detach(args) => detach::run(app, args),
        Command::Drafts => drafts::run(app),
        Command::Show(args) => show::run(app, args.draft),
        Command::Search(args) => search::run(app, args),
        Command::Note(args) => note::run(app, args),
        Command::Undo(args) => undo::run(app, args),
        Command::Finish(args) => finish::run(app, args.draft),
        Command::Finished(args) => finished::run(app, args),
        Command::Discard(args) => discard::run(app, args),
        Command::Move(args) => moving::run(app, args.step.as_ref()),
        Command::Pool(args) => pool::run(app, args),
        Command::Outbox(args) => outbox::run(app, args),
        Command::Hold => hold::hold(app),
        Command::Release(args) => hold::release(app, args),
        Command::Sync(args) if args.locked => sync_locked::run(app, args),
        Command::Sync(args) => sync::run(app, args),
        Command::Status(args) => status::run(app, args),
    }
}
