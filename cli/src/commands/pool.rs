//! `pool`: how much room there is for attachments and for what waits, and more of it on a person's word.
//!
//! A longer pool stays visible, so what it shows is said before anything else, also to scripts, and the word is a yes of its own.

use kapok_core::{Device, Error, GrowthIsVisible};
use serde_json::json;

use crate::app::App;
use crate::args::PoolArgs;
use crate::failure::{Exit, Failure};
use crate::{confirm, output};

pub(crate) fn run(app: &App, args: &PoolArgs) -> Result<(), Failure> {
    // Refused before the passphrase is asked for.
    let whole = args.grow_to_mib.as_deref().map(bytes).transpose()?;
    let asks = whole.is_some() && confirm::must_ask(app, args.yes)?;
    let device = app.unlock()?;
    if let Some(whole) = whole
        && !grow(app, &device, whole, asks)?
    {
        app.say("pool.kept");
        return Ok(());
    }
    show(app, &device)
}

/// Whole MiB in bytes. Read here, so that what is none is refused in words.
fn bytes(mib: &str) -> Result<u64, Failure> {
    let mib = mib.parse::<u32>().map_err(|_| Failure::usage("error.pool_not_whole"))?;
    Ok(u64::from(mib) << 20)
}

/// Whether it was done; `false` is a no.
fn grow(app: &App, device: &Device, whole: u64, asks: bool) -> Result<bool, Failure> {
    let now = device.pool()?.whole;
    if whole <= now {
        return Err(Failure::usage("error.pool_not_longer").with("whole", output::size(now)));
    }
    app.say("pool.shows");
    if asks && !confirm::grow(app)? {
        return Ok(false);
    }
    match device.grow_pool(whole, GrowthIsVisible) {
        // Longer than now, and in whole steps: only the queues' reach is left.
        Err(Error::BadSize) => Err(Failure::new("error.pool_too_long", Exit::Usage)),
        grown => Ok(grown.map(|()| true)?),
    }
}

fn show(app: &App, device: &Device) -> Result<(), Failure> {
    let pool = device.pool()?;
    if app.json {
        output::document(&json!({"whole": pool.whole, "own": pool.own, "free": pool.free}));
        return Ok(());
    }
    let [whole, own, free] = [pool.whole, pool.own, pool.free].map(output::size);
    output::result(&app.words.fill("pool.room", &[("whole", &whole), ("own", &own), ("free", &free)]));
    Ok(())
}
