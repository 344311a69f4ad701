//! The queues of all vaults in one file, the pool they share, and which of them may be used now.
//!
//! While a vault is open, its own queue counts and no other: what it shows and sends says nothing about the rest. While all are
//! locked, the sender serves the queues that were lent to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::OptionalExtension as _;
use zeroize::Zeroizing;

use super::outbox::Outbox;
use super::record::Record;
use super::{POOL_FILE, QUEUE_FILE};
use crate::error::{Error, Result};
use crate::vault::{DataKey, DeviceKey, HalfFrames, Migrations, POOL_SLOT, PoolLayout, QueueFile, SlotPool, Store};

pub(super) const QUEUE_STEPS: Migrations =
    Migrations(&[("001_initial", include_str!("migrations/queue/001_initial.sql"))]);
pub(super) const RECORD_STEPS: Migrations =
    Migrations(&[("001_initial", include_str!("migrations/device/001_initial.sql"))]);

/// Slots of the pool for each frame of a queue's half.
const SLOTS_PER_FRAME: u32 = 64;

/// The queue file and the pool, opened.
pub(super) struct Queues {
    record: Arc<Record>,
    files: Mutex<Files>,
    /// Held while the pool grows.
    growth: Mutex<()>,
}

struct Files {
    queue: QueueFile,
    pool: SlotPool,
    /// The pool's file is being made longer.
    grows: bool,
    /// By region.
    open: BTreeMap<u8, Arc<Outbox>>,
}

impl Queues {
    /// Opens what [`Self::make`] made, and the queues that were lent.
    pub(super) fn open(folder: &Path, device_key: &dyn DeviceKey) -> Result<Self> {
        let queue = QueueFile::open(&folder.join(QUEUE_FILE), device_key)?;
        let record = Record::new(queue.record(RECORD_STEPS)?);
        // Without the number a crash came between making the file and writing it down: as good as no queue.
        let slots = record.pool_slots()?.ok_or(Error::NotFound)?;
        let pool_path = folder.join(POOL_FILE);
        let pool = if record.does_pool_grow()? {
            let pool = SlotPool::open_cut(&pool_path, slots)?;
            record.set_pool_slots(slots)?;
            pool
        } else {
            SlotPool::open(&pool_path, slots, record.pool_layout()?)?
        };
        let queues = Self::of(record, queue, pool);
        for (region, key) in queues.record.lent()? {
            // One that is damaged keeps no other from being sent; its own vault tells of it.
            let _ = queues.take_up(region, &key);
        }
        Ok(queues)
    }

    /// Makes both files, or goes on where a crash cut that.
    pub(super) fn make(folder: &Path, device_key: &dyn DeviceKey, slots: u32) -> Result<Self> {
        let (queue_path, pool_path) = (folder.join(QUEUE_FILE), folder.join(POOL_FILE));
        let queue = match QueueFile::open(&queue_path, device_key) {
            Err(Error::NotFound) => None,
            opened => Some(opened?),
        };
        if let Some(queue) = &queue
            && Record::new(queue.record(RECORD_STEPS)?).pool_slots()?.is_some()
        {
            // A queue that was filled waits for its pool: random slots would be sent in place of the lost ones.
            return Err(Error::NotFound);
        }
        // A pool without a queue is what a crash during creation leaves; nothing in it can be in use.
        let pool = match SlotPool::create(&pool_path, slots) {
            Err(Error::AlreadyExists) => {
                let len = fs::metadata(&pool_path)?.len() / POOL_SLOT as u64;
                let slots = u32::try_from(len).map_err(|_| Error::BadSize)?;
                SlotPool::open(&pool_path, slots, PoolLayout::EveryFourth)?
            }
            other => other?,
        };
        let queue = match queue {
            Some(queue) => queue,
            None => QueueFile::create(&queue_path, half_for(pool.slots())?, device_key)?,
        };
        let record = Record::new(queue.record(RECORD_STEPS)?);
        record.set_new_pool(pool.slots())?;
        Ok(Self::of(record, queue, pool))
    }

