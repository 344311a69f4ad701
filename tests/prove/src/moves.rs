//! A move to a new phone, killed anywhere: afterwards everything is on the old phone or on the new one, and the move can be
//! ended.
//!
//! A folder holds both phones (`old`, `new`), the move file, and what people carry from one screen to the other, a file for each.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use kapok_core::{Device, MoveState};
use kapok_tests::child::{Running, binary, command};
use kapok_tests::world::{self, World};
use kapok_tests::{story, world::now};

use crate::budget::copied;
use crate::steps::{self, State};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// What the phones do, in order; the last is all of it in one process.
pub const STEPS: [&str; 4] = ["send", "take", "end", "move"];
/// What a kill may come before: the move file is written as ordinary files are.
pub const CALLS: [&str; 4] = ["pwrite64", "fdatasync", "write", "fsync"];

const PHONES: [&str; 2] = ["old", "new"];
const LIMIT: Duration = Duration::from_secs(60);

/// Does one of [`STEPS`], and says when it begins and when it is done.
///
/// # Errors
/// If a phone refuses it.
pub fn run(step: &str, folder: &Path) -> Done {
    let carried = |name: &str| fs::read_to_string(folder.join(name));
    let say = |line: &str| writeln!(std::io::stdout(), "{line}");
    let phone = |name: &str| world::unlocked(&folder.join(name));
    let send =
        |old: &Device| old.send_move(&carried("key")?, &carried("key digits")?, &folder.join("file")).map_err(text);
    let take = |new: &Device, digits: &str| new.import_move(&folder.join("file"), digits);
    match step {
        "send" => drop(send(&phone("old"))?),
        "take" => drop(take(&phone("new"), &carried("file digits")?)?),
        "end" => phone("old").end_move(&carried("arrival")?)?,
        "move" => {
            let [old, new] = PHONES.map(phone);
            say("begun")?;
            let arrival = take(&new, &send(&old)?)?;
            old.end_move(&arrival)?;
        }
        _ => return Err("no such step".into()),
    }
    say("done")?;
    Ok(())
}

/// For `?` beside other errors.
fn text(error: kapok_core::Error) -> Box<dyn std::error::Error> {
    error.into()
}

/// Both phones before each step, and what has to be somewhere.
pub struct Templates {
    /// As the first three of [`STEPS`] find them.
    pub before: [tempfile::TempDir; 3],
    /// The control: as `before` taking up, but the old phone has forgotten everything already.
    pub careless: tempfile::TempDir,
    /// What the old phone holds at first.
    pub whole: State,
}

impl Templates {
    /// An enrolled phone with a draft, an attachment and a report that waits; and a new one.
    ///
    /// # Panics
    /// If a move does not get through.
    pub async fn make(world: &World) -> Self {
        let first = tempfile::tempdir().unwrap();
        let [old_folder, new_folder] = PHONES.map(|name| first.path().join(name));
        let old = world.device(&old_folder, SLOTS).await;
        steps::fill(&old);
        let sent = old.drafts().unwrap()[0].id;
        old.finish(sent, now()).unwrap();
        steps::fill(&old);
        let whole = State::seen(&old, false);
        let key = kapok_core::NoDeviceKey;
        let new =
            Device::create(&new_folder, &story::passphrase(), std::sync::Arc::new(key), story::options(SLOTS)).unwrap();
        let key = new.receive_move().unwrap();
        drop((old, new));
        let carry =
            |folder: &tempfile::TempDir, name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        carry(&first, "key", &key.text);
        carry(&first, "key digits", &key.digits);

        let second = both_copied(first.path());
        let file = second.path().join("file");
        let digits = phone(&second, "old").send_move(&key.text, &key.digits, &file).unwrap();
        carry(&second, "file digits", &digits);
        let careless = both_copied(second.path());
        let old = phone(&careless, "old");
        old.cancel_move().unwrap();
        old.drafts().unwrap().iter().for_each(|draft| old.delete_draft(draft.id).unwrap());
        drop(old);
        let third = both_copied(second.path());
        let arrival = phone(&third, "new").import_move(&third.path().join("file"), &digits).unwrap();
        carry(&third, "arrival", &arrival);
        Self { before: [first, second, third], careless, whole }
    }
}

