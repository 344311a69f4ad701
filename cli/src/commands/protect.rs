//! `protect`: what the open vault lets others see or do: sending while it is locked, and erasing after wrong passphrases.
//!
//! What each setting protects against, and what not, is for people to read before: `docs/howto/seized.md`.

use kapok_core::{Device, EraseAfter};
use serde_json::json;

use crate::app::App;
use crate::args::{ProtectArgs, YesNo};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App, args: &ProtectArgs) -> Result<(), Failure> {
    // Refused before the passphrase is asked for.
    let erase_after = args.erase_after.map(wanted).transpose()?;
    let device = app.unlock()?;
    if let Some(yes) = args.send_while_locked {
        device.set_sends_while_locked(yes == YesNo::Yes)?;
    }
    if let Some(after) = erase_after {
        device.set_erase_after(after)?;
    }
    show(app, &device)
}

fn wanted(failures: u32) -> Result<EraseAfter, Failure> {
    EraseAfter::of_failures(failures).ok_or(Failure::usage("error.erase_after"))
}

fn show(app: &App, device: &Device) -> Result<(), Failure> {
    let (sends, after) = (device.sends_while_locked()?, device.erase_after()?);
    if app.json {
        output::document(&json!({"send_while_locked": sends, "erase_after": after.failures()}));
        return Ok(());
    }
    output::result(app.words.get(if sends { "protect.sends_locked" } else { "protect.sends_unlocked" }));
    output::result(&match after {
        EraseAfter::Never => app.words.get("protect.erase_never").to_owned(),
        after => app.words.fill("protect.erase_after", &[("failures", &after.failures().to_string())]),
    });
    Ok(())
}
