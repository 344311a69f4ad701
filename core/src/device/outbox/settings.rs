//! The last times seen, and keys that only the sender needs: they must survive a restart.

use std::time::Duration;

use kapok_wire::Hour;
use rusqlite::{Connection, params};
use zeroize::Zeroizing;

use super::super::numbers::{get, set};
use super::Outbox;
use super::queue::sql_time;
use crate::error::Result;
use crate::time::Time;

/// How far this device's clock may run ahead of the server's hour: time zones set wrongly, and a day.
const SERVED_SLACK: Duration = Duration::from_secs(25 * 3_600);

const LATEST_TIME: &str = "latest_time";
const LAST_BATCH: &str = "last_batch";

impl Outbox {
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

/// Whether the sender's keys were drawn.
pub(super) fn is_initialised(db: &Connection) -> Result<bool> {
    Ok(db.query_row("SELECT count(*) = 2 FROM secret", [], |row| row.get(0))?)
}

/// Draws them, once.
pub(super) fn initialise(db: &Connection) -> Result<()> {
    for name in [super::packets::POOL_KEY, super::networks::NETWORK_KEY] {
        let key = Zeroizing::new(kapok_wire::rng::bytes::<32>());
        db.execute("INSERT OR IGNORE INTO secret (name, value) VALUES (?1, ?2)", params![name, *key])?;
    }
    Ok(())
}