    /// Takes up a pool that is longer than its sound queue file says: whatever made it so, no slot of it must be lost, and what waits
    /// is still sent. False if that is not what is wrong.
    pub(super) fn take_up_longer_pool(folder: &Path, device_key: &dyn DeviceKey) -> Result<bool> {
        let Ok(queue) = QueueFile::open(&folder.join(QUEUE_FILE), device_key) else { return Ok(false) };
        let Ok(record) = queue.record(RECORD_STEPS).map(Record::new) else { return Ok(false) };
        let Ok(Some(slots)) = record.pool_slots() else { return Ok(false) };
        let pool_path = folder.join(POOL_FILE);
        let longer = fs::metadata(&pool_path).is_ok_and(|about| about.len() > u64::from(slots) * POOL_SLOT as u64);
        if !longer || record.pool_layout() != Ok(PoolLayout::EveryFourth) {
            return Ok(false);
        }
        record.set_pool_slots(SlotPool::mend_length(&pool_path)?)?;
        Ok(true)
    }

    fn of(record: Record, queue: QueueFile, pool: SlotPool) -> Self {
        let files = Files { queue, pool, grows: false, open: BTreeMap::new() };
        Self { record: Arc::new(record), files: Mutex::new(files), growth: Mutex::new(()) }
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// A panic while the mutex was held left at most a queue unopened.
    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue of a vault that was just unlocked. A vault without one gets it here, lent, or the one that a vault which
    /// was set aside left in its region: what waits there is still sent.
    pub(super) fn of_vault(&self, vault: &mut Store) -> Result<Arc<Outbox>> {
        let region = vault.region();
        if let Some(key) = vault.read(own_key)? {
            // A renewal that was cut may have left the former key with the record.
            // EXPOSE: compared, and nothing else.
            if self.record.lent_key(region)?.is_some_and(|lent| lent.expose() != key.expose()) {
                self.record.lend(region, &key)?;
            }
            return self.take_up(region, &key);
        }
        let key = match self.record.lent_key(region)? {
            Some(key) => key,
            None => {
                let key = DataKey::make();
                self.files().queue.format(region, &key)?;
                self.record.lend(region, &key)?;
                key
            }
        };
        vault.write(|db| {
            // EXPOSE: kept in the vault, which is sealed.
            db.execute("INSERT INTO queue_key (only, key) VALUES (1, ?1)", [key.expose()])?;
            Ok(())
        })?;
        self.take_up(region, &key)
    }

    /// An empty queue under a new key, in the place of one that cannot be read.
    pub(super) fn renew(&self, vault: &mut Store) -> Result<Arc<Outbox>> {
        let (region, key) = (vault.region(), DataKey::make());
        let lent = self.record.lent_key(region)?.is_some();
        self.files().open.remove(&region);
        self.files().queue.format(region, &key)?;
        // Also while the vault is held: without an outbox its move could neither be ended nor cancelled.
        vault.write_held(|db| {
            // EXPOSE: kept in the vault, which is sealed.
            db.execute("UPDATE queue_key SET key = ?1", [key.expose()])?;
            Ok(())
        })?;
        if lent {
            self.record.lend(region, &key)?;
        }
        self.take_up(region, &key)
    }

    /// Slots of the pool, all parts together.
    pub(super) fn pool_slots(&self) -> u32 {
        self.files().pool.slots()
    }

    /// Makes the pool longer. Cut anywhere it has its former length or the new one, and keeps what it holds.
    ///
    /// # Errors
    /// [`Error::BadSize`] if it would be shorter, or too long for what the queues can say of it; [`Error::DiskFull`].
    pub(super) fn grow_pool(&self, slots: u32) -> Result<()> {
        // A mutex of its own, because this takes seconds and locking a vault must not wait for it.
        let _one = self.growth.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = self.begin_growth(slots)?;
        let lengthened = pool.lengthen(slots);
        let mut files = self.files();
        if let Err(error) = lengthened {
            // If either fails the note stays, and the next opening takes away what was added.
            if pool.shorten().is_ok() && self.record.set_pool_slots(pool.slots()).is_ok() {
                files.grows = false;
            }
            return Err(error);
        }
        // If this fails nobody knows what the medium has. Both are sound as long as the file stays as long as it is, so it does.
        self.record.set_pool_slots(slots)?;
        files.grows = false;
        pool.use_slots(slots);
        Ok(())
    }

    /// Says that the pool grows, and gives it.
    pub(super) fn begin_growth(&self, slots: u32) -> Result<SlotPool> {
        let mut files = self.files();
        if files.grows {
            // A growth that failed half-way. Opening the device again ends it.
            return Err(Error::Store);
        }
        if slots <= files.pool.slots() || slots > most_slots(files.queue.half()) || !slots.is_multiple_of(4) {
            return Err(Error::BadSize);
        }
        self.record.pool_grows()?;
        files.grows = true;
        Ok(files.pool.clone())
    }

    fn take_up(&self, region: u8, key: &DataKey) -> Result<Arc<Outbox>> {
        let mut files = self.files();
        if let Some(open) = files.open.get(&region) {
            return Ok(open.clone());
        }
        let outbox = Arc::new(Outbox::new(files.queue.store(region, key, QUEUE_STEPS)?, files.pool.part(region)?)?);
        files.open.insert(region, outbox.clone());
        Ok(outbox)
    }

    /// The queues that the sender may use while all vaults are locked.
    pub(super) fn lent(&self) -> Vec<Arc<Outbox>> {
        self.files().open.values().cloned().collect()
    }

    /// Regions of lent queues.
    pub(super) fn lent_regions(&self) -> Result<Vec<u8>> {
        Ok(self.record.lent()?.into_iter().map(|(region, _)| region).collect())
    }

    /// A vault was locked: its queue stays open only if it was lent.
    pub(super) fn vault_locked(&self, region: u8) {
        // When in doubt it is closed: what waits, waits for the next unlock.
        if !self.record.lent_key(region).is_ok_and(|key| key.is_some())
            && let Some(outbox) = self.files().open.remove(&region)
        {
            outbox.close();
        }
    }

    /// Lends a vault's queue to the sender, or takes it back.
    pub(super) fn lend(&self, vault: &mut Store, yes: bool) -> Result<()> {
        let key = vault.read(own_key)?.ok_or(Error::Store)?;
        if yes { self.record.lend(vault.region(), &key) } else { self.record.take_back(vault.region()) }
    }

    /// Closes every queue.
    pub(super) fn close(&self) {
        let open = std::mem::take(&mut self.files().open);
        open.values().for_each(|outbox| outbox.close());
    }

    /// Closes everything and begins anew in the same files, after the device keys were destroyed.
    pub(super) fn begin_anew(&self, device_key: &dyn DeviceKey) -> Result<()> {
        self.close();
        let mut files = self.files();
        let (slots, layout) = (files.pool.slots(), self.record.pool_layout());
        files.queue.begin_anew(device_key)?;
        self.record.replace(files.queue.record(RECORD_STEPS)?);
        // Nothing is in use any more; but whoever holds the pool open divides it as before until the next opening.
        match layout {
            Ok(PoolLayout::Quarters) => self.record.set_pool_slots(slots)?,
            _ => self.record.set_new_pool(slots)?,
        }
        // What another thread is doing to the pool belongs to the new record too.
        if files.grows { self.record.pool_grows() } else { Ok(()) }
    }
}

fn own_key(db: &rusqlite::Connection) -> Result<Option<DataKey>> {
    let key: Option<[u8; 32]> = db.query_row("SELECT key FROM queue_key", [], |row| row.get(0)).optional()?;
    Ok(key.map(Zeroizing::new).and_then(|key| DataKey::from_slice(key.as_slice())))
}

/// Room for a receipt of every slot of a vault, several times over: 1 KiB for each slot of the pool, and the default at least.
fn half_for(slots: u32) -> Result<HalfFrames> {
    HalfFrames::new((slots / SLOTS_PER_FRAME).clamp(HalfFrames::QUEUE_DEFAULT.get(), HalfFrames::MAX))
}

/// As far as a pool may grow beside a queue of this size: a quarter of what [`half_for`] gives, for each slot.
fn most_slots(half: HalfFrames) -> u32 {
    half.get().saturating_mul(4 * SLOTS_PER_FRAME)
}
