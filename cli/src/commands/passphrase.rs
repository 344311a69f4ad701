//! `passphrase`: changes the passphrase of the vault.

use kapok_core::{KdfParams, SystemClock};
use serde_json::json;

use crate::app::App;
use crate::args::PassphraseArgs;
use crate::failure::Failure;
use crate::output;
use crate::passphrase::Source;

pub(crate) fn run(app: &App, args: &PassphraseArgs) -> Result<(), Failure> {
    let device = app.open()?;
    // Tried first: nobody should learn a new one only to hear that the current one was mistyped.
    let current = app.unlock_with(&device)?;
    let had_shares = device.recovery()?.is_some_and(|made| made.valid);
    device.lock();
    let source = args.new_passphrase_fd.map(Source::Descriptor);
    // The cost of a guess stays that of the vault, at least this.
    let new = app.new_passphrase(None, source, args.passphrase_kind, app.key_level()?, KdfParams::FLOOR)?;
    device.change_passphrase(&current, &new, &SystemClock)?;
    if app.json {
        output::document(&json!({"changed": true}));
    } else {
        output::result(app.words.get("passphrase.changed"));
    }
    if had_shares {
        app.say("recovery.changed");
    }
    Ok(())
}
