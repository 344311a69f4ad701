//! Unlocking after the slow hash, and the first list; and what an open vault takes of the memory.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kapok_core::{Clock as _, Device, DeviceKey, DeviceKeyError, Level, SoftwareDeviceKey, SystemClock};
use kapok_tests::page;
use rusqlite::params;
use serde_json::json;
use zeroize::Zeroizing;

use super::vaults::{PASSPHRASE, answers, create, passphrase, software_key, summary};
use super::{Outcome, Trouble, plain, process};

/// Times of each; every one costs an Argon2.
const COUNT: usize = 20;
const LIST: u32 = 1_000;

/// A device key that notes when it was asked for its code: that is when Argon2 has ended and given its memory back.
struct Noting {
    inner: SoftwareDeviceKey,
    asked: Mutex<Option<Instant>>,
}

impl Noting {
    fn of(folder: &Path) -> Arc<Self> {
        Arc::new(Self { inner: software_key(folder), asked: Mutex::new(None) })
    }

    fn asked(&self) -> Result<Instant, Trouble> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(asked.ok_or("the device key was not asked")?)
    }
}

impl DeviceKey for Noting {
    fn level(&self) -> Level {
        self.inner.level()
    }

    fn create(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.inner.create(alias)
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        // The peak that is told later is then that of the rest. Without it the figure would be larger, not wrong.
        let _ = process::reset_peak();
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.inner.mac(alias, data)
    }

    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.inner.wrap(alias, key)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        self.inner.unwrap(alias, wrapped)
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.inner.destroy(alias)
    }
}

/// Unlocks a vault with `rows` finished reports and lists 1,000 of them. Leaves the same database as a plain file in `copy`.
pub(crate) fn rows(folder: &Path, copy: &Path, rows: usize) -> Outcome {
    drop(create(folder)?);
    let bytes = put_rows(folder, copy, rows)?;
    let key = Noting::of(folder);
    let device = Device::open(folder, key.clone())?;
    let (mut unlock, mut list, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..COUNT {
        device.unlock(&passphrase()?, &SystemClock)?;
        let opened = Instant::now();
        let listed = device.finished_before(None, LIST)?;
        let end = Instant::now();
        if listed.len() != LIST as usize || device.finished_count()? != rows as u64 {
            return Err("the vault does not hold what was written".into());
        }
        let asked = key.asked()?;
        unlock.push(opened - asked);
        list.push(end - opened);
        both.push(end - asked);
        device.lock();
    }
    Ok(json!({
        "bytes": bytes,
        "unlock": summary(unlock),
        "list": summary(list),
        "both": summary(both),
        "plain_ms": plain::list(copy, COUNT)?,
    }))
}

/// Puts finished reports into a closed vault, with the longest that stays of each: code, day, form, note and mark.
fn put_rows(folder: &Path, copy: &Path, rows: usize) -> Result<u64, Trouble> {
    let vault = folder.join("vault.kpk");
    let mut file = fs::read(&vault)?;
    let mut opened = page::open(&file, PASSPHRASE, &fs::read(folder.join("kapok-vault.key"))?);
    let db = &opened.database;
    db.execute_batch("BEGIN")?;
    let mut insert = db.prepare(
        "INSERT INTO finished (code, day, form_id, note, mark)
         VALUES (?1, ?2, 'detention_quick', ?3, randomblob(16))",
    )?;
    for number in 0..i64::try_from(rows)? {
        let code = format!("K{}-H7Q", number % 10);
        insert.execute(params![code, 20_000 + number / 50, format!("market {number:05}")])?;
    }
    drop(insert);
    db.execute_batch("COMMIT")?;
    opened.write_to(&mut file);
    fs::write(&vault, file)?;
    let bytes = opened.database.serialize(rusqlite::MAIN_DB)?;
    fs::write(copy, &*bytes)?;
    Ok(bytes.len() as u64)
}

/// Resident memory of a process with the device locked, then unlocked, in use, and after a search. Another process filled
/// the vault: what that took of the heap is not in these figures.
pub(crate) fn memory(folder: &Path) -> Outcome {
    let now = SystemClock.now();
    let key = Noting::of(folder);
    let device = Device::open(folder, key)?;
    let (idle, _) = process::memory_kib()?;
    device.unlock(&passphrase()?, &SystemClock)?;
    let (unlocked, peak) = process::memory_kib()?;
    let draft = device.drafts()?.first().ok_or("the vault has no draft")?.id;
    device.save_answers(draft, &answers(&device, 1, 7)?, now)?;
    let (used, peak_used) = process::memory_kib()?;
    let found = device.search("ប្រលោម", 20)?.len();
    let (searched, peak_searched) = process::memory_kib()?;
    device.lock();
    let (locked, _) = process::memory_kib()?;
    if found == 0 {
        return Err("nothing was found in the vault".into());
    }
    Ok(json!({
        "idle": idle,
        "unlocked": unlocked,
        "peak_unlock": peak,
        "used": used,
        "peak_used": peak_used,
        "searched": searched,
        "peak_searched": peak_searched,
        "locked": locked,
    }))
}
