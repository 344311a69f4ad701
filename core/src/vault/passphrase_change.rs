//! Changing a passphrase: a new slot and a new data key, and at no instant neither passphrase.
//!
//! The steps, and what opens after each, are in `docs/formats/container.md`: spare, slot and their copies under the new
//! passphrase with both data keys, both halves, then the same places without the former key. A crash before the last copy
//! leaves the vault open to either passphrase, with the same content: an opening with the new one ends the change, one with
//! the old one undoes it ([`Opening`]). The data key changes too: whoever copied the file and later learns the old
//! passphrase reads what was there then, and nothing that is written from now on.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::block_file::{BlockFile, LockedFile};
use super::container::{Container, Guess};
use super::device_key::DeviceKey;
use super::head::{FoundVault, Head};
use super::header::Fixed;
use super::keys::RootKey;
use super::opening::{Changed, Opening};
use super::passphrase::Passphrase;
use crate::error::{Error, Result};

/// A change whose current passphrase was right; the slow part is done.
pub(crate) struct PassphraseChange {
    /// Of the header that both keys were derived for.
    fixed: Fixed,
    old: RootKey,
    new: RootKey,
    region: u8,
}

impl PassphraseChange {
    /// Checks the current passphrase and derives both keys. Works while this process has the vault open, and writes nothing.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], also for the passphrase that erases; [`Error::SamePassphrase`] if the new one opens something
    /// else already; and what opening a vault can fail at.
    pub(crate) fn prepare(
        path: &Path,
        current: &Passphrase,
        new: &Passphrase,
        device_key: &dyn DeviceKey,
    ) -> Result<Self> {
        let file = File::open(path)?;
        for head in Head::read_all(&file, file.metadata()?.len())? {
            let old = Guess::derive(&head.header, current, device_key)?.root;
            match head.find_vault(&old) {
                Ok(found) => {
                    let new = Guess::derive(&head.header, new, device_key)?.root;
                    head.refuse_taken(&new, found.number)?;
                    return Ok(Self { fixed: head.fixed, old, new, region: found.payload.region });
                }
                Err(Error::WrongPassphrase) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::WrongPassphrase)
    }

    /// The region of the vault that will have the new passphrase.
    pub(crate) fn region(&self) -> u8 {
        self.region
    }

    /// Makes the change, and opens the vault with the new passphrase. The vault must not be open anywhere.
    ///
    /// # Errors
    /// Trouble with the file: the vault opens with the old passphrase or the new one, with the same content.
    pub(crate) fn run(&self, path: &Path) -> Result<Changed> {
        let file = LockedFile::open(path)?;
        let len = file.len()?;
        self.run_on(&(Arc::new(file) as Arc<dyn BlockFile>), len)
    }

    pub(super) fn run_on(&self, file: &Arc<dyn BlockFile>, len: u64) -> Result<Changed> {
        // Whatever an earlier change or damage left is ended first: the spare, about to be overwritten, may be the only
        // copy of a key.
        let head = self.head(file, len)?;
        let FoundVault { number, payload, opened } = head.find_vault(&self.old)?;
        Opening { head: &head, file, root: &self.old, number, payload }.make_whole(opened)?;
        let head = self.head(file, len)?;
        let FoundVault { number, payload, .. } = head.find_vault(&self.old)?;
        Opening { head: &head, file, root: &self.new, number, payload: payload.with_new_key() }.change()
    }

    /// After a [`Self::run`] that failed: opens the vault with the old passphrase, which undoes the change, or with the new one
    /// if only that opens it any more.
    ///
    /// # Errors
    /// Trouble with the file.
    pub(crate) fn undo(&self, path: &Path) -> Result<(Container, RightPassphrase)> {
        let file = LockedFile::open(path)?;
        let len = file.len()?;
        let file: Arc<dyn BlockFile> = Arc::new(file);
        let head = self.head(&file, len)?;
        let open = |root: &RootKey| head.unlock(file.clone(), root)?.ok_or(Error::WrongPassphrase);
        match open(&self.old) {
            Err(Error::WrongPassphrase) => Ok((open(&self.new)?, RightPassphrase::New)),
            opened => Ok((opened?, RightPassphrase::Old)),
        }
    }

    fn head(&self, file: &Arc<dyn BlockFile>, len: u64) -> Result<Head> {
        let heads = Head::read_all(&**file, len)?;
        heads.into_iter().find(|head| head.fixed == self.fixed).ok_or(Error::WrongPassphrase)
    }
}

/// Which passphrase opens the vault after a change that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RightPassphrase {
    Old,
    /// The change had gone too far to be undone.
    New,
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::atomic::Ordering::Relaxed;

