//! The outbox: sealed objects, and what is needed to send them, usable while the vault is locked.
//!
//! The index is the queue store; the objects lie in slots of the pool. Nothing in here opens a report, so sending
//! needs no passphrase and auto-lock never waits for it. One mutex guards the index; it is held for one short, synchronous
//! step at a time and never across a network call.

mod batch;
mod enrolment;
mod networks;
mod packets;
mod queue;
mod room;
mod settings;
mod view;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kapok_wire::bundle::VerifiedBundle;

pub(crate) use batch::{Job, Outcome};
pub(crate) use networks::Caught;
pub(crate) use queue::{NewObject, NewReport, sql_int, sql_time};
pub use view::{OutboxView, ReportState};

use crate::error::{Error, Result};
use crate::policy::Finished;
use crate::vault::{SlotNumber, SlotPool, Store};

/// The queue store and the pool, shared by the vault's side and the sender.
pub(crate) struct Outbox {
    queue: Mutex<Store>,
    pool: SlotPool,
}

impl Outbox {
    /// Opens what [`Self::make`] made; `open_pool` gets the number of slots it was made with.
    pub(crate) fn open(mut queue: Store, open_pool: impl FnOnce(u32) -> Result<SlotPool>) -> Result<Self> {
        // Without the number a crash came between making the file and writing it down: as good as no queue.
        let slots = queue.read(settings::pool_slots)?.ok_or(Error::NotFound)?;
        Ok(Self { queue: Mutex::new(queue), pool: open_pool(slots)? })
    }

    /// Gives back a queue that a crash left unfilled, for [`Self::make`]; [`Error::NotFound`] if it was filled.
    pub(crate) fn unfilled(mut queue: Store) -> Result<Store> {
        match queue.read(settings::pool_slots)? {
            None => Ok(queue),
            Some(_) => Err(Error::NotFound),
        }
    }

    /// Fills a fresh queue with what never changes: keys and the number of slots.
    pub(crate) fn make(mut queue: Store, pool: SlotPool) -> Result<Self> {
        queue.write(|db| settings::initialise(db, pool.slots()))?;
        Ok(Self { queue: Mutex::new(queue), pool })
    }

    pub(crate) fn pool(&self) -> &SlotPool {
        &self.pool
    }

    /// A panic while the mutex was held left the store as its last transaction did, so going on is sound.
    fn queue(&self) -> MutexGuard<'_, Store> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Slots that hold waiting objects.
    pub(crate) fn used_slots(&self) -> Result<BTreeSet<SlotNumber>> {
        self.queue().read(queue::used_slots)
    }

    /// Puts a finished report into the queue: the commit point of finishing.
    pub(crate) fn add(&self, report: &NewReport) -> Result<()> {
        self.queue().write(|db| {
            room::make(db)?;
            queue::add(db, report)
        })
    }

    /// Code and day of the report with this draft mark, if a finish reached the queue.
    pub(crate) fn finished_mark(&self, mark: &[u8; 16]) -> Result<Option<(String, u64)>> {
        self.queue().read(|db| queue::by_mark(db, mark))
    }

    /// The vault has forgotten the draft: the mark has done its work.
    pub(crate) fn clear_mark(&self, mark: &[u8; 16]) -> Result<()> {
        self.queue().write(|db| queue::clear_mark(db, mark))
    }

    /// No draft that a report was made of is left in the vault.
    pub(crate) fn clear_marks(&self) -> Result<()> {
        let mut queue = self.queue();
        if queue.read(queue::any_mark)? { queue.write(queue::clear_marks) } else { Ok(()) }
    }

    /// What waits, in words for people and scripts.
    pub(crate) fn view(&self) -> Result<Vec<OutboxView>> {
        self.queue().read(view::list)
    }

    /// Objects that wait and may still succeed: packets, chunks.
    pub(crate) fn waiting(&self) -> Result<(u32, u32)> {
        self.queue().read(queue::waiting)
    }

    /// Lets objects that were refused wait again: server or app may have been put right. Trying costs no other token.
    pub(crate) fn retry_refused(&self) -> Result<()> {
        let mut queue = self.queue();
        if queue.read(queue::any_refused)? { queue.write(queue::retry_refused) } else { Ok(()) }
    }

    /// Counts an attempt for the next objects and gives each upload its token, before anything is sent.
    pub(crate) fn next_batch(&self, text: bool, media: bool, max: u16) -> Result<Vec<Job>> {
        self.queue().write(|db| batch::next(db, text, media, max))
    }

    /// Stores outcomes, then overwrites the slots that verified receipts freed.
    pub(crate) fn record(&self, outcomes: &[(Job, Outcome)]) -> Result<()> {
        // Held to the end: a slot that counts as free before it is overwritten could get a new owner in between.
        let mut queue = self.queue();
        let freed = queue.write(|db| {
            room::make(db)?;
            let freed = batch::record(db, outcomes)?;
            queue::forget_times(db)?;
            Ok(freed)
        })?;
        // After the commit: a crash in between leaves sealed bytes nobody refers to, which the next use overwrites.
        freed.into_iter().try_for_each(|slot| self.pool.refill_random(slot))
    }

    /// When the report that has waited longest was finished, and what its delay is drawn from.
    pub(crate) fn oldest_waiting(&self) -> Result<Option<Finished>> {
        self.queue().read(queue::oldest_waiting)
    }

    /// The bundle in force, checked again each time it is read.
    pub(crate) fn bundle(&self) -> Result<Option<VerifiedBundle>> {
        self.queue().read(enrolment::bundle)
    }

    /// Tokens not yet given to an upload.
    #[cfg(test)]
    pub(crate) fn tokens_left(&self) -> Result<u32> {
        self.queue().read(batch::tokens_left)
    }

    /// Whether the next object has a token or can get one.
    pub(crate) fn can_pay(&self) -> Result<bool> {
        self.queue().read(batch::can_pay)
    }
}
