//! The device's own record: what belongs to no vault and must survive a restart while all are locked.
//!
//! It lies under the device key. Whoever has that key learns the hold, the wrong passphrases so far, the size of the pool, and
//! the keys of the queues that were lent to the sender.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::numbers::{get, set};
use super::outbox::sql_time;
use super::throttle::Failures;
use crate::error::{Error, Result};
use crate::time::Time;
use crate::vault::{DataKey, PoolLayout, Store};

const USER_HOLD: &str = "user_hold";
const POOL_SLOTS: &str = "pool_slots";
/// 2 for [`PoolLayout::EveryFourth`]; missing for the layout before it.
const POOL_LAYOUT: &str = "pool_layout";
const POOL_GROWS: &str = "pool_grows";
const FAILURES: &str = "failures";
const FAILURES_IN_A_ROW: &str = "failures_in_a_row";
const LAST_FAILURE: &str = "last_failure";
/// In milliseconds, as [`crate::Clock::uptime`] said it.
const LAST_FAILURE_UPTIME: &str = "last_failure_uptime";
const WAITED: &str = "waited";
const ERASE_AFTER: &str = "erase_after";

/// The record's store.
pub(super) struct Record(Mutex<Store>);

impl Record {
    pub(super) fn new(store: Store) -> Self {
        Self(Mutex::new(store))
    }

    /// A panic while the mutex was held left the store as its last transaction did, so going on is sound.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a store that was begun anew.
    pub(super) fn replace(&self, store: Store) {
        *self.store() = store;
    }

    /// Slots that the pool was made with, or grew to; `None` if a crash came before they were written down: as good as no record.
    pub(super) fn pool_slots(&self) -> Result<Option<u32>> {
        let slots = self.store().read(|db| get(db, POOL_SLOTS))?;
        slots.map(|slots| u32::try_from(slots).map_err(|_| Error::Store)).transpose()
    }

    /// Writes them down, also as the end of [`Self::pool_grows`]; durable when this returns.
    pub(super) fn set_pool_slots(&self, slots: u32) -> Result<()> {
        self.store().write(|db| {
            set(db, POOL_SLOTS, u64::from(slots))?;
            set(db, POOL_GROWS, 0)
        })
    }

    /// How its slots are divided.
    pub(super) fn pool_layout(&self) -> Result<PoolLayout> {
        match self.store().read(|db| get(db, POOL_LAYOUT))? {
            None => Ok(PoolLayout::Quarters),
            Some(2) => Ok(PoolLayout::EveryFourth),
            Some(_) => Err(Error::NewerVersion),
        }
    }

    /// Writes down a pool of today's layout.
    pub(super) fn set_new_pool(&self, slots: u32) -> Result<()> {
        self.store().write(|db| set(db, POOL_LAYOUT, 2))?;
        self.set_pool_slots(slots)
    }

    /// Says that the file is being made longer; durable when this returns.
    pub(super) fn pool_grows(&self) -> Result<()> {
        self.store().write(|db| set(db, POOL_GROWS, 1))
    }

    /// Whether the file may be longer than [`Self::pool_slots`], because its growing was cut.
    pub(super) fn does_pool_grow(&self) -> Result<bool> {
        Ok(self.store().read(|db| get(db, POOL_GROWS))?.is_some_and(|value| value != 0))
    }

    /// Whether the person said that nothing may leave.
    pub(super) fn user_hold(&self) -> Result<bool> {
        Ok(self.store().read(|db| get(db, USER_HOLD))?.is_some_and(|value| value != 0))
    }

    /// Sets or lifts the person's hold; durable when this returns.
    pub(super) fn set_user_hold(&self, hold: bool) -> Result<()> {
        self.store().write(|db| set(db, USER_HOLD, u64::from(hold)))
    }

    /// Wrong passphrases so far.
    pub(super) fn failures(&self) -> Result<Failures> {
        self.store().read(|db| {
            let count =
                |name| -> Result<u32> { Ok(u32::try_from(get(db, name)?.unwrap_or_default()).unwrap_or(u32::MAX)) };
            let last = get(db, LAST_FAILURE)?.map(Time).unwrap_or_default();
            Ok(Failures {
                count: count(FAILURES)?,
                in_a_row: count(FAILURES_IN_A_ROW)?,
                last,
                last_uptime: Duration::from_millis(get(db, LAST_FAILURE_UPTIME)?.unwrap_or_default()),
                waited: get(db, WAITED)?.is_some_and(|waited| waited != 0),
            })
        })
    }

    /// Writes them down; durable when this returns.
    pub(super) fn set_failures(&self, failures: Failures) -> Result<()> {
        self.store().write(|db| {
            set(db, FAILURES, u64::from(failures.count))?;
            set(db, FAILURES_IN_A_ROW, u64::from(failures.in_a_row))?;
            set(db, LAST_FAILURE, sql_time(failures.last).unsigned_abs())?;
            // A clock of more than 300 million years stays at the last of them.
            let uptime = i64::try_from(failures.last_uptime.as_millis()).unwrap_or(i64::MAX);
            set(db, LAST_FAILURE_UPTIME, uptime.unsigned_abs())?;
            set(db, WAITED, u64::from(failures.waited))
        })
    }

    /// Wrong passphrases in a row after which everything is erased; 0 for never.
    pub(super) fn erase_after(&self) -> Result<u32> {
        let after = self.store().read(|db| get(db, ERASE_AFTER))?.unwrap_or_default();
        u32::try_from(after).map_err(|_| Error::Store)
    }

    /// Sets it; durable when this returns.
    pub(super) fn set_erase_after(&self, failures: u32) -> Result<()> {
        self.store().write(|db| set(db, ERASE_AFTER, u64::from(failures)))
    }

    /// Regions whose queues the sender may open without a passphrase, with their keys.
    pub(super) fn lent(&self) -> Result<Vec<(u8, DataKey)>> {
        self.store().read(|db| {
            let mut query = db.prepare("SELECT region, key FROM lent ORDER BY region")?;
            let rows = query
                .query_map([], |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1).map(zeroize::Zeroizing::new)?)))?;
            rows.map(|row| {
                let (region, key) = row?;
                Ok((region, DataKey::from_slice(key.as_slice()).ok_or(Error::Store)?))
            })
            .collect()
        })
    }

    /// The key of a region's queue, if it was lent.
    pub(super) fn lent_key(&self, region: u8) -> Result<Option<DataKey>> {
        let key: Option<[u8; 32]> = self.store().read(|db| {
            Ok(db.query_row("SELECT key FROM lent WHERE region = ?1", [region], |row| row.get(0)).optional()?)
        })?;
        Ok(key.map(zeroize::Zeroizing::new).and_then(|key| DataKey::from_slice(key.as_slice())))
    }

    /// Lets the sender open a queue without a passphrase.
    pub(super) fn lend(&self, region: u8, key: &DataKey) -> Result<()> {
        self.store().write(|db| {
            // EXPOSE: that is what lending is; the record lies under the device key.
            db.execute("INSERT OR REPLACE INTO lent (region, key) VALUES (?1, ?2)", params![region, key.expose()])?;
            Ok(())
        })
    }

    /// Takes a queue's key back, for good.
    pub(super) fn take_back(&self, region: u8) -> Result<()> {
        self.store().write_forgetting(|db| {
            db.execute("DELETE FROM lent WHERE region = ?1", [region])?;
            Ok(())
        })
    }
}
