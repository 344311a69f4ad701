//! Holds, failed tries and the last time seen: settings that must survive a restart and work while locked.

use std::time::Duration;

use kapok_wire::Hour;
use rusqlite::{Connection, OptionalExtension as _, params};
use zeroize::Zeroizing;

use super::super::throttle::Failures;
use super::Outbox;
use super::queue::{sql_int, sql_time};
use crate::error::{Error, Result};
use crate::time::Time;

/// How far this device's clock may run ahead of the server's hour: time zones set wrongly, and a day.
const SERVED_SLACK: Duration = Duration::from_secs(25 * 3_600);

const USER_HOLD: &str = "user_hold";
const LATEST_TIME: &str = "latest_time";
const POOL_SLOTS: &str = "pool_slots";
const LAST_BATCH: &str = "last_batch";
const FAILURES: &str = "failures";
const LAST_FAILURE: &str = "last_failure";

impl Outbox {
    /// Whether the person said that nothing may leave.
    pub(crate) fn user_hold(&self) -> Result<bool> {
        Ok(self.queue().read(|db| get(db, USER_HOLD))?.is_some_and(|value| value != 0))
    }

    /// Sets or lifts the person's hold; durable when this returns.
    pub(crate) fn set_user_hold(&self, hold: bool) -> Result<()> {
        self.queue().write(|db| set(db, USER_HOLD, u64::from(hold)))
    }

    /// Wrong passphrases so far.
    pub(crate) fn failures(&self) -> Result<Failures> {
        self.queue().read(|db| {
            let count = get(db, FAILURES)?.unwrap_or_default();
            let last = get(db, LAST_FAILURE)?.map(Time).unwrap_or_default();
            Ok(Failures { count: u32::try_from(count).unwrap_or(u32::MAX), last })
        })
    }

    /// Writes them down; durable when this returns.
    pub(crate) fn set_failures(&self, failures: Failures) -> Result<()> {
        self.queue().write(|db| {
            set(db, FAILURES, u64::from(failures.count))?;
            set(db, LAST_FAILURE, sql_time(failures.last).unsigned_abs())
        })
    }

    /// The latest time this device has ever seen: a clock behind it was set back.
    pub(crate) fn latest_time(&self) -> Result<Option<Time>> {
        Ok(self.queue().read(|db| get(db, LATEST_TIME))?.map(Time))
    }

    /// When the last batch ended.
    pub(crate) fn last_batch(&self) -> Result<Option<Time>> {
        Ok(self.queue().read(|db| get(db, LAST_BATCH))?.map(Time))
    }

    /// Notes the end of a batch and the time it ended at. `served` is the hour of a verified receipt: a clock that once
    /// jumped far ahead of it must not make every later report suspect and every later batch too soon.
    pub(crate) fn note_batch(&self, now: Time, served: Option<Hour>) -> Result<()> {
        let bound = served.map_or(Time(u64::MAX), |hour| Time(hour.0.saturating_mul(3_600)).after(SERVED_SLACK));
        self.queue().write(|db| {
            let latest = get(db, LATEST_TIME)?.map_or(now, |seen| now.max(Time(seen)));
            set(db, LATEST_TIME, sql_time(latest.min(bound)).unsigned_abs())?;
            set(db, LAST_BATCH, sql_time(now.min(bound)).unsigned_abs())
        })
    }

    /// A key that only the sender needs, made at creation. For the key's own type, not for its users.
    pub(super) fn secret(&self, name: &str) -> Result<Zeroizing<[u8; 32]>> {
        self.queue().read(|db| {
            let key = db.query_row("SELECT value FROM secret WHERE name = ?1", [name], |row| row.get(0))?;
            Ok(Zeroizing::new(key))
        })
    }
}

/// Writes down the pool's size and draws the sender's keys, once.
pub(super) fn initialise(db: &Connection, slots: u32) -> Result<()> {
    set(db, POOL_SLOTS, u64::from(slots))?;
    for name in [super::packets::POOL_KEY, super::networks::NETWORK_KEY] {
        let key = Zeroizing::new(kapok_wire::rng::bytes::<32>());
        db.execute("INSERT INTO secret (name, value) VALUES (?1, ?2)", params![name, *key])?;
    }
    Ok(())
}

/// The size written down by [`initialise`].
pub(super) fn pool_slots(db: &Connection) -> Result<Option<u32>> {
    get(db, POOL_SLOTS)?.map(|slots| u32::try_from(slots).map_err(|_| Error::Store)).transpose()
}

fn get(db: &Connection, name: &str) -> Result<Option<u64>> {
    let value: Option<i64> =
        db.query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    value.map(|value| u64::try_from(value).map_err(|_| Error::Store)).transpose()
}

fn set(db: &Connection, name: &str, value: u64) -> Result<()> {
    let value = sql_int(value)?;
    db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?1, ?2)", params![name, value])?;
    Ok(())
}
