//! `move`: takes one vault to a new phone. Without a step it tells how far a move is.
//!
//! The digits are typed, never confirmed with a yes: whoever is asked whether they are the same answers without looking.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use kapok_core::{Device, MoveKey, MoveState};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::json;

use crate::app::App;
use crate::args::{MoveReceiveArgs, MoveSendArgs, MoveStep};
use crate::failure::{Exit, Failure};
use crate::{confirm, line, output};

/// More than a key with a greeting around it.
const KEY_FILE_MAX: u64 = 16 << 10;
/// How every move key begins.
const KEY_PREFIX: &str = "age1pq1";

pub(crate) fn run(app: &App, step: Option<&MoveStep>) -> Result<(), Failure> {
    match step {
        None => state(app),
        Some(MoveStep::Receive(args)) => receive(app, args),
        Some(MoveStep::Send(args)) => send(app, args),
        Some(MoveStep::Import(args)) => import(app, &args.move_file, args.file_digits.as_deref()),
        Some(MoveStep::End(args)) => end(app, args.arrival.as_deref()),
        Some(MoveStep::Cancel(args)) => cancel(app, args.yes),
    }
}

fn state(app: &App) -> Result<(), Failure> {
    let (state, key, digits) = match app.unlock()?.move_state()? {
        MoveState::None => ("none", "move.none", None),
        MoveState::Awaited(key) => ("awaited", "move.awaited", Some(key.digits)),
        MoveState::Arrived { arrival } => ("arrived", "move.arrived", Some(arrival)),
        MoveState::Sent { digits: Some(digits), .. } => ("sent", "move.sent", Some(digits)),
        MoveState::Sent { digits: None, .. } => ("cut", "move.cut", None),
        MoveState::Ending => ("ending", "move.ending", None),
    };
    if app.json {
        output::document(&json!({"move": state, "digits": digits}));
    } else {
        output::result(&app.words.fill(key, &[("digits", digits.as_deref().unwrap_or_default())]));
    }
    Ok(())
}

fn receive(app: &App, args: &MoveReceiveArgs) -> Result<(), Failure> {
    let key = app.unlock()?.receive_move()?;
    if let Some(path) = &args.key_out {
        let failed = |_| Failure::new("error.move_write", Exit::Other);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        writeln!(file, "{}", key.text).map_err(failed)?;
    }
    if app.json {
        output::document(&json!({"key": key.text, "digits": key.digits}));
        return Ok(());
    }
    if args.key_out.is_none() {
        output::result(&qr(&key)?);
        output::result(&key.text);
    }
    output::result(&app.words.fill("move.key", &[("digits", &key.digits)]));
    Ok(())
}

/// In capitals, which take half the room in a QR code.
fn qr(key: &MoveKey) -> Result<String, Failure> {
    let code = QrCode::with_error_correction_level(key.text.to_uppercase(), EcLevel::L)
        .map_err(|_| Failure::new("error.store", Exit::Other))?;
    // Terminals are mostly light on dark: the blocks are the light modules, the quiet zone included.
    let mut image = code.render::<Dense1x2>();
    image.dark_color(Dense1x2::Dark).light_color(Dense1x2::Light);
    Ok(image.quiet_zone(true).module_dimensions(1, 1).build())
}

fn send(app: &App, args: &MoveSendArgs) -> Result<(), Failure> {
    let key = key_of(&args.to)?;
    let device = app.unlock()?;
    let typed = typed(app, args.key_digits.as_deref(), "ask.move_key_digits")?;
    let digits = device.send_move(&key, &typed, &args.move_out)?;
    if app.json {
        output::document(&json!({"digits": digits}));
    } else {
        output::result(&app.words.fill("move.sent", &[("digits", &digits)]));
    }
    Ok(())
}

/// The key itself, or the one in a file, whatever stands around it.
fn key_of(to: &str) -> Result<String, Failure> {
    if is_key(to) {
        return Ok(to.to_owned());
    }
    let unreadable = |_| Failure::new("error.move_key_file", Exit::NothingThere);
    let mut text = String::new();
    fs::File::open(to).map_err(unreadable)?.take(KEY_FILE_MAX).read_to_string(&mut text).map_err(unreadable)?;
    let key = text.split_whitespace().find(|word| is_key(word));
    key.map(str::to_owned).ok_or(Failure::new("error.move_key", Exit::AskPerson))
}

fn is_key(word: &str) -> bool {
    word.get(..KEY_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(KEY_PREFIX))
}

fn import(app: &App, file: &Path, digits: Option<&str>) -> Result<(), Failure> {
    let device = app.unlock()?;
    // Before somebody types twenty digits.
    if !matches!(device.move_state()?, MoveState::Awaited(_)) {
        return Err(kapok_core::Error::from(kapok_core::MoveError::NotAwaited).into());
    }
    let typed = typed(app, digits, "ask.move_file_digits")?;
    let arrival = device.import_move(file, &typed)?;
    if app.json {
        output::document(&json!({"arrival": arrival}));
    } else {
        output::result(&app.words.fill("move.arrived", &[("digits", &arrival)]));
    }
    Ok(())
}

fn end(app: &App, arrival: Option<&str>) -> Result<(), Failure> {
    let device = app.unlock()?;
    let typed = typed(app, arrival, "ask.move_arrival")?;
    device.end_move(&typed)?;
    if app.json {
        output::document(&json!({"ended": true}));
    } else {
        output::result(app.words.get("move.ended"));
    }
    Ok(())
}

fn cancel(app: &App, yes: bool) -> Result<(), Failure> {
    // Refused before the passphrase is asked for.
    let asks = confirm::must_ask(app, yes)?;
    let device = app.unlock()?;
    if asks && is_sent(&device)? && !confirm::cancel_move(app)? {
        return Ok(());
    }
    device.cancel_move()?;
    if app.json {
        output::document(&json!({"cancelled": true}));
    } else {
        output::result(app.words.get("move.cancelled"));
    }
    Ok(())
}

fn is_sent(device: &Device) -> Result<bool, Failure> {
    Ok(matches!(device.move_state()?, MoveState::Sent { .. }))
}

fn typed(app: &App, given: Option<&str>, question: &str) -> Result<String, Failure> {
    match given {
        Some(digits) => Ok(digits.to_owned()),
        // Standard input may carry the passphrase, so only a person is asked.
        None if app.may_ask() => line::read(app, question, ""),
        None => Err(Failure::usage("error.move_digits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_as_text_or_from_a_file_in_either_case() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = format!("age1pq1{}", "q".repeat(40));
        fs::write(&path, format!("Our key:\n  {key}\n")).unwrap();
        let of = |to: &str| key_of(to).map_err(|failure| failure.exit_code());
        assert_eq!(of(path.to_str().unwrap()), Ok(key.clone()));
        assert_eq!(of(&key.to_uppercase()), Ok(key.to_uppercase()));
        fs::write(&path, "nothing").unwrap();
        assert_eq!(of(path.to_str().unwrap()), Err(Exit::AskPerson as u8));
        assert_eq!(of("no such file"), Err(Exit::NothingThere as u8));
    }

    #[test]
    fn a_whole_key_fits_a_qr_code() {
        let key = MoveKey { text: format!("age1pq1{}", "q".repeat(1_952)), digits: String::new() };
        let image = qr(&key).map_err(|failure| failure.exit_code()).unwrap();
        assert!(image.lines().all(|line| line.chars().count() <= 140));
    }
}
