//! `passphrase`: changes the passphrase of the vault.

use kapok_core::SystemClock;
use serde_json::json;

use crate::app::App;
use crate::args::PassphraseArgs;
use crate::failure::Failure;
use crate::output;
use crate::passphrase::Source;

pub(crate) fn run(app: &App, args: &PassphraseArgs) -> Result<(), Failure> {
    let device = app.open()?;
    let current = app.existing_passphrase(&device)?;
    // Tried first: nobody should think up and type a new one twice only to learn that the current one was mistyped.
    device.unlock(&current, &SystemClock)?;
    device.lock();
    let new = match args.new_passphrase_fd {
        Some(number) => Source::Descriptor(number).fresh(&app.words)?,
        None => app.new_passphrase()?,
    };
    device.change_passphrase(&current, &new, &SystemClock)?;
    if app.json {
        output::document(&json!({"changed": true}));
    } else {
        output::result(app.words.get("passphrase.changed"));
    }
    Ok(())
}
