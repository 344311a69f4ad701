//! `pool.kpk`: equal slots for sealed objects and attachments, random from the first day.
//!
//! The file has no header, no index and no free list: which slots are used is known only to the stores, and a used
//! slot looks like an unused one. So an attachment or a waiting report changes neither length nor shape of anything.
//!
//! Every fourth slot belongs to the same region: a vault writes into its own part and cannot overwrite what another, of which
//! it may know nothing, has there. A pool that grows grows for all regions alike.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::block_file::{BlockFile as _, LockedFile, ReadAt as _};
use super::full_file;
use super::slots::SLOTS;
use crate::error::{Error, Result};

/// Length of a slot: one sealed chunk of the media lane.
pub(crate) const POOL_SLOT: usize = 65_536;

/// Parts that a pool has: one for each region of the vault.
const PARTS: u32 = SLOTS as u32;

/// The number of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotNumber(pub(crate) u32);

/// How the slots are divided among the regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoolLayout {
    /// A quarter each, one after the other: pools of the first version. They cannot grow.
    Quarters,
    /// Every fourth slot.
    EveryFourth,
}

/// An open pool.
#[derive(Clone)]
pub(crate) struct SlotPool {
    file: Arc<LockedFile>,
    layout: PoolLayout,
    /// Grows, and all parts see it.
    slots: Arc<AtomicU32>,
}

/// The slots of one region.
#[derive(Clone)]
pub(crate) struct PoolPart {
    pool: SlotPool,
    region: u8,
}

impl SlotPool {
    /// 64 MiB, 16 for each vault: some five photos or a quarter of an hour of speech that wait at a time.
    pub(crate) const DEFAULT_SLOTS: u32 = 1_024;
    /// 16 GiB.
    const MAX_SLOTS: u32 = 262_144;

    /// Makes the file, full of random bytes.
    pub(crate) fn create(path: &Path, slots: u32) -> Result<Self> {
        check(slots)?;
        let file = full_file::make(path, file_len(slots), |_| Ok(()))?;
        Ok(Self::of(file, slots, PoolLayout::EveryFourth))
    }

    /// Opens a pool that was made with this number of slots, or grew to it.
    pub(crate) fn open(path: &Path, slots: u32, layout: PoolLayout) -> Result<Self> {
        let file = LockedFile::open(path)?;
        if file.len()? != file_len(slots) {
            return Err(Error::WrongLength);
        }
        Ok(Self::of(Arc::new(file), slots, layout))
    }

    /// Makes the length of a pool whose record is lost one that a pool can have, with random bytes, and says how many slots it has
    /// then. Nothing that it holds is touched.
    pub(crate) fn mend_length(path: &Path) -> Result<u32> {
        let file = LockedFile::open(path)?;
        let (len, step) = (file.len()?, u64::from(PARTS) * POOL_SLOT as u64);
        let slots = len.div_ceil(step).max(1).checked_mul(PARTS.into()).and_then(|slots| u32::try_from(slots).ok());
        let slots = slots.ok_or(Error::BadSize)?;
        check(slots)?;
        full_file::lengthen(&file, len, file_len(slots))?;
        Ok(slots)
    }

    /// Opens a pool whose growing was cut: what it grew by so far is in no use and is taken away again.
    pub(crate) fn open_cut(path: &Path, slots: u32) -> Result<Self> {
        let file = LockedFile::open(path)?;
        if file.len()? > file_len(slots) {
            full_file::shorten(&file, file_len(slots))?;
        }
        drop(file);
        // Only such a pool grows.
        Self::open(path, slots, PoolLayout::EveryFourth)
    }

    fn of(file: Arc<LockedFile>, slots: u32, layout: PoolLayout) -> Self {
        Self { file, layout, slots: Arc::new(AtomicU32::new(slots)) }
    }

    pub(crate) fn slots(&self) -> u32 {
        self.slots.load(Ordering::SeqCst)
    }

    /// Makes the file longer, with random slots, durably. They are used only after [`Self::use_slots`].
    pub(crate) fn lengthen(&self, slots: u32) -> Result<()> {
        check(slots)?;
        let (before, after) = (file_len(self.slots()), file_len(slots));
        if after < before || self.layout == PoolLayout::Quarters {
            return Err(Error::BadSize);
        }
        full_file::lengthen(&self.file, before, after)
    }

