//! Questions with a yes and a no: before something is sent that the policy asks about, deleted or sealed.
//!
//! Anything but a clear yes is a no, and the no stands first, where the cursor is.

use std::collections::BTreeSet;

use inquire::{InquireError, Select};
use kapok_core::Reason;

use crate::app::App;
use crate::decision::{self, About};
use crate::failure::Failure;
use crate::interview::stopped;
use crate::output;

/// Whether to send although there are reasons against it.
pub(crate) fn send(app: &App, reasons: &BTreeSet<Reason>, about: About) -> Result<bool, Failure> {
    let reasons: Vec<_> = reasons.iter().copied().collect();
    output::note(&decision::lines(app, &reasons, None, true, about));
    yes(app, "ask.send_anyway", "ask.send_no", "ask.send_yes")
}

/// Whether what cannot be undone has to be asked about; without anybody to ask the command line has to say yes.
pub(crate) fn must_ask(app: &App, said_yes: bool) -> Result<bool, Failure> {
    if said_yes || app.may_ask() { Ok(!said_yes) } else { Err(Failure::usage("error.say_yes")) }
}

/// Whether `what` is to be deleted.
pub(crate) fn delete(app: &App, what: &str) -> Result<bool, Failure> {
    output::note(what);
    yes(app, "ask.delete", "ask.delete_no", "ask.delete_yes")
}

/// Whether what was saved last is to be taken back: `what` names the questions.
pub(crate) fn undo(app: &App, what: &str) -> Result<bool, Failure> {
    output::note(what);
    yes(app, "ask.undo", "ask.undo_no", "ask.undo_yes")
}

/// Whether a move that was sent is to be given up.
pub(crate) fn cancel_move(app: &App) -> Result<bool, Failure> {
    output::note(app.words.get("move.cancel_what"));
    yes(app, "ask.move_cancel", "ask.move_cancel_no", "ask.move_cancel_yes")
}

/// Whether the pool is to be made longer.
pub(crate) fn grow(app: &App) -> Result<bool, Failure> {
    yes(app, "ask.grow", "ask.grow_no", "ask.grow_yes")
}

/// Whether a report is to be sealed.
pub(crate) fn seal(app: &App) -> Result<bool, Failure> {
    yes(app, "ask.seal", "ask.seal_no", "ask.seal_yes")
}

/// Whether shares are to be made.
pub(crate) fn share(app: &App) -> Result<bool, Failure> {
    yes(app, "recovery.ask", "recovery.ask_no", "recovery.ask_yes")
}

fn yes(app: &App, question: &str, no: &str, yes: &str) -> Result<bool, Failure> {
    let (no, yes) = (app.words.get(no), app.words.get(yes));
    let help = app.words.get("ask.help_yes");
    let select = Select::new(app.words.get(question), vec![no, yes]).with_help_message(help).without_filtering();
    match select.prompt() {
        Ok(chosen) => Ok(chosen == yes),
        Err(InquireError::OperationCanceled) => Ok(false),
        Err(error) => Err(stopped(error)),
    }
}
