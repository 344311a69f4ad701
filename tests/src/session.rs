//! What a child does between unlock and lock, so that its parent can search its memory.
//!
//! `open FOLDER KEYS PHOTOS` stands still with the vault open, `lock …` after locking it; `keep …` and `make …` do the same after
//! making a device with two vaults. `weigh …` only reads, and tells how much memory it has in KiB before, while it is
//! unlocked and after. Two programs do this: `kapok-session` with a heap that is zeroed when it is freed,
//! `kapok-session-bare` without, as the control.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::Scope;
use std::time::Duration;

use kapok_core::report::EvidenceOrigin;
use kapok_core::{
    Clock as _, Device, DraftId, Error, Further, NewAttachment, Passphrase, SoftwareDeviceKey, SystemClock,
};

use crate::{story, world};

/// What the steps of a session give.
pub type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Runs the program.
///
/// # Errors
/// If the device refuses something.
pub fn run() -> Done {
    let words: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [mode, folder, keys, photos] = words.as_slice() else { return Err("usage: MODE FOLDER KEYS PHOTOS".into()) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if mode.as_os_str() == "weigh" {
        return weigh(&Device::open(folder, Arc::new(SoftwareDeviceKey::in_folder(keys)))?);
    }
    if ["make", "keep"].iter().any(|word| mode.as_os_str() == *word) {
        return make(folder, keys, mode.as_os_str() == "make");
    }
    let device = &Device::open(folder, Arc::new(SoftwareDeviceKey::in_folder(keys)))?;
    // Each in a thread of its own that stays: what a call leaves on its stack is not overwritten by the next one.
    std::thread::scope(|scope| {
        let [unlocks, reads, writes, undoes, finishes, deletes, changes, locks] =
            std::array::from_fn(|_| Worker::start(scope));
        unlocks.work(|| match device.unlock(&mistyped()?, &SystemClock) {
            Err(Error::WrongPassphrase) => Ok(device.unlock(&story::passphrase(), &SystemClock)?),
            other => Err(format!("a wrong passphrase gave {other:?}").into()),
        })?;
        reads.work(|| read(device))?;
        let sent = writes.work(|| drafted(device, 5, photos))?;
        finishes.work(move || Ok(device.finish(sent, SystemClock.now()).map(drop)?))?;
        runtime.block_on(world::sync_all(device));
        let kept = writes.work(|| drafted(device, 6, photos))?;
        let gone = writes.work(|| drafted(device, 7, photos))?;
        undoes.work(move || undo(device, gone))?;
        deletes.work(move || delete(device, gone))?;
        changes.work(|| Ok(device.change_passphrase(&story::passphrase(), &other()?, &SystemClock)?))?;
        changes.work(|| Ok(device.set_sends_while_locked(false)?))?;
        // Into one half only, so that both are different at the end.
        writes.work(move || Ok(device.save_answers(kept, &story::answers(device.pack(), 8), SystemClock.now())?))?;
        if mode.as_os_str() == "lock" {
            locks.work(|| {
                device.lock();
                Ok(())
            })?;
        }
        wait()
    })
}

/// Two vaults, made in one thread, locked in another; and one of them gets another passphrase while it is locked.
fn make(folder: &Path, keys: &Path, lock: bool) -> Done {
    let device = &OnceLock::new();
    std::thread::scope(|scope| {
        let [makes, locks, changes] = std::array::from_fn(|_| Worker::start(scope));
        makes.work(move || {
            let device_key = Arc::new(SoftwareDeviceKey::in_folder(keys));
            let further = [Further::Vault(&other()?)];
            let made = Device::create_with(folder, &story::passphrase(), &further, device_key, story::options(64))?;
            device.set(made).map_err(|_| "made twice".into())
        })?;
        if lock {
            let device = device.get().ok_or("not made")?;
            locks.work(|| {
                device.lock();
                Ok(())
            })?;
            changes.work(|| Ok(device.change_passphrase(&other()?, &third()?, &SystemClock)?))?;
        }
        wait()
    })
}

/// The passphrase that the child gives the vault, or a second one.
pub const OTHER: &str = "seven kites above an imagined bridge";
/// What it is changed to while the vault is locked.
pub const THIRD: &str = "eleven clouds under a borrowed table";
const MISTYPED: &str = "paper lantern under the fictional river";

fn other() -> Done<Passphrase> {
    Ok(Passphrase::new(OTHER.into())?)
}

fn third() -> Done<Passphrase> {
    Ok(Passphrase::new(THIRD.into())?)
}

fn mistyped() -> Done<Passphrase> {
    Ok(Passphrase::new(MISTYPED.into())?)
}

fn undo(device: &Device, draft: DraftId) -> Done {
    device.set_note(draft, NOTE, SystemClock.now())?;
    device.undo(draft, SystemClock.now())?;
    Ok(())
}

fn delete(device: &Device, draft: DraftId) -> Done {
    let first = device.attachments(draft)?.first().ok_or("no attachment")?.evidence_id;
    device.remove_attachment(draft, first, SystemClock.now())?;
    Ok(device.delete_draft(draft)?)
}

fn read(device: &Device) -> Done {
    for view in device.drafts()? {
        assert_eq!(story::number_of(device.pack(), &device.answers(view.id)?), 1);
        for words in ["គេនាំគាត់ទៅកាន់ទីកន្លែងប្រឌិត", "invented sentence"]
        {
            assert_eq!(device.search(words, 10)?.len(), 1);
        }
        device.attachments(view.id)?;
    }
    Ok(())
}

/// Says how much memory it has: locked, with everything read, and locked again.
fn weigh(device: &Device) -> Done {
    let mut weights = vec![resident()?];
    device.unlock(&story::passphrase(), &SystemClock)?;
    weights.push(resident()?);
    for view in device.drafts()? {
        device.answers(view.id)?;
    }
    weights.push(resident()?);
    device.lock();
    weights.push(resident()?);
    let words: Vec<_> = weights.iter().map(u64::to_string).collect();
    writeln!(std::io::stdout(), "{}", words.join(" "))?;
    Ok(())
}

/// Resident memory of this process in KiB.
fn resident() -> Done<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Stands still until it is killed.
fn wait() -> Done {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()?;
    std::thread::sleep(Duration::from_secs(60));
    Ok(())
}

type Work<'a> = Box<dyn FnOnce() + Send + 'a>;

/// A thread that does one thing after the other and lives as long as the program, as those of an app do.
struct Worker<'a>(SyncSender<Work<'a>>);