    /// Takes away what a [`Self::lengthen`] left that failed.
    pub(crate) fn shorten(&self) -> Result<()> {
        full_file::shorten(&self.file, file_len(self.slots()))
    }

    /// From here on all parts have their share of so many slots.
    pub(crate) fn use_slots(&self, slots: u32) {
        self.slots.store(slots, Ordering::SeqCst);
    }

    /// The part that belongs to a region.
    pub(crate) fn part(&self, region: u8) -> Result<PoolPart> {
        if region >= SLOTS {
            return Err(Error::NoSuchSlot);
        }
        Ok(PoolPart { pool: self.clone(), region })
    }
}

fn check(slots: u32) -> Result<()> {
    let fits = (1..=SlotPool::MAX_SLOTS).contains(&slots) && slots.is_multiple_of(PARTS);
    if fits { Ok(()) } else { Err(Error::BadSize) }
}

fn file_len(slots: u32) -> u64 {
    u64::from(slots) * POOL_SLOT as u64
}

impl PoolPart {
    /// How many slots the part has.
    pub(crate) fn len(&self) -> u32 {
        self.pool.slots() / PARTS
    }

    /// Writes a slot. Durable after [`PoolPart::sync`]; only then may a store say that the slot is used.
    pub(crate) fn write_slot(&self, slot: SlotNumber, bytes: &[u8; POOL_SLOT]) -> Result<()> {
        let offset = self.offset(slot)?;
        self.pool.file.write_at(offset, bytes).map_err(|error| Error::writing(&error, POOL_SLOT as u64))
    }

    /// Reads a slot into `bytes`.
    pub(crate) fn read_slot(&self, slot: SlotNumber, bytes: &mut [u8; POOL_SLOT]) -> Result<()> {
        Ok(self.pool.file.read_at(self.offset(slot)?, bytes)?)
    }

    /// Overwrites a slot that is no longer needed, so that what it held cannot be counted or kept.
    pub(crate) fn refill_random(&self, slot: SlotNumber) -> Result<()> {
        let mut bytes = Box::new([0; POOL_SLOT]);
        kapok_wire::rng::fill(bytes.as_mut_slice());
        self.write_slot(slot, &bytes)
    }

    /// Returns once everything written is on the medium.
    pub(crate) fn sync(&self) -> Result<()> {
        self.pool.file.sync().map_err(|error| Error::writing(&error, POOL_SLOT as u64))
    }

    /// Chooses `need` slots outside `used`, at random places: the order of writing says nothing about age.
    pub(crate) fn free_slots(&self, used: &BTreeSet<SlotNumber>, need: usize) -> Result<Vec<SlotNumber>> {
        let mut free: Vec<_> = self.own().filter(|slot| !used.contains(slot)).collect();
        if free.len() < need {
            let missing_bytes = (need - free.len()) as u64 * POOL_SLOT as u64;
            return Err(Error::PoolFull { missing_bytes });
        }
        let chosen = (0..need).map(|_| free.swap_remove(random_below(free.len()))).collect();
        Ok(chosen)
    }

    /// Whether a slot is one of this part's.
    pub(crate) fn owns(&self, slot: SlotNumber) -> bool {
        let (slots, region) = (self.pool.slots(), u32::from(self.region));
        slot.0 < slots
            && match self.pool.layout {
                PoolLayout::Quarters => slot.0 / (slots / PARTS) == region,
                PoolLayout::EveryFourth => slot.0 % PARTS == region,
            }
    }

    fn own(&self) -> impl Iterator<Item = SlotNumber> {
        (0..self.pool.slots()).map(SlotNumber).filter(|slot| self.owns(*slot))
    }

    fn offset(&self, slot: SlotNumber) -> Result<u64> {
        if self.owns(slot) { Ok(file_len(slot.0)) } else { Err(Error::NoSuchSlot) }
    }
}

