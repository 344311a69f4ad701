//! How much room there is for attachments and for what waits, and more of it on a person's word.
//!
//! The pool has its length from the first day, so it says nothing about what is in it. A longer one does: whoever sees the file
//! learns that some vault once needed more than a quarter of the former length, and with a vault that shows little that has to be
//! explained. Moving to a new phone with a larger pool says less.

use super::Device;
use super::attach;
use crate::error::{Error, Result};
use crate::vault::POOL_SLOT;

/// The pool as the open vault sees it. All in bytes as they lie on the disk: an attachment takes a little more than its length, and
/// some room is kept for finishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolView {
    /// Length of the file.
    pub whole: u64,
    /// The part of this vault: a quarter, for every vault, also where there is only one.
    pub own: u64,
    /// What of this part is free.
    pub free: u64,
}

/// Said by whoever was told what [`Device::grow_pool`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrowthIsVisible;

impl Device {
    /// How much room the pool has.
    ///
    /// # Errors
    /// [`Error::Locked`]; trouble with the stores.
    pub fn pool(&self) -> Result<PoolView> {
        let bytes = |slots: u64| slots * POOL_SLOT as u64;
        let (region, outbox) = self.open_vault()?;
        let reserved = self.reserved.hold();
        let mut used = self.with_region(region, |vault| vault.read(attach::used_slots))?;
        used.extend(outbox.used_slots()?);
        // Not what another vault is still recording: its part is none of this one's business.
        used.extend(reserved.iter().filter(|slot| outbox.pool().owns(**slot)));
        let own = outbox.pool().len();
        Ok(PoolView {
            whole: bytes(self.queues.pool_slots().into()),
            own: bytes(own.into()),
            free: bytes(u64::from(own).saturating_sub(used.len() as u64)),
        })
    }

