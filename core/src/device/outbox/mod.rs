//! The outbox of one vault: sealed objects, and what is needed to send them.
//!
//! The index is the vault's queue; the objects lie in its part of the pool. Nothing in here opens a report, so a vault can
//! lend it to the sender, which then needs no passphrase, and auto-lock never waits for it. One mutex guards the index; it is held for one short, synchronous
//! step at a time and never across a network call.

mod batch;
mod enrolment;
mod moving;
mod networks;
mod packets;
mod queue;
mod room;
mod settings;
mod view;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kapok_wire::bundle::VerifiedBundle;
use rusqlite::Connection;

pub(crate) use batch::{Job, Outcome};
pub(crate) use moving::{MOVING, QueueMove};
pub(crate) use networks::Caught;
pub(crate) use queue::{NewObject, NewReport, sql_int, sql_time};
pub use view::{OutboxView, ReportState};

use crate::error::{Error, Result};
use crate::policy::Finished;
use crate::vault::{PoolPart, SlotNumber, Store};

/// One vault's queue and its part of the pool, shared by the vault's side and the sender.
pub(crate) struct Outbox {
    /// `None` once it was closed.
    queue: Mutex<Option<Store>>,
    pool: PoolPart,
}

/// The queue while it is held.
struct Queue<'a>(MutexGuard<'a, Option<Store>>);

impl Queue<'_> {
    fn store(&mut self) -> Result<&mut Store> {
        self.0.as_mut().ok_or(Error::Locked)
    }

    fn read<T>(&mut self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.store()?.read(query)
    }

    fn write<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.store()?.write(change)
    }

    fn write_forgetting<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.store()?.write_forgetting(change)
    }
}

impl Outbox {
    /// Takes up a queue; a fresh one gets the keys that only the sender needs.
    pub(crate) fn new(mut queue: Store, pool: PoolPart) -> Result<Self> {
        if !queue.read(settings::is_initialised)? {
            queue.write(settings::initialise)?;
        }
        // Looked at here, because the sender has no vault to ask.
        let held = queue.read(moving::of)? != QueueMove::None;
        queue.hold(held);
        Ok(Self { queue: Mutex::new(Some(queue)), pool })
    }

    /// Ends all use of it, also by those who hold it still: they get [`Error::Locked`].
    pub(crate) fn close(&self) {
        *self.queue().0 = None;
    }

    pub(crate) fn pool(&self) -> &PoolPart {
        &self.pool
    }

    /// A panic while the mutex was held left the store as its last transaction did, so going on is sound.
    fn queue(&self) -> Queue<'_> {
        Queue(self.queue.lock().unwrap_or_else(PoisonError::into_inner))
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

    /// The day of the report that was made of the draft with this mark, if the draft is still to be forgotten.
    pub(crate) fn pending(&self, mark: &[u8; 16]) -> Result<Option<u64>> {
        self.queue().read(|db| queue::pending(db, mark))
    }

    /// The vault has forgotten the draft.
    pub(crate) fn settle(&self, mark: &[u8; 16]) -> Result<()> {
        self.queue().write(|db| queue::settle(db, mark))
    }

    /// Whether there may be a draft that a report was made of.
    pub(crate) fn any_pending(&self) -> Result<bool> {
        self.queue().read(queue::any_pending)
    }

    /// No draft that a report was made of is left in the vault.
    pub(crate) fn settle_all(&self) -> Result<()> {
        self.queue().write(queue::settle_all)
    }

    /// What waits or was sent, each under its mark, without what only the vault knows.
    pub(crate) fn view(&self) -> Result<Vec<([u8; 16], OutboxView)>> {
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
