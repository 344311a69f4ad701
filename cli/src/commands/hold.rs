//! `hold` and `release`: the person's own stop. Works locked, survives restarts.

use std::time::{Duration, Instant};

use kapok_core::{Device, Error};
use serde_json::json;

use crate::app::App;
use crate::args::{NetworkArgs, ReleaseArgs};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::output;

/// Between two looks whether the other one has stopped.
const LOOK: Duration = Duration::from_millis(100);

/// The brake: it must work most of all while another kapok is sending.
pub(crate) fn hold(app: &App) -> Result<(), Failure> {
    match app.try_open()? {
        Err(Error::InUse) => {
            Device::request_hold(app.home()?)?;
            app.say("hold.other");
            // "Nothing leaves" is said when it is true: what the other has under way may still end.
            let end = Instant::now() + Device::HOLD_WITHIN;
            while Instant::now() < end && matches!(app.try_open()?, Err(Error::InUse)) {
                std::thread::sleep(LOOK);
            }
        }
        device => device?.hold()?,
    }
    tell(app, true);
    Ok(())
}

/// Lifts the person's own hold. What a network was caught at is a hold of its own, and is only forgotten when asked for.
pub(crate) fn release(app: &App, args: &ReleaseArgs) -> Result<(), Failure> {
    let device = app.open()?;
    device.release()?;
    if args.forget_network {
        let connection = Connection::of(app, &device, &NetworkArgs::default())?;
        device.clear_network(&connection.options.network)?;
    }
    tell(app, false);
    Ok(())
}

fn tell(app: &App, held: bool) {
    if app.json {
        output::document(&json!({"hold": held}));
    } else {
        output::result(app.words.get(if held { "hold.on" } else { "hold.off" }));
    }
}
