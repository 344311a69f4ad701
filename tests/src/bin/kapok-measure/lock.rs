//! Locking while another thread commits almost 4 MiB.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kapok_core::{Clock as _, Device, DraftId, Error, SystemClock};
use serde_json::json;

use super::vaults::{answers, create, fill, passphrase, summary};
use super::{Outcome, Trouble};

/// How full the vault is: room is left for the saves.
const PERCENT: u64 = 96;

/// Locks `count` times while saves run, and as often while nothing does.
pub(crate) fn times(folder: &Path, count: usize) -> Outcome {
    let device = create(folder)?;
    let draft = fill(&device, PERCENT)?;
    let (mut busy, mut quiet, mut saves, mut hits) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..count {
        let (took, committing, saved) = while_saving(&device, draft, round)?;
        busy.push(took);
        hits += usize::from(committing);
        saves.extend(saved);
        device.unlock(&passphrase()?, &SystemClock)?;
        if round % 10 == 0 {
            let start = Instant::now();
            device.lock();
            quiet.push(start.elapsed());
            device.unlock(&passphrase()?, &SystemClock)?;
        }
    }
    Ok(json!({
        "count": count,
        "while_committing": hits,
        "busy": summary(busy),
        "quiet": summary(quiet),
        "save": summary(saves),
    }))
}

type Locked = (Duration, bool, Vec<Duration>);

/// How long `lock` took, whether a save was under way when it was called, and how long the saves took.
fn while_saving(device: &Device, draft: DraftId, round: usize) -> Result<Locked, Trouble> {
    let texts = [answers(device, 0, 2 * round)?, answers(device, 0, 2 * round + 1)?];
    let saving = AtomicBool::new(false);
    thread::scope(|scope| {
        let saver = scope.spawn(|| {
            let mut saved = Vec::new();
            for text in texts.iter().cycle() {
                let start = Instant::now();
                saving.store(true, Ordering::SeqCst);
                let outcome = device.save_answers(draft, text, SystemClock.now());
                saving.store(false, Ordering::SeqCst);
                match outcome {
                    Ok(()) => saved.push(start.elapsed()),
                    Err(Error::Locked) => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(saved)
        });
        // Never at the same point of a save.
        thread::sleep(Duration::from_micros(20_000 + round as u64 * 617 % 13_000));
        let committing = saving.load(Ordering::SeqCst);
        let start = Instant::now();
        device.lock();
        let took = start.elapsed();
        let saved = saver.join().map_err(|_| "the saving thread panicked")??;
        Ok((took, committing, saved))
    })
}
