//! `hold` and `release`: the person's own stop. Works locked, survives restarts.

use serde_json::json;

use crate::app::App;
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App, hold: bool) -> Result<(), Failure> {
    let device = app.open()?;
    if hold { device.hold() } else { device.release() }?;
    if app.json {
        output::document(&json!({"hold": hold}));
    } else {
        output::result(app.words.get(if hold { "hold.on" } else { "hold.off" }));
    }
    Ok(())
}
