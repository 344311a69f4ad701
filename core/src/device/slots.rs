//! Who uses which slot of the pool: drafts, the outbox, and attachments that are being read right now.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kapok_seal::media::padded_count;

use super::outbox::Outbox;
use super::{Device, attach};
use crate::error::{Error, Result};
use crate::vault::SlotNumber;

/// Slots taken from the pool at a time while the length of a stream is not known.
const STEP: usize = 16;

/// Slots that attachments leave for the packets and overflow of reports to come: a person can always finish.
const RESERVE: usize = 16;

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
    /// The vault that they are for, and its outbox: another vault may be open before all of them are taken.
    region: u8,
    outbox: Arc<Outbox>,
    free: Vec<SlotNumber>,
    taken: Vec<SlotNumber>,
    purpose: Purpose,
}

/// What slots are for, and so how many others have to stay free.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// A report that is being finished may use the last one.
    Finish,
    /// An attachment leaves room for finishing its draft, which has this many chunks already.
    Attach { before: usize },
}

impl Purpose {
    /// Slots that must stay free beside `taken` ones.
    fn spare(self, taken: usize) -> Result<usize> {
        let Self::Attach { before } = self else { return Ok(0) };
        let chunks = u32::try_from(before + taken).map_err(|_| Error::Store)?;
        Ok((padded_count(chunks) - chunks) as usize + RESERVE)
    }
}

impl Device {
    /// Reserves `need` free slots at random places, if as many more stay free as `purpose` asks for. The vault in `region`, whose
    /// outbox it is, has to be the one that is open.
    ///
    /// # Errors
    /// [`Error::PoolFull`] with what is missing; [`Error::Locked`], also when more are taken.
    pub(super) fn reserve(
        &self,
        (region, outbox): (u8, &Arc<Outbox>),
        need: usize,
        purpose: Purpose,
    ) -> Result<Reservation<'_>> {
        let (free, taken, outbox) = (Vec::new(), Vec::new(), outbox.clone());
        let mut reservation = Reservation { device: self, region, outbox, free, taken, purpose };
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
        let slot = self.free.pop().ok_or(Error::NoSuchSlot)?;
        self.taken.push(slot);
        Ok(slot)
    }

    /// The outbox whose pool they are of.
    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
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
        let mut used = device.with_region(self.region, |vault| vault.read(attach::used_slots))?;
        used.extend(self.outbox.used_slots()?);
        used.extend(reserved.iter());
        let spare = self.purpose.spare(self.taken.len() + self.free.len() + need)?;
        let mut chosen = self.outbox.pool().free_slots(&used, need + spare)?;
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