    use proptest::prelude::*;

    use super::super::block_file::ReadAt;
    use super::super::fault_file::FaultFile;
    use super::super::frame::FRAME;
    use super::super::head;
    use super::super::header::{FIXED, HEADER_AREA};
    use super::super::slots::{PageSide, SlotPlace};
    use super::super::testing::{LEN, half, head, offset, payload, read, root, unlock};
    use super::*;

    /// A vault of its own that holds `content`.
    fn vault(content: &[u8]) -> FaultFile {
        super::super::testing::vault(payload(4), content)
    }

    fn of_roots(disk: &FaultFile, old: u8, new: u8) -> PassphraseChange {
        PassphraseChange { fixed: head(disk).fixed, old: root(old), new: root(new), region: 2 }
    }

    fn change(disk: &FaultFile) -> Result<()> {
        of_roots(disk, 1, 2).run_on(&disk.file(), LEN as u64).map(drop)
    }

    /// What a change would be that wrote the slot in place: all its copies at once, with nothing to fall back on.
    fn change_in_place(disk: &FaultFile) -> Result<()> {
        let (head, file, new) = (head(disk), disk.file(), root(2));
        let FoundVault { number, payload, .. } = head.find_vault(&root(1))?;
        let [slot, spare, back_slot, back_spare] = SlotPlace::copies_of(number);
        for place in [spare, back_slot, back_spare] {
            file.write_at(offset(place), &[0; 496]).map_err(|error| Error::writing(&error, 496))?;
        }
        let mut opening = Opening { head: &head, file: &file, root: &new, number, payload: payload.with_new_key() };
        opening.put(slot)?;
        opening.finish().map(drop)
    }

    fn found(disk: &FaultFile, by: u8) -> ([bool; 4], bool) {
        let found = head(disk).find_vault(&root(by)).unwrap();
        (found.opened, found.payload.former.is_some())
    }

    /// Whether the disk opens to `content` with one of the two passphrases at least, and goes on doing so.
    fn opens(disk: &FaultFile, content: &[u8]) -> bool {
        let found = [1, 2].map(|by| read(&FaultFile::of(disk.bytes()), by).map(|found| found == content));
        // Nothing else than these two: a passphrase opens the content or does not open at all.
        let right = |found: &Result<bool>| matches!(found, Ok(true) | Err(Error::WrongPassphrase));
        found.iter().all(right) && found.contains(&Ok(true))
    }

