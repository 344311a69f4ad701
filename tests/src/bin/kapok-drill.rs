//! `kapok-drill MODE FOLDER`: a device that does one thing over and over until it is killed.
//!
//! The device in FOLDER was made and enrolled by the test. Each line on standard output is an acknowledgement: it is
//! printed after the call returned. Except in mode `early`, which promises before it keeps: the control of the tests.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kapok_core::report::EvidenceOrigin;
use kapok_core::{Clock as _, Device, DraftId, NewAttachment, ReportState, SystemClock};
use kapok_tests::{story, world};

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Done {
    let mut words = std::env::args_os().skip(1);
    let mode = words.next().unwrap_or_default();
    let folder = PathBuf::from(words.next().ok_or("usage: kapok-drill MODE FOLDER")?);
    let device = world::unlocked(&folder);
    report_state(&device)?;
    match mode.to_str() {
        Some("open") => std::thread::sleep(Duration::from_secs(60)),
        Some("save") => save(&device, false)?,
        Some("early") => save(&device, true)?,
        Some("finish") => finish(&device)?,
        Some("session") => session(&device, None)?,
        Some("leak") => session(&device, Some(&std::env::temp_dir()))?,
        _ => return Err("modes: open save early finish session leak".into()),
    }
    Ok(())
}

/// A line that is out when this returns.
fn say(line: &str) -> Done {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// What this process found when it opened the device: drafts with what they hold, finished codes, the outbox.
fn report_state(device: &Device) -> Done {
    for view in device.drafts()? {
        let number = story::number_of(device.pack(), &device.answers(view.id)?);
        say(&format!("found draft {} {number} {}", view.id.0, view.attachments))?;
    }
    for view in device.finished()? {
        say(&format!("found finished {}", view.code))?;
    }
    for view in device.outbox()? {
        say(&format!("found waiting {} {}", view.code.unwrap_or_default(), view.objects))?;
    }
    say("ready")
}

/// Saves story 1, 2, 3… into the one draft there is.
fn save(device: &Device, early: bool) -> Done {
    let draft = match device.drafts()?.first() {
        Some(view) => view.id,
        None => device.new_draft(story::FORM, "km", SystemClock.now())?,
    };
    let mut n = story::number_of(device.pack(), &device.answers(draft)?);
    loop {
        n += 1;
        let answers = story::answers(device.pack(), n);
        if early {
            say(&format!("saved {n}"))?;
        }
        device.save_answers(draft, &answers, SystemClock.now())?;
        if !early {
            say(&format!("saved {n}"))?;
        }
    }
}

/// Takes report after report from draft to outbox. The number of a report is that of all drafts ever begun before it.
fn finish(device: &Device) -> Done {
    for view in device.drafts()? {
        device.delete_draft(view.id)?;
        say(&format!("deleted {}", view.id.0))?;
    }
    let mut n = device.outbox()?.len() as u64;
    loop {
        n += 1;
        let draft = device.new_draft(story::FORM, "km", SystemClock.now())?;
        say(&format!("begun {}", draft.0))?;
        device.save_answers(draft, &story::answers(device.pack(), n), SystemClock.now())?;
        say(&format!("saved {n}"))?;
        // A file every other time: one or two chunks.
        if n.is_multiple_of(2) {
            attach(device, draft, story::PHOTO_NAME, &story::photo(60_000 + (n as usize % 3) * 20_000))?;
            say("attached")?;
        }
        let finished = device.finish(draft, SystemClock.now())?;
        say(&format!("finished {}", finished.code))?;
    }
}

fn attach(device: &Device, draft: DraftId, name: &str, bytes: &[u8]) -> Done {
    let about = NewAttachment { file_name: name.to_owned(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    device.attach_stream(draft, &mut Cursor::new(bytes), &about, None, SystemClock.now())?;
    Ok(())
}

/// Everything a device does, again and again: drafts, files, finish, hold, a sync that reaches nobody, lock, unlock.
/// `leak` is the control: one of its answers goes to a file there, and that is taken away while it is open.
fn session(device: &Device, leak: Option<&Path>) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (photo, voice) = (story::photo(150_000), story::voice(90_000));
    let mut open = Vec::new();
    for n in 1.. {
        let draft = device.new_draft(story::FORM, "km", SystemClock.now())?;
        device.save_answers(draft, &story::answers(device.pack(), n), SystemClock.now())?;
        say("saved")?;
        if let Some(folder) = leak {
            let path = folder.join("scratch");
            let mut file = std::fs::File::create(&path)?;
            file.write_all(device.answers(draft)?.to_json().as_bytes())?;
            std::fs::remove_file(&path)?;
            open.push(file);
            say("leaked")?;
        }
        attach(device, draft, story::PHOTO_NAME, &photo)?;
        attach(device, draft, story::VOICE_NAME, &voice)?;
        say("attached")?;
        if n.is_multiple_of(3) {
            device.delete_draft(draft)?;
        } else {
            device.finish(draft, SystemClock.now())?;
        }
        say("finished")?;
        device.hold()?;
        device.release()?;
        let sent = runtime.block_on(world::sync(device, 4));
        if device.outbox()?.iter().any(|view| view.state != ReportState::OnThisPhone) {
            return Err(format!("something left: {sent:?}").into());
        }
        say("synced")?;
        device.lock();
        device.unlock(&story::passphrase(), &SystemClock)?;
        // The pool is small, so after a while nothing fits any more, which is a state to be killed in too.
        if n == 12 {
            say("full")?;
            std::thread::sleep(Duration::from_secs(60));
        }
    }
    Ok(())
}
