//! `sync --locked`: for schedulers. Sends what vaults lent for it, as far as the policy allows, and tells nothing of that.
//!
//! Whoever is made to open one vault, sees nothing waiting, locks it and tries this, must not learn that another one waits. So one
//! sentence and one exit code stand for everything: nothing waits, it was sent, it is held, the line failed, Ctrl-C. Counts without
//! names were rejected: a count is what shows. How long it takes, and the traffic, still do.

use kapok_core::{Device, SystemClock};
use serde_json::json;

use crate::app::App;
use crate::args::SyncArgs;
use crate::connection::{self, Connection};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App, args: &SyncArgs) -> Result<(), Failure> {
    let device = app.open()?;
    // The vault tells how it ended, in `status`.
    let _ = send(app, &device, args);
    if app.json {
        output::document(&json!({"done": true}));
    } else {
        output::result(app.words.get("sync.locked"));
    }
    Ok(())
}

fn send(app: &App, device: &Device, args: &SyncArgs) -> Result<(), Failure> {
    let Connection { organisation, facts, mut options } = Connection::of(app, device, &args.network)?;
    if organisation.is_some_and(|organisation| organisation.expired) {
        // As in `sync`: what cannot be renewed, the policy judges.
        let _ = connection::run(device.refresh_bundle(&facts, &options, app.now()));
    }
    options.max_objects = args.max_objects.unwrap_or(u32::MAX);
    options.confirmed = args.confirm.iter().copied().collect();
    connection::run(device.sync(&facts, &options, &SystemClock, &mut |_| {})).map(drop)
}
