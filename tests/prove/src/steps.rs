//! One thing that a person does with a device, as a child that is killed at a chosen write or flush of it.
//!
//! `strace` kills it: it stops a process at the entry of the Nth `pwrite64` or `fdatasync`, so every point between two durable
//! states is reached, not only those that a random moment hits.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use kapok_core::report::EvidenceOrigin;
use kapok_core::{Clock as _, Device, NewAttachment, NoDeviceKey, Passphrase, SystemClock};
use kapok_tests::child::command;
use kapok_tests::world::{self, World};
use kapok_tests::{child, story};

use crate::moves;

/// The things that are done. The last is the control: it throws the draft away before it saves the new one.
pub const STEPS: [&str; 6] = ["save", "attach", "finish", "delete", "passphrase", "careless"];
/// What a kill may come before.
pub const CALLS: [&str; 2] = ["pwrite64", "fdatasync"];

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The other passphrase.
///
/// # Panics
/// Never: the text is fixed.
#[must_use]
pub fn other() -> Passphrase {
    Passphrase::new(b"glass ladder under the fictional mountain".to_vec()).unwrap()
}

/// Does one of [`STEPS`] with the one draft in `folder`, and says so when it is done.
///
/// # Errors
/// If the device refuses it.
///
/// # Panics
/// If there is no draft.
pub fn run(step: &str, folder: &Path) -> Done {
    let device = world::unlocked(folder);
    let (draft, now) = (device.drafts()?[0].id, SystemClock.now());
    match step {
        "save" => device.save_answers(draft, &story::answers(device.pack(), 2), now)?,
        "attach" => {
            let file_name = story::PHOTO_NAME.to_owned();
            let about = NewAttachment { file_name, kind: None, origin: EvidenceOrigin::CapturedInApp };
            device.attach_stream(draft, &mut Cursor::new(story::photo(90_000)), &about, None, now)?;
        }
        "finish" => drop(device.finish(draft, now)?),
        "delete" => device.delete_draft(draft)?,
        "passphrase" => device.change_passphrase(&story::passphrase(), &other(), &SystemClock)?,
        "careless" => {
            device.delete_draft(draft)?;
            let draft = device.new_draft(story::FORM, "km", now)?;
            device.save_answers(draft, &story::answers(device.pack(), 2), now)?;
        }
        _ => return Err("no such step".into()),
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "done")?;
    Ok(out.flush()?)
}

/// A device of `world` with one draft that has answers and an attachment.
///
/// # Panics
/// If it cannot be made.
pub async fn template(world: &World) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    // Copied for each kill, so it is small.
    fill(&world.device(place.path(), 32).await);
    place
}

/// A draft that has answers and an attachment.
///
/// # Panics
/// If it cannot be made.
pub fn fill(device: &Device) {
    let draft = device.new_draft(story::FORM, "km", world::now()).unwrap();
    device.save_answers(draft, &story::answers(device.pack(), 1), world::now()).unwrap();
    let about =
        NewAttachment { file_name: story::VOICE_NAME.to_owned(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    let voice = story::voice(70_000);
    device.attach_stream(draft, &mut Cursor::new(voice), &about, None, world::now()).unwrap();
}

/// Runs a step with the device in `folder`; with `kill`, it is killed before that call of that number. Whether it ended.
///
/// # Panics
/// If it neither ends nor is killed.
#[must_use]
pub fn child(step: &str, folder: &Path, kill: Option<(&str, u32)>) -> bool {
    let own = child::binary("kapok-prove");
    let temporary = tempfile::tempdir().unwrap();
    let mut run = match kill {
        None => command(&own, temporary.path()),
        Some((call, number)) => {
            let mut strace = command("strace", temporary.path());
            strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            strace.args(["-e", &format!("inject={call}:signal=KILL:when={number}")]).arg(&own);
            strace
        }
    };
    let done = run.args(["child", step]).arg(folder).output().unwrap();
    let ended = done.stdout.ends_with(b"done\n");
    assert!(ended || kill.is_some(), "{step}: {}", String::from_utf8_lossy(&done.stderr));
    ended
}

/// Whether processes may be traced here: some sandboxes forbid it.
#[must_use]
pub fn can_trace() -> bool {
    let done = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    done.is_ok_and(|done| done.status.success())
}

/// What a device holds, in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    drafts: Vec<(i64, u64, u32)>,
    finished: Vec<String>,
    waiting: Vec<String>,
    second_passphrase: bool,
}

impl State {
    /// Opens the device in `folder`, which ends what was cut, and looks.
    ///
    /// # Errors
    /// Why it does not open.
    ///
    /// # Panics
    /// If an answer is torn.
    pub fn of(folder: &Path) -> Result<Self, String> {
        let device = Device::open(folder, std::sync::Arc::new(NoDeviceKey)).map_err(|error| error.to_string())?;
        let second_passphrase = device.unlock(&story::passphrase(), &SystemClock).is_err();
        if second_passphrase {
            device.unlock(&other(), &SystemClock).map_err(|error| error.to_string())?;
        }
        Ok(Self::seen(&device, second_passphrase))
    }

    /// What an open device holds.
    ///
    /// # Panics
    /// If it cannot be read or an answer is torn.
    #[must_use]
    pub fn seen(device: &Device, second_passphrase: bool) -> Self {
        let number = |view: &kapok_core::DraftView| story::number_of(device.pack(), &device.answers(view.id).unwrap());
        let drafts = device.drafts().unwrap();
        let drafts = drafts.iter().map(|view| (view.id.0, number(view), view.attachments)).collect();
        let finished = device.finished().unwrap().into_iter().map(|view| view.code).collect();
        let waiting = device.outbox().unwrap().into_iter().filter_map(|view| view.code).collect();
        Self { drafts, finished, waiting, second_passphrase }
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.finished.is_empty() && self.waiting.is_empty()
    }
}

/// Where the children of this crate are called from: its own program.
///
/// # Errors
/// If the words are not `child STEP FOLDER`, or the step fails.
pub fn as_child(words: &[std::ffi::OsString]) -> Done {
    let [step, folder] = words else { return Err("usage: child STEP FOLDER".into()) };
    let (step, folder) = (step.to_string_lossy(), PathBuf::from(folder));
    if moves::STEPS.contains(&&*step) { moves::run(&step, &folder) } else { run(&step, &folder) }
}
