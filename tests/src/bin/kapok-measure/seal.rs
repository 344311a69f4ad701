//! Sealing a large file: our media path against the age crate, both from a file to a file that is flushed.

use std::fs::File;
use std::io::{Read as _, Write, copy};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kapok_core::{CreateOptions, Device, NoDeviceKey, Passphrase, SystemClock};
use kapok_seal::media::CHUNK_CONTENT;
use ring::digest::{Context, SHA256};
use serde_json::json;

use super::{Outcome, process};

/// Attaches `file` to a draft in a new device under `folder`.
pub(crate) fn kapok(file: &Path, folder: &Path) -> Outcome {
    let now = kapok_core::Clock::now(&SystemClock);
    let size = file.metadata()?.len();
    let slots = u32::try_from(size / 65_264 + 256)?;
    let passphrase = Passphrase::new(b"measured with care".to_vec())?;
    let options = CreateOptions { pool_slots: slots, ..CreateOptions::default() };
    let device = Device::create(folder, &passphrase, Arc::new(NoDeviceKey), options)?;
    let draft = device.new_draft("detention_quick", "en", now)?;

    process::reset_peak()?;
    let (idle, _) = process::memory_kib()?;
    let (cpu, wall) = (process::cpu_seconds()?, Instant::now());
    let view = device.attach_file(draft, file, None, now)?;
    finish(view.size, cpu, wall, idle)
}

/// Encrypts `file` to one X25519 recipient with the age crate; with `hashed`, its SHA-256 is taken in the same pass, which
/// is the work our media path does.
pub(crate) fn age(file: &Path, out: &Path, hashed: bool) -> Outcome {
    let recipient = age::x25519::Identity::generate().to_public();
    let mut source = File::open(file)?;
    let target = File::create(out)?;

    process::reset_peak()?;
    let (idle, _) = process::memory_kib()?;
    let (cpu, wall) = (process::cpu_seconds()?, Instant::now());
    let recipients: [&dyn age::Recipient; 1] = [&recipient];
    let mut writer = age::Encryptor::with_recipients(recipients.into_iter())?.wrap_output(&target)?;
    let size = if hashed { copy_hashing(&mut source, &mut writer)? } else { copy(&mut source, &mut writer)? };
    writer.finish()?.flush()?;
    target.sync_data()?;
    finish(size, cpu, wall, idle)
}

/// As [`copy`], with the same hash as ours in pieces of the same size.
fn copy_hashing(source: &mut File, target: &mut impl Write) -> std::io::Result<u64> {
    let mut hash = Context::new(&SHA256);
    let mut buffer = vec![0; CHUNK_CONTENT];
    let mut size = 0;
    loop {
        let read = source.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            std::hint::black_box(hash.finish());
            return Ok(size);
        }
        hash.update(bytes);
        target.write_all(bytes)?;
        size += bytes.len() as u64;
    }
}

fn finish(size: u64, cpu: f64, wall: Instant, idle: u64) -> Outcome {
    let seconds = wall.elapsed().as_secs_f64();
    let (_, peak) = process::memory_kib()?;
    Ok(json!({
        "bytes": size,
        "cpu_seconds": process::cpu_seconds()? - cpu,
        "seconds": seconds,
        "rss_added_kib": peak.saturating_sub(idle),
    }))
}
