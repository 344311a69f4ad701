//! Who uses which slot of the pool: drafts, the outbox, and attachments that are being read right now.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Device, attach};
use crate::error::Result;
use crate::vault::SlotNumber;

/// Slots taken from the pool at a time while the length of a stream is not known.
const STEP: usize = 16;

/// Slots handed out but not yet in a store. In memory only: after a crash they are free again.
#[derive(Default)]
pub(super) struct Reserved(Mutex<BTreeSet<SlotNumber>>);

impl Reserved {
    /// Nobody is given a slot while this is held.
    pub(super) fn hold(&self) -> MutexGuard<'_, BTreeSet<SlotNumber>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Some reserved slots; those not used are given back when it is dropped.
pub(super) struct Reservation<'d> {
    device: &'d Device,
    free: Vec<SlotNumber>,
    taken: Vec<SlotNumber>,
    /// Slots that must stay free for others.
    spare: usize,
}

impl Device {
    /// Reserves `need` free slots at random places, if `spare` more stay free.
    ///
    /// # Errors
    /// [`crate::Error::PoolFull`] with what is missing; [`crate::Error::Locked`].
    pub(super) fn reserve(&self, need: usize, spare: usize) -> Result<Reservation<'_>> {
        let mut reservation = Reservation { device: self, free: Vec::new(), taken: Vec::new(), spare };
        reservation.grow(need)?;
        Ok(reservation)
    }
}

impl Reservation<'_> {
    /// The next slot.
    pub(super) fn take(&mut self) -> Result<SlotNumber> {
        if self.free.is_empty() {
            self.grow(STEP).or_else(|_| self.grow(1))?;
        }
        let slot = self.free.pop().ok_or(crate::Error::NoSuchSlot)?;
        self.taken.push(slot);
        Ok(slot)
    }

    /// What was taken so far, in order.
    pub(super) fn taken(&self) -> &[SlotNumber] {
        &self.taken
    }

    fn grow(&mut self, need: usize) -> Result<()> {
        let device = self.device;
        // Held while choosing, so that two readers never get the same slot.
        let mut reserved = device.reserved.hold();
        // The vault first: a finish in another thread moves slots from it to the outbox, and none may be missed.
        let mut used = device.with_vault(|vault| vault.read(attach::used_slots))?;
        used.extend(device.outbox.used_slots()?);
        used.extend(reserved.iter());
        let mut chosen = device.outbox.pool().free_slots(&used, need + self.spare)?;
        chosen.truncate(need);
        reserved.extend(&chosen);
        self.free.extend(chosen);
        Ok(())
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut reserved = self.device.reserved.hold();
        for slot in self.free.iter().chain(&self.taken) {
            reserved.remove(slot);
        }
    }
}