/// A uniform number below `limit`, which is at least 1. 64 bits against at most 2^18: the bias is below 2^-46.
fn random_below(limit: usize) -> usize {
    let drawn = u64::from_le_bytes(kapok_wire::rng::bytes());
    usize::try_from(drawn % limit as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::PoolLayout::{EveryFourth, Quarters};
    use super::*;

    fn filled(byte: u8) -> Box<[u8; POOL_SLOT]> {
        Box::new([byte; POOL_SLOT])
    }

    fn read(part: &PoolPart, slot: u32) -> Box<[u8; POOL_SLOT]> {
        let mut bytes = filled(0);
        part.read_slot(SlotNumber(slot), &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn slots_are_written_read_refilled_and_stay_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        let part = SlotPool::create(&path, 16).unwrap().part(0).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 16 * 65_536);
        let neighbours = (read(&part, 0), read(&part, 8));
        part.write_slot(SlotNumber(4), &filled(7)).unwrap();
        part.sync().unwrap();
        drop(part);
        let part = SlotPool::open(&path, 16, EveryFourth).unwrap().part(0).unwrap();
        assert_eq!(read(&part, 4), filled(7));
        assert_eq!((read(&part, 0), read(&part, 8)), neighbours);
        part.refill_random(SlotNumber(4)).unwrap();
        let refilled = read(&part, 4);
        assert!(refilled.iter().filter(|byte| **byte == 7).count() < 1_000);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 16 * 65_536);
    }

    #[test]
    fn a_pool_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        drop(SlotPool::create(&path, 4).unwrap());
        assert_eq!(SlotPool::open(&path, 8, EveryFourth).err(), Some(Error::WrongLength));
        assert_eq!(SlotPool::create(&path, 4).err(), Some(Error::AlreadyExists));
        assert_eq!(SlotPool::create(&path, 0).err(), Some(Error::BadSize));
        assert_eq!(SlotPool::create(&path, 6).err(), Some(Error::BadSize));
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(4 * 65_536 + 1).unwrap();
        assert_eq!(SlotPool::open(&path, 4, EveryFourth).err(), Some(Error::WrongLength));
    }

    #[test]
    fn a_part_reaches_its_own_slots_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        let pool = SlotPool::create(&path, 16).unwrap();
        for region in 0..4 {
            let part = pool.part(region).unwrap();
            let mut chosen = part.free_slots(&BTreeSet::new(), 4).unwrap();
            chosen.sort();
            let own: Vec<_> = (0..4).map(|step| SlotNumber(u32::from(region) + 4 * step)).collect();
            assert_eq!(chosen, own);
            assert_eq!(part.free_slots(&BTreeSet::new(), 5), Err(Error::PoolFull { missing_bytes: 65_536 }));
            let before = std::fs::read(&path).unwrap();
            for slot in (0..17).map(SlotNumber).filter(|slot| !own.contains(slot)) {
                assert_eq!(part.write_slot(slot, &filled(7)), Err(Error::NoSuchSlot));
                assert_eq!(part.refill_random(slot), Err(Error::NoSuchSlot));
                assert_eq!(part.read_slot(slot, &mut filled(0)), Err(Error::NoSuchSlot));
            }
            assert!(std::fs::read(&path).unwrap() == before);
            own.iter().for_each(|slot| part.write_slot(*slot, &filled(7)).unwrap());
        }
        assert!(pool.part(4).is_err());
    }

    #[test]
    fn free_slots_are_outside_the_used_ones_distinct_and_scattered() {
        let folder = tempfile::tempdir().unwrap();
        let part = SlotPool::create(&folder.path().join("pool.kpk"), 256).unwrap().part(1).unwrap();
        let used: BTreeSet<_> = (1..256).step_by(8).map(SlotNumber).collect();
        let chosen = part.free_slots(&used, 32).unwrap();
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 32);
        assert!(chosen.iter().all(|slot| !used.contains(slot) && slot.0 % 4 == 1));
        assert_eq!(part.free_slots(&used, 35), Err(Error::PoolFull { missing_bytes: 3 * 65_536 }));
        // The first choice is not always the same, nor the lowest.
        let firsts: BTreeSet<_> = (0..200).map(|_| part.free_slots(&used, 1).unwrap()[0]).collect();
        assert!(firsts.len() > 16, "{firsts:?}");
    }

    #[test]
    fn a_pool_that_grew_has_more_slots_for_every_part_and_keeps_what_it_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        let pool = SlotPool::create(&path, 8).unwrap();
        let parts: Vec<_> = (0..4).map(|region| pool.part(region).unwrap()).collect();
        let held: Vec<_> = (0..8).map(|slot| read(&parts[slot as usize % 4], slot)).collect();
        pool.lengthen(16).unwrap();
        assert_eq!(parts[3].len(), 2, "not before they are said to be in use");
        assert_eq!(parts[0].write_slot(SlotNumber(8), &filled(7)), Err(Error::NoSuchSlot));
        pool.use_slots(16);
        assert!(parts.iter().all(|part| part.len() == 4));
        parts[0].write_slot(SlotNumber(8), &filled(7)).unwrap();
        assert!((0..8).all(|slot| read(&parts[slot as usize % 4], slot) == held[slot as usize]));
        let unused = read(&parts[3], 15);
        assert!(unused.iter().filter(|byte| **byte == 0).count() < 1_000, "random from its first day");
        for bad in [8, 17, SlotPool::MAX_SLOTS + 4] {
            assert_eq!(pool.lengthen(bad), Err(Error::BadSize));
        }
        drop((pool, parts));
        assert_eq!(SlotPool::open(&path, 8, EveryFourth).err(), Some(Error::WrongLength));
        assert_eq!(read(&SlotPool::open(&path, 16, EveryFourth).unwrap().part(0).unwrap(), 8), filled(7));
    }

    #[test]
    fn a_growth_that_was_cut_is_taken_back_and_a_pool_that_is_too_short_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        let pool = SlotPool::create(&path, 8).unwrap();
        let before = std::fs::read(&path).unwrap();
        pool.lengthen(16).unwrap();
        drop(pool);
        let grow = |len| std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(len).unwrap();
        for len in [file_len(16), file_len(13) + 77, file_len(8)] {
            grow(len);
            assert_eq!(SlotPool::open_cut(&path, 8).unwrap().slots(), 8);
            assert!(std::fs::read(&path).unwrap() == before, "{len}");
        }
        grow(file_len(7));
        assert_eq!(SlotPool::open_cut(&path, 8).err(), Some(Error::WrongLength));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), file_len(7));
    }

    #[test]
    fn a_growth_that_failed_and_a_smaller_one_after_it_leave_the_smaller_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        let pool = SlotPool::create(&path, 8).unwrap();
        let len = || std::fs::metadata(&path).unwrap().len();
        // As a growth that was written and could not be noted.
        pool.lengthen(32).unwrap();
        pool.lengthen(16).unwrap();
        assert_eq!(len(), file_len(16));
        pool.shorten().unwrap();
        assert_eq!(len(), file_len(8));
    }

    #[test]
    fn a_pool_of_the_first_version_has_its_quarters_and_does_not_grow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        drop(SlotPool::create(&path, 16).unwrap());
        let pool = SlotPool::open(&path, 16, Quarters).unwrap();
        for region in 0..4 {
            let mut own = pool.part(region).unwrap().free_slots(&BTreeSet::new(), 4).unwrap();
            own.sort();
            let first = u32::from(region) * 4;
            assert_eq!(own, (first..first + 4).map(SlotNumber).collect::<Vec<_>>());
        }
        assert_eq!(pool.lengthen(32), Err(Error::BadSize));
    }

    #[test]
    fn a_pool_of_no_whole_length_is_mended_by_adding_and_keeps_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.kpk");
        drop(SlotPool::create(&path, 8).unwrap());
        let before = std::fs::read(&path).unwrap();
        assert_eq!(SlotPool::mend_length(&path), Ok(8));
        assert!(std::fs::read(&path).unwrap() == before, "a whole one is left alone");
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(file_len(5) + 77).unwrap();
        assert_eq!(SlotPool::mend_length(&path), Ok(8));
        let after = std::fs::read(&path).unwrap();
        let kept = usize::try_from(file_len(5) + 77).unwrap();
        assert!(after[..kept] == before[..kept] && after.len() == before.len());
        assert!(after[kept..].iter().filter(|byte| **byte == 0).count() < 1_500);
    }

    /// Prints how long the default pool takes; for people, not for CI.
    #[test]
    #[ignore = "measures"]
    fn creating_the_default_pool_is_quick() {
        let folder = tempfile::tempdir().unwrap();
        let start = std::time::Instant::now();
        let mut buffer = vec![0; 1 << 20];
        (0..64).for_each(|_| kapok_wire::rng::fill(&mut buffer));
        println!("64 MiB of random bytes: {:?}", start.elapsed());
        let start = std::time::Instant::now();
        SlotPool::create(&folder.path().join("pool.kpk"), SlotPool::DEFAULT_SLOTS).unwrap();
        println!("the default pool: {:?}", start.elapsed());
    }
}
