//! What the queue knows of a move to another phone: that nothing may be sent, also while the vault is locked.
//!
//! The vault decides; the queue only follows, so that after a crash the vault's word puts it right.

use kapok_wire::Lane;
use rusqlite::Connection;

use super::super::numbers::{get, set};
use super::{Outbox, settings};
use crate::device::MoveError;
use crate::error::{Error, Result};
use crate::vault::{Image, Migrations, SlotNumber};

/// Name of the setting that says it.
pub(crate) const MOVING: &str = "moving";

/// How far a move of the queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueMove {
    /// None is under way.
    None,
    /// It was written to a move file: another phone may spend its tokens.
    Sent,
    /// It is being taken in, and the vault may not have come after it.
    Arriving,
}

pub(super) fn of(db: &Connection) -> Result<QueueMove> {
    match get(db, MOVING)? {
        None | Some(0) => Ok(QueueMove::None),
        Some(1) => Ok(QueueMove::Sent),
        Some(2) => Ok(QueueMove::Arriving),
        Some(_) => Err(Error::Store),
    }
}

fn note(db: &Connection, state: QueueMove) -> Result<()> {
    match state {
        // Nothing is left of it.
        QueueMove::None => {
            db.execute("DELETE FROM setting WHERE name = ?1", [MOVING])?;
            Ok(())
        }
        QueueMove::Sent => set(db, MOVING, 1),
        QueueMove::Arriving => set(db, MOVING, 2),
    }
}

impl Outbox {
    /// How far a move is.
    pub(crate) fn moving(&self) -> Result<QueueMove> {
        self.queue().read(of)
    }

    /// # Errors
    /// [`MoveError::Moving`] while a move is under way.
    pub(crate) fn refuse_moving(&self) -> Result<()> {
        if self.moving()? == QueueMove::None { Ok(()) } else { Err(MoveError::Moving.into()) }
    }

    /// Sets it; durable, and in force, when this returns.
    pub(crate) fn set_moving(&self, state: QueueMove) -> Result<()> {
        let mut queue = self.queue();
        let store = queue.store()?;
        store.write_held(|db| note(db, state))?;
        store.hold(state != QueueMove::None);
        Ok(())
    }

    /// Changes a queue that is held.
    pub(crate) fn fill(&self, change: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
        self.queue().store()?.write_held(change)
    }

    /// Forgets all that `wipe` takes away and draws the sender's keys anew, in both copies.
    pub(crate) fn wipe(&self, wipe: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
        self.queue().store()?.write_held_forgetting(|db| {
            wipe(db)?;
            db.execute("DELETE FROM secret", [])?;
            settings::initialise(db)
        })
    }

    /// Reads the queue's database for the move.
    pub(crate) fn read_queue<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.queue().read(query)
    }

    /// The queue's database as a value.
    pub(crate) fn image(&self, migrations: Migrations) -> Result<Image> {
        self.queue().store()?.image(migrations)
    }

    /// Bytes that the queue's database may have.
    pub(crate) fn capacity(&self) -> Result<usize> {
        Ok(self.queue().store()?.capacity())
    }

    /// Puts a sealed area into a slot, as its lane asks.
    pub(crate) fn put_area(&self, lane: Lane, slot: SlotNumber, area: &[u8]) -> Result<()> {
        match lane {
            Lane::Text => self.put_packet(slot, area.try_into().map_err(|_| MoveError::FileDamaged)?),
            Lane::Media => self.put_chunk(slot, area.try_into().map_err(|_| MoveError::FileDamaged)?),
        }
    }
}
