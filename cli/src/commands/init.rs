//! `init`: makes a device folder of full size.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use kapok_core::report::printable;
use kapok_core::{
    CreateOptions, Device, DeviceKey, Further, HalfFrames, KdfParams, Level, NoDeviceKey, SoftwareDeviceKey,
    SystemClock,
};
use serde_json::json;

use crate::app::App;
use crate::args::{DeviceKeyArg, GuessCost, InitArgs};
use crate::failure::{Exit, Failure};
use crate::output;

/// Frames and slots are 64 KiB each.
const PER_MIB: u32 = 16;

pub(crate) fn run(app: &App, args: &InitArgs) -> Result<(), Failure> {
    let home = app.home()?;
    let (half, pool_slots) = sizes(args)?;
    match (home.join("vault.kpk").exists(), args.set_aside) {
        (true, false) => return Err(kapok_core::Error::AlreadyExists.into()),
        (false, true) => return Err(kapok_core::Error::NotFound.into()),
        _ => {}
    }
    // Everything that can be refused comes before the old vault is touched.
    app.can_take_passphrase(None)?;
    let kdf = guess_cost(app, args);
    let level = match args.device_key {
        DeviceKeyArg::None => Level::None,
        DeviceKeyArg::Software => Level::Software,
    };
    let vaults = usize::from(args.more_vaults) + 1;
    if vaults - 1 + usize::from(args.erasing) > Further::MOST {
        return Err(kapok_core::Error::TooManyPassphrases { limit: Further::MOST }.into());
    }
    let passphrases = app.new_passphrases(&titles(app, vaults, args.erasing), args.passphrase_kind, level, kdf)?;
    let further = |(at, passphrase)| if at < vaults { Further::Vault(passphrase) } else { Further::Erase(passphrase) };
    let further: Vec<_> = passphrases.iter().enumerate().skip(1).map(further).collect();
    let first = passphrases.first().ok_or(kapok_core::Error::PassphraseEmpty)?;
    private_folder(home)?;
    let key = device_key(app, args.device_key)?;
    let kept = if args.set_aside { Some(Device::set_aside(home)?) } else { None };
    let device = Device::create_with(home, first, &further, key, CreateOptions { half, pool_slots, kdf })?;
    // That of the new vault: one that was set aside leaves it what waits, and with it the organisation.
    let organisation = device.organisation(app.now())?;
    device.lock();
    let kept = kept.and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
    if app.json {
        output::document(&json!({"created": true, "set_aside": kept}));
        return Ok(());
    }
    if let Some(name) = &kept {
        output::result(&app.words.fill("init.set_aside", &[("file", name)]));
    }
    output::result(app.words.get("init.done"));
    if args.device_key == DeviceKeyArg::None {
        app.say("init.no_device_key");
    }
    match organisation {
        Some(organisation) => {
            app.say_with("init.next_enrolled", &[("organisation", &printable(&organisation.name))]);
        }
        None => app.say("init.next"),
    }
    Ok(())
}

/// What each passphrase is for, in the order in which they are asked for.
fn titles(app: &App, vaults: usize, erasing: bool) -> Vec<String> {
    let vault = |number: usize| app.words.fill("init.vault", &[("number", &number.to_string())]);
    let erase = erasing.then(|| app.words.get("init.erasing").to_owned());
    (1..=vaults).map(vault).chain(erase).collect()
}

fn sizes(args: &InitArgs) -> Result<(HalfFrames, u32), Failure> {
    let size = || Failure::from(kapok_core::Error::BadSize);
    let frames = args.half_mib.checked_mul(PER_MIB).ok_or_else(size)?;
    let pool_slots = args.pool_mib.checked_mul(PER_MIB).ok_or_else(size)?;
    Ok((HalfFrames::new(frames)?, pool_slots))
}

fn guess_cost(app: &App, args: &InitArgs) -> KdfParams {
    match args.guess_cost {
        GuessCost::Measured => {
            app.say("init.measuring");
            KdfParams::choose(None, &SystemClock)
        }
        GuessCost::Least => KdfParams::FLOOR,
    }
}

fn device_key(app: &App, wanted: DeviceKeyArg) -> Result<Arc<dyn DeviceKey>, Failure> {
    let folder = app.key_folder()?;
    // What waits from before is sealed under the key in this folder; another kind would lock it out.
    match wanted {
        DeviceKeyArg::None if !folder.exists() => Ok(Arc::new(NoDeviceKey)),
        DeviceKeyArg::None => Err(Failure::new("error.device_key_kept", Exit::Usage)),
        DeviceKeyArg::Software => {
            private_folder(&folder)?;
            Ok(Arc::new(SoftwareDeviceKey::in_folder(folder)))
        }
    }
}

fn private_folder(folder: &Path) -> Result<(), Failure> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    Ok(made.map_err(kapok_core::Error::from)?)
}
