//! Saving one answer durably against one fdatasync of the same bytes.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kapok_core::report::{Answers, Moment};
use kapok_core::{Clock as _, CreateOptions, Device, NoDeviceKey, Passphrase, SystemClock};
use serde_json::json;

use super::Outcome;

/// Drafts that lie in the vault while one more is written.
const DRAFTS: usize = 20;

/// Saves `count` times. On standard error it says when saving begins and ends, so that a tracer can count flushes.
pub(crate) fn kapok(folder: &Path, count: usize) -> Outcome {
    let now = SystemClock.now();
    let passphrase = Passphrase::new(b"measured with care".to_vec())?;
    let device = Device::create(folder, &passphrase, Arc::new(NoDeviceKey), CreateOptions::default())?;
    let mut draft = device.new_draft("detention_quick", "en", now)?;
    for number in 1..DRAFTS {
        device.save_answers(draft, &answers(&device, number)?, now)?;
        draft = device.new_draft("detention_quick", "en", now)?;
    }
    let texts = (0..count).map(|number| answers(&device, number)).collect::<Result<Vec<_>, _>>()?;
    eprintln!("saving begins");
    let mut times = Vec::with_capacity(count);
    for text in &texts {
        let start = Instant::now();
        device.save_answers(draft, text, now)?;
        times.push(start.elapsed());
    }
    eprintln!("saving ends");
    summary(times)
}

fn answers(device: &Device, number: usize) -> Result<Answers, Box<dyn std::error::Error>> {
    let file = json!({ "person.names": format!("Test Person {number}"), "person.is_minor": "unk" }).to_string();
    let moment = Moment::parse("2026-11-24T10:00")?;
    Ok(Answers::parse(device.pack(), "detention_quick", file.as_bytes(), &moment)?.0)
}

/// Writes `bytes` to two places by turns, as the vault's halves, each time with one fdatasync.
pub(crate) fn fdatasync(file: &Path, count: usize, bytes: usize) -> Outcome {
    let file = File::options().read(true).write(true).create(true).truncate(true).open(file)?;
    let content = vec![7; bytes];
    let halves = [0, 4 << 20];
    for offset in halves {
        file.write_all_at(&content, offset)?;
    }
    file.sync_all()?;
    let mut times = Vec::with_capacity(count);
    for offset in halves.into_iter().cycle().take(count) {
        let start = Instant::now();
        file.write_all_at(&content, offset)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    summary(times)
}

fn summary(mut times: Vec<Duration>) -> Outcome {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    Ok(json!({ "count": times.len(), "median_ms": at(50), "p90_ms": at(90) }))
}