    /// Makes the pool longer, up to `whole` bytes, a multiple of 256 KiB. All vaults get the same share of it. It stays visible for
    /// ever that this was done, to everybody who sees the file and knows or guesses how long it was: tell the person before.
    /// A crash leaves the former length or the new one; what the pool holds is never touched.
    ///
    /// # Errors
    /// [`Error::BadSize`] if it would not be longer, is no such multiple, or is more than four times what the device was made
    /// for or 256 MiB if that is more, or the pool is of the first version (a move to a new phone is the way then); [`Error::DiskFull`] with the pool as it was; [`Error::Locked`].
    pub fn grow_pool(&self, whole: u64, _told: GrowthIsVisible) -> Result<()> {
        // Only an open vault may, but it need not stay open: locking does not wait for this.
        self.open_region()?;
        let slot = POOL_SLOT as u64;
        let slots = u32::try_from(whole / slot).ok().filter(|_| whole.is_multiple_of(slot));
        self.queues.grow_pool(slots.ok_or(Error::BadSize)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::path::Path;
    use std::sync::Arc;

    use super::super::POOL_FILE;
    use super::super::testing::*;
    use super::*;

    use crate::vault::NoDeviceKey;

    const SLOT: u64 = POOL_SLOT as u64;

    fn len(folder: &Path) -> u64 {
        fs::metadata(folder.join(POOL_FILE)).unwrap().len()
    }

    #[test]
    fn a_full_pool_that_grows_takes_more_and_keeps_what_it_had() {
        let folder = tempfile::tempdir().unwrap();
        let device = device_of(folder.path(), 4, 32);
        let id = draft(&device, "Example");
        assert_eq!(device.pool(), Ok(PoolView { whole: 128 * SLOT, own: 32 * SLOT, free: 32 * SLOT }));
        attach(&device, id, 8, true).unwrap();
        assert_eq!(device.pool().unwrap().free, 24 * SLOT);
        assert!(matches!(attach(&device, id, 16, true), Err(Error::PoolFull { .. })), "control");
        device.grow_pool(256 * SLOT, GrowthIsVisible).unwrap();
        assert_eq!(device.pool(), Ok(PoolView { whole: 256 * SLOT, own: 64 * SLOT, free: 56 * SLOT }));
        attach(&device, id, 16, true).unwrap();
        drop(device);

        let device = reopened(folder.path());
        assert_eq!(device.pool(), Err(Error::Locked));
        assert_eq!(device.grow_pool(512 * SLOT, GrowthIsVisible), Err(Error::Locked));
        device.unlock(&passphrase(), &Still).unwrap();
        assert_eq!(device.attachments(id).unwrap().len(), 2);
        Organisation::make().enrol(&device);
        device.finish(id, NOW).unwrap();
        assert_eq!(len(folder.path()), 256 * SLOT);
    }

    #[test]
    fn a_pool_grows_by_whole_steps_and_only_as_far_as_its_queues_reach() {
        let folder = tempfile::tempdir().unwrap();
        let device = device_of(folder.path(), 2, 32);
        for bad in [0, 128 * SLOT, 124 * SLOT, 132 * SLOT + 1, 130 * SLOT, 4_100 * SLOT, u64::MAX] {
            assert_eq!(device.grow_pool(bad, GrowthIsVisible), Err(Error::BadSize), "{bad}");
            assert_eq!(len(folder.path()), 128 * SLOT);
        }
        device.grow_pool(132 * SLOT, GrowthIsVisible).unwrap();
    }

    /// A crash in the middle of growing, with the file this long.
    fn cut(folder: &Path, len: u64, noted: bool) {
        let device = reopened(folder);
        if noted {
            device.queues.record().pool_grows().unwrap();
        }
        drop(device);
        OpenOptions::new().write(true).open(folder.join(POOL_FILE)).unwrap().set_len(len).unwrap();
    }

    #[test]
    fn erasing_while_the_pool_grows_leaves_a_device_that_opens() {
        let folder = tempfile::tempdir().unwrap();
        let device = device_of(folder.path(), 2, 24);
        // The growth stands here when the eraser comes, and is cut afterwards.
        device.queues.begin_growth(192).unwrap();
        device.queues.begin_anew(&NoDeviceKey).unwrap();
        drop(device);
        let longer = |len| OpenOptions::new().write(true).open(folder.path().join(POOL_FILE)).unwrap().set_len(len);
        longer(100 * SLOT).unwrap();
        drop(reopened(folder.path()));
        assert_eq!(len(folder.path()), 96 * SLOT);
        longer(100 * SLOT).unwrap();
        assert!(Device::open(folder.path(), Arc::new(NoDeviceKey)).is_err(), "control: nothing grows now");
    }

    #[test]
    fn a_cut_growth_is_taken_back_at_the_next_start_and_can_be_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let device = device_of(folder.path(), 4, 24);
        let id = draft(&device, "Example");
        attach(&device, id, 4, true).unwrap();
        drop(device);
        let before = fs::read(folder.path().join(POOL_FILE)).unwrap();
        for extra in [0, 1, 65_536, 24 * SLOT] {
            cut(folder.path(), 96 * SLOT + extra, true);
            let device = reopened(folder.path());
            assert!(fs::read(folder.path().join(POOL_FILE)).unwrap() == before);
            device.unlock(&passphrase(), &Still).unwrap();
            assert_eq!(device.pool().unwrap().free, 20 * SLOT);
        }
        let device = reopened(folder.path());
        device.unlock(&passphrase(), &Still).unwrap();
        device.grow_pool(192 * SLOT, GrowthIsVisible).unwrap();
        drop(device);
        // Control: a file that is too long for no known reason is refused, and kept.
        cut(folder.path(), 200 * SLOT, false);
        assert_eq!(Device::open(folder.path(), Arc::new(NoDeviceKey)).err(), Some(Error::WrongLength));
        assert_eq!(len(folder.path()), 200 * SLOT);
    }
}