impl<'a> Worker<'a> {
    fn start<'scope>(scope: &'scope Scope<'scope, 'a>) -> Self
    where
        'a: 'scope,
    {
        let (give, take) = sync_channel::<Work<'a>>(0);
        scope.spawn(move || take.into_iter().for_each(|work| work()));
        Self(give)
    }

    /// Does it there and waits for it.
    fn work<T: Send + 'a>(&self, work: impl FnOnce() -> Done<T> + Send + 'a) -> Done<T> {
        let (give, take) = sync_channel(0);
        // An error may not leave its thread, so its text does.
        let said = move || work().map_err(|error| error.to_string());
        self.0.send(Box::new(move || drop(give.send(said())))).map_err(|_| "the thread has ended")?;
        Ok(take.recv()??)
    }
}

/// A note that is taken.
pub const NOTE: &str = "a note about a cousin who does not exist";

/// Length of the recording.
pub const VOICE: usize = 90_000;

/// A draft answered twice, with the files of a folder attached, and a recording from a stream.
///
/// # Errors
/// If the device refuses something.
pub fn drafted(device: &Device, number: u64, photos: &Path) -> Done<DraftId> {
    let now = SystemClock.now();
    let draft = device.new_draft(story::FORM, "km", now)?;
    for number in [number + 100, number] {
        device.save_answers(draft, &story::answers(device.pack(), number), now)?;
    }
    for photo in std::fs::read_dir(photos)? {
        device.attach_file(draft, &photo?.path(), None, now)?;
    }
    let voice = story::voice(VOICE);
    let file_name = story::VOICE_NAME.to_owned();
    let about = NewAttachment { file_name, kind: None, origin: EvidenceOrigin::CapturedInApp };
    device.attach_stream(draft, &mut Cursor::new(&voice), &about, None, now)?;
    Ok(draft)
}