/// For each vault; what is on the phones takes a few.
const SLOTS: u32 = 32;

fn phone(folder: &tempfile::TempDir, name: &str) -> Device {
    world::unlocked(&folder.path().join(name))
}

/// A copy of both phones and of what was carried.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn both_copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let to = copy.path().join(entry.file_name());
        if entry.path().is_dir() {
            fs::rename(copied(&entry.path()).keep(), to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    copy
}

/// How long a whole move takes that nobody kills, from its first step to its end: kills are drawn below it, on a quick machine
/// and on a busy one.
///
/// # Panics
/// If it does not end.
#[must_use]
pub fn takes(folder: &Path) -> Duration {
    let temporary = tempfile::tempdir().unwrap();
    let mut running = begun(folder, temporary.path());
    let start = Instant::now();
    running.wait_for(LIMIT, |line| line == "done").expect("a move that ends");
    start.elapsed()
}

fn begun(folder: &Path, temporary: &Path) -> Running {
    let mut child = command(binary("kapok-prove"), temporary);
    child.args(["child", "move"]).arg(folder);
    let mut running = Running::start(child);
    running.wait_for(LIMIT, |line| line == "begun").expect("two vaults that open");
    running
}

/// Starts the whole move with the phones in `folder`, and kills it after `moment`; whether it had not ended by then.
///
/// # Panics
/// If it does not begin.
#[must_use]
pub fn killed(folder: &Path, moment: Duration) -> bool {
    let temporary = tempfile::tempdir().unwrap();
    let running = begun(folder, temporary.path());
    std::thread::sleep(moment);
    running.kill().last().is_none_or(|line| line != "done")
}

/// After a kill: whether everything is on at least one phone, and, if the move is then ended as a person would, on the new
/// one alone.
///
/// # Panics
/// If a vault does not open.
#[must_use]
pub fn is_safe(folder: &Path, whole: &State) -> bool {
    let phones = PHONES.map(|name| world::unlocked(&folder.join(name)));
    somewhere(&phones, whole)
        && ended(&phones, &folder.join("file")).is_ok()
        && State::seen(&phones[0], false).is_empty()
        && State::seen(&phones[1], false) == *whole
}

/// After a kill: whether everything is on at least one phone.
///
/// # Panics
/// If a vault does not open.
#[must_use]
pub fn is_somewhere(folder: &Path, whole: &State) -> bool {
    somewhere(&PHONES.map(|name| world::unlocked(&folder.join(name))), whole)
}

fn somewhere(phones: &[Device; 2], whole: &State) -> bool {
    phones.iter().any(|phone| State::seen(phone, false) == *whole)
}

/// Does what is left of a move.
fn ended([old, new]: &[Device; 2], file: &Path) -> kapok_core::Result<()> {
    let unsent = match old.move_state()? {
        // There is no whole file.
        MoveState::Sent { digits: None, .. } => {
            old.cancel_move()?;
            true
        }
        MoveState::None => !old.drafts()?.is_empty(),
        _ => false,
    };
    if unsent {
        // A file may lie there that nobody has digits for.
        let _ = fs::remove_file(file);
        let key = new.receive_move()?;
        old.send_move(&key.text, &key.digits, file)?;
    }
    let arrival = match (new.move_state()?, old.move_state()?) {
        (MoveState::Arrived { arrival }, _) => arrival,
        (_, MoveState::Sent { digits: Some(digits), .. }) => new.import_move(file, &digits)?,
        _ => return Ok(()),
    };
    match old.move_state()? {
        MoveState::None => Ok(()),
        _ => old.end_move(&arrival),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_each_step_everything_is_somewhere_unless_the_old_phone_forgets_first() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let Templates { before, careless, whole } =
            runtime.block_on(async { Templates::make(&World::start().await).await });
        assert!(!is_somewhere(careless.path(), &whole), "the control");
        for folder in before {
            assert!(is_safe(folder.path(), &whole));
        }
    }
}