    #[test]
    fn a_change_leaves_one_passphrase_and_one_data_key_in_slot_and_spare() {
        let disk = vault(b"mango");
        let before = disk.bytes();
        change(&disk).unwrap();
        assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase));
        assert_eq!(read(&disk, 2).as_deref(), Ok(&b"mango"[..]));
        assert_eq!(found(&disk, 2), ([true; 4], false));
        let after = disk.bytes();
        let changed = |range: std::ops::Range<usize>| before[range.clone()] != after[range];
        assert!(!changed(0..FIXED), "the header");
        for slot in [0, 2, 3] {
            for (place, len) in [(SlotPlace::slot(slot), 512), (SlotPlace::spare_of(slot), 496)] {
                for page in [PageSide::Front, PageSide::Back] {
                    let start = usize::try_from(offset(SlotPlace { page, ..place })).unwrap();
                    assert!(!changed(start..start + len), "slot {slot} is another vault's");
                }
            }
        }
        for region in [0, 1, 3] {
            let start = HEADER_AREA + region * 2 * FRAME;
            assert!(!changed(start..start + 2 * FRAME), "region {region} is another vault's");
        }
    }

    #[test]
    fn a_damaged_copy_of_a_slot_is_mended_from_another() {
        let copies = SlotPlace::copies_of(1);
        let damage = |disk: &FaultFile, place: SlotPlace| disk.flip(usize::try_from(offset(place)).unwrap() + 100, 4);
        // Each of the copies, and all but each.
        for (kept, number) in [true, false].into_iter().flat_map(|kept| (0..4).map(move |number| (kept, number))) {
            let disk = vault(b"mango");
            let bad: Vec<_> = (0..4).filter(|copy| (*copy == number) != kept).collect();
            bad.iter().for_each(|copy| damage(&disk, copies[*copy]));
            assert_ne!(found(&disk, 1).0, [true; 4], "control: it is damaged");
            let opened = unlock(&disk, disk.file(), 1).unwrap();
            assert_eq!(
                opened.one_copy_bad(),
                bad.contains(&0),
                "a damaged slot is told; others may be another passphrase's"
            );
            assert_eq!((opened.content(), found(&disk, 1).0), (&b"mango"[..], [true; 4]));
        }
        let disk = vault(b"mango");
        copies.into_iter().for_each(|place| damage(&disk, place));
        let before = disk.bytes();
        assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase));
        assert!(disk.bytes() == before, "nothing is written where nothing opens");
    }

    #[test]
    fn an_opening_that_cannot_end_a_change_goes_on_with_the_half_that_is_whole() {
        let disk = vault(b"mango");
        assert_eq!(change_on(&picky(&disk, is_frame), &disk, 1, 2), Ok(false));
        // The first half is written, the second one torn.
        disk.fail_write_after(FRAME + 100, ErrorKind::Other);
        let region = unlock(&disk, disk.file(), 2).unwrap().into_region();
        disk.heal();
        assert_eq!(region.reload().unwrap().as_slice(), b"mango");
        assert_eq!(read(&disk, 2).as_deref(), Ok(&b"mango"[..]));
    }

    #[test]
    fn an_old_copy_of_a_slot_that_a_disk_gives_back_destroys_nothing() {
        let disk = vault(b"mango");
        let before = disk.bytes();
        change(&disk).unwrap();
        let back = usize::try_from(head::back_at(half())).unwrap();
        disk.file().write_at(back as u64, &before[back..]).unwrap();
        assert!(head(&disk).find_vault(&root(1)).is_ok(), "control: the old passphrase finds its slot");
        let found = disk.bytes();
        assert_eq!(read(&disk, 1), Err(Error::Damaged));
        assert_eq!(change_on(&disk.file(), &disk, 1, 3), Err(Error::Damaged));
        assert!(disk.bytes() == found, "nothing was written");
        assert_eq!(read(&disk, 2).as_deref(), Ok(&b"mango"[..]));
        assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase), "the right one mended the copy");
    }

    /// A disk on which some places cannot be written: no room for a copy, or a bad sector.
    struct Picky<F>(FaultFile, F);

    impl<F: Send + Sync> ReadAt for Picky<F> {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
            self.0.file().read_at(offset, buffer)
        }
    }

    impl<F: Fn(u64) -> bool + Send + Sync> BlockFile for Picky<F> {
        fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
            if (self.1)(offset) { Err(ErrorKind::StorageFull.into()) } else { self.0.file().write_at(offset, bytes) }
        }
        fn sync(&self) -> std::io::Result<()> {
            self.0.file().sync()
        }
    }

    fn is_frame(offset: u64) -> bool {
        (HEADER_AREA as u64..head::back_at(half())).contains(&offset)
    }

    fn picky(disk: &FaultFile, bad: impl Fn(u64) -> bool + Send + Sync + 'static) -> Arc<dyn BlockFile> {
        Arc::new(Picky(disk.clone(), bad))
    }

    fn change_on(file: &Arc<dyn BlockFile>, disk: &FaultFile, old: u8, new: u8) -> Result<bool> {
        of_roots(disk, old, new).run_on(file, LEN as u64).map(|changed| changed.forgotten)
    }

    #[test]
    fn a_change_on_a_disk_without_room_holds_and_the_next_one_waits_for_its_end() {
        let disk = vault(b"mango");
        let full = picky(&disk, is_frame);
        assert_eq!(change_on(&full, &disk, 1, 2), Ok(false), "changed, and not all forgotten");
        assert_eq!(read(&FaultFile::of(disk.bytes()), 1), Err(Error::WrongPassphrase));
        let refused = change_on(&full, &disk, 2, 3);
        assert!(matches!(refused, Err(Error::DiskFull { .. })), "{refused:?}");
        // Somebody goes on with what is open meanwhile.
        unlock(&disk, disk.file(), 2).unwrap().into_region().commit(b"durian").unwrap();
        for by in [1, 3] {
            assert_eq!(read(&FaultFile::of(disk.bytes()), by), Err(Error::WrongPassphrase));
        }
        assert_eq!(change_on(&disk.file(), &disk, 2, 3), Ok(true));
        assert_eq!(read(&disk, 3).as_deref(), Ok(&b"durian"[..]));
    }

    #[test]
    fn what_is_saved_under_the_new_passphrase_is_safe_from_the_old_one() {
        // Cut between spare and slot, and then no room for whole halves: the new passphrase opens, and saves.
        let disk = vault(b"mango");
        disk.fail_write_after(496, ErrorKind::Other);
        assert!(change(&disk).is_err());
        disk.heal();
        let refusals = std::sync::atomic::AtomicU32::new(1);
        let once = move |offset| {
            is_frame(offset) && refusals.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        let opened = unlock(&disk, picky(&disk, once), 2).unwrap();
        opened.into_region().commit(b"durian").unwrap();
        assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase));
        assert_eq!(read(&disk, 2).as_deref(), Ok(&b"durian"[..]));
        // And where the slot cannot be written, the new passphrase must not open: the old one would find an older content.
        let disk = vault(b"mango");
        disk.fail_write_after(496, ErrorKind::Other);
        assert!(change(&disk).is_err());
        disk.heal();
        let slot = offset(SlotPlace::slot(1));
        let refused = unlock(&disk, picky(&disk, move |offset| offset == slot), 2).map(drop);
        assert!(matches!(refused, Err(Error::DiskFull { .. })), "{refused:?}");
        assert_eq!(read(&disk, 1).as_deref(), Ok(&b"mango"[..]), "control: the old one does");
    }

    #[test]
    fn a_slot_that_cannot_be_written_still_opens_by_its_spare_which_no_change_then_touches() {
        let disk = vault(b"mango");
        let slot = offset(SlotPlace::slot(1));
        disk.flip(usize::try_from(slot).unwrap() + 100, 4);
        let bad = picky(&disk, move |offset| offset == slot);
        let opened = unlock(&disk, bad.clone(), 1).unwrap();
        assert!(opened.content() == b"mango" && opened.one_copy_bad());
        let before = disk.bytes();
        assert!(change_on(&bad, &disk, 1, 2).is_err());
        assert!(disk.bytes() == before);
        assert_eq!(change_on(&disk.file(), &disk, 1, 2), Ok(true), "control: on a disk that takes it");
    }

    /// Writes cut at every 211th byte, then read with both passphrases.
    fn cut_everywhere(change: impl Fn(&FaultFile) -> Result<()>) -> bool {
        let whole = vault(b"mango");
        let mut at = 0;
        loop {
            let disk = FaultFile::of(whole.bytes());
            disk.fail_write_after(at, ErrorKind::Other);
            let changed = change(&disk);
            disk.heal();
            if !opens(&disk, b"mango") {
                return false;
            }
            match changed {
                Ok(()) => return true,
                // A step that is no divisor of a sector or a field.
                Err(_) => at += 211,
            }
        }
    }

    #[test]
    fn wherever_a_change_stops_one_passphrase_opens_the_same_content() {
        assert!(cut_everywhere(change));
        assert!(!cut_everywhere(change_in_place), "control: in place there is an instant with neither");
    }

    #[test]
    fn a_change_that_was_cut_is_ended_by_the_new_passphrase_and_undone_by_the_old_one() {
        let (mut ended, mut undone) = (0, 0);
        for at in (0..2_200).step_by(61) {
            let cut = vault(b"mango");
            cut.fail_write_after(at, ErrorKind::Other);
            if change(&cut).is_ok() {
                continue;
            }
            cut.heal();
            for (by, other) in [(1, 2), (2, 1)] {
                let disk = FaultFile::of(cut.bytes());
                let Ok(opened) = unlock(&disk, disk.file(), by) else { continue };
                opened.into_region().commit(b"durian").unwrap();
                assert_eq!(read(&disk, by).as_deref(), Ok(&b"durian"[..]), "cut at {at}");
                assert_eq!(read(&disk, other), Err(Error::WrongPassphrase), "cut at {at}");
                assert_eq!(found(&disk, by), ([true; 4], false), "cut at {at}");
                if by == 1 { undone += 1 } else { ended += 1 }
            }
        }
        assert!(ended > 5 && undone > 5, "{ended} {undone}");
    }

    /// Whether a change that stops after so many bytes, with any of the unflushed sectors lost, leaves the content open.
    fn survives(change: impl Fn(&FaultFile) -> Result<()>, stop: usize, kept: u64, content: &[u8]) -> bool {
        let disk = vault(content);
        // The file was flushed when it was made.
        disk.file().sync().unwrap();
        disk.fail_write_after(stop, ErrorKind::Other);
        let _ = change(&disk);
        let mut seed = kept;
        let after = disk.after_power_cut(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            seed >> 63 == 1
        });
        opens(&after, content)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn a_power_cut_in_a_change_loses_nothing(
            stop in 0_usize..2 * FRAME + 6_144,
            kept in any::<u64>(),
            size in 0_usize..60_000,
        ) {
            prop_assert!(survives(change, stop, kept, &vec![7; size]));
        }
    }

    #[test]
    fn in_place_a_power_cut_loses_the_vault() {
        // Cut while the slot is written, in the middle of its 512 bytes.
        let stop = 3 * 496 + 200;
        assert!((0..200).any(|kept| !survives(change_in_place, stop, kept, b"mango")));
        assert!((0..20).all(|kept| survives(change, stop, kept, b"mango")), "control: with it, nothing");
    }
}
