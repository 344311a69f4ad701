//! Changing a passphrase: a new slot and a new data key, and at no instant neither passphrase.
//!
//! The steps, and what opens after each, are in `docs/formats/container.md`: spare and then slot under the new passphrase with
//! both data keys, both halves, then spare and slot without the former key. A crash between spare and slot leaves the
//! vault open to either passphrase, with the same content: an opening with the new one ends the change, one with the old
//! one undoes it ([`Opening`]). The data key changes too: whoever
//! copied the file and later learns the old passphrase reads what was there then, and nothing that is written from now on.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::block_file::{BlockFile, LockedFile};
use super::container::{Container, Head, derive_root};
use super::device_key::DeviceKey;
use super::keys::{DataKey, RootKey};
use super::opening::Opening;
use super::passphrase::Passphrase;
use super::slots::{Found, SlotPayload, SlotPlace};
use crate::error::{Error, Result};

/// A change whose current passphrase was right; the slow part is done.
pub(crate) struct PassphraseChange {
    old: RootKey,
    new: RootKey,
    region: u8,
}

impl PassphraseChange {
    /// Checks the current passphrase and derives both keys. Works while this process has the vault open, and writes nothing.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`] and what opening a vault can fail at.
    pub(crate) fn prepare(
        path: &Path,
        current: &Passphrase,
        new: &Passphrase,
        device_key: &dyn DeviceKey,
    ) -> Result<Self> {
        let file = File::open(path)?;
        let head = Head::read(&file, file.metadata()?.len())?;
        let old = derive_root(&head.header, current, device_key)?;
        let region = head.find(&old)?.payload.region;
        Ok(Self { old, new: derive_root(&head.header, new, device_key)?, region })
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
        let head = Head::read(&file, file.len()?)?;
        self.run_on(&head, &(Arc::new(file) as Arc<dyn BlockFile>))
    }

    pub(super) fn run_on(&self, head: &Head, file: &Arc<dyn BlockFile>) -> Result<Changed> {
        // Whatever an earlier change or damage left is ended first: the spare, about to be overwritten, may be the only
        // copy of a key.
        let Found { number, payload, opened } = head.find(&self.old)?;
        Opening { head, file, root: &self.old, number, payload }.make_whole(opened)?;
        let head = Head::read(&**file, head.file_len())?;
        let Found { number, payload, .. } = head.find(&self.old)?;

        let payload = SlotPayload { key: DataKey::make(), former: Some(payload.key), ..payload };
        let mut opening = Opening { head: &head, file, root: &self.new, number, payload };
        opening.put(SlotPlace::spare_of(number))?;
        // From here on the old passphrase opens nothing.
        opening.put(SlotPlace::slot(number))?;
        Ok(match opening.finish() {
            Ok(loaded) => Changed { container: Container::loaded(loaded), forgotten: true },
            Err(_) => Changed { container: Container::loaded(opening.load()?), forgotten: false },
        })
    }

    /// After a [`Self::run`] that failed: opens the vault with the old passphrase, which undoes the change, or with the new one
    /// if only that opens it any more.
    ///
    /// # Errors
    /// Trouble with the file.
    pub(crate) fn undo(&self, path: &Path) -> Result<(Container, Undone)> {
        let file: Arc<dyn BlockFile> = Arc::new(LockedFile::open(path)?);
        let head = Head::read(&*file, std::fs::metadata(path)?.len())?;
        match head.unlock(file.clone(), &self.old) {
            Err(Error::WrongPassphrase) => Ok((head.unlock(file, &self.new)?, Undone::No)),
            opened => Ok((opened?, Undone::Yes)),
        }
    }
}

/// A change that was made.
pub(crate) struct Changed {
    pub(crate) container: Container,
    /// Nothing is left under the former data key. If not, the next opening sees to it.
    pub(crate) forgotten: bool,
}

/// What became of a change that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undone {
    /// The old passphrase is the right one.
    Yes,
    /// It had gone too far: the new passphrase is the right one.
    No,
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::atomic::Ordering::Relaxed;

    use proptest::prelude::*;

    use super::super::block_file::ReadAt;
    use super::super::fault_file::FaultFile;
    use super::super::frame::FRAME;
    use super::super::header::{FIXED, HEADER_AREA, HalfFrames, VaultHeader};
    use super::super::kdf::KdfParams;
    use super::super::region::{Region, RegionPlace};
    use super::super::slots;
    use super::*;

    /// Length of a container with halves of one frame.
    const LEN: usize = HEADER_AREA + 8 * FRAME;

    fn root(byte: u8) -> RootKey {
        RootKey::derive(&[byte; 32], &[2; 64], &[3; 32])
    }

    fn head(disk: &FaultFile) -> Head {
        Head::read(&*disk.file(), LEN as u64).unwrap()
    }

    /// A vault in slot 1 and region 2, opened by `root(1)`, that holds `content`.
    fn vault(content: &[u8]) -> FaultFile {
        let disk = FaultFile::random(LEN);
        let half = HalfFrames::new(1).unwrap();
        let fixed = VaultHeader { kdf: KdfParams::FLOOR, salt: [7; 32], half }.encode();
        disk.file().write_at(0, fixed.bytes()).unwrap();
        let payload = SlotPayload { region: 2, key: DataKey::make(), known_regions: 4, former: None };
        for slot in [SlotPlace::slot(1), SlotPlace::spare_of(1)] {
            let sealed = slots::seal(&root(1), fixed.bytes(), slot, &payload).unwrap();
            disk.file().write_at(slot.offset(), &sealed).unwrap();
        }
        let (place, key) = (RegionPlace { number: 2, half }, payload.key.derive_region(2));
        Region::format(disk.file(), &fixed, place, &key).unwrap();
        Region::load(disk.file(), &fixed, place, &key).unwrap().region.commit(content).unwrap();
        disk
    }

    fn change(disk: &FaultFile) -> Result<()> {
        PassphraseChange { old: root(1), new: root(2), region: 2 }.run_on(&head(disk), &disk.file()).map(drop)
    }

    /// What a change would be that wrote the slot in place.
    fn change_without_spare(disk: &FaultFile) -> Result<()> {
        let (head, file, new) = (head(disk), disk.file(), root(2));
        let Found { number, payload, .. } = head.find(&root(1))?;
        file.write_at(SlotPlace::spare_of(number).offset(), &[0; 496]).map_err(|error| Error::writing(&error, 496))?;
        let payload = SlotPayload { key: DataKey::make(), former: Some(payload.key), ..payload };
        let mut opening = Opening { head: &head, file: &file, root: &new, number, payload };
        opening.put(SlotPlace::slot(number))?;
        opening.finish().map(drop)
    }

    fn read(disk: &FaultFile, by: u8) -> Result<Vec<u8>> {
        head(disk).unlock(disk.file(), &root(by)).map(|container| container.content().to_vec())
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
        let found = head(&disk).find(&root(2)).unwrap();
        assert!(found.opened == [true; 2] && found.payload.former.is_none());
        let after = disk.bytes();
        let changed = |range: std::ops::Range<usize>| before[range.clone()] != after[range];
        assert!(!changed(0..FIXED), "the header");
        for slot in [0, 2, 3] {
            for (place, len) in [(SlotPlace::slot(slot), 512), (SlotPlace::spare_of(slot), 496)] {
                let start = usize::try_from(place.offset()).unwrap();
                assert!(!changed(start..start + len), "slot {slot} is another vault's");
            }
        }
        for region in [0, 1, 3] {
            let start = HEADER_AREA + region * 2 * FRAME;
            assert!(!changed(start..start + 2 * FRAME), "region {region} is another vault's");
        }
    }

    #[test]
    fn a_damaged_copy_of_a_slot_is_mended_from_the_other() {
        let places = [SlotPlace::slot(1), SlotPlace::spare_of(1)];
        let damage = |disk: &FaultFile, place: SlotPlace| disk.flip(usize::try_from(place.offset()).unwrap() + 100, 4);
        for (place, said) in places.into_iter().zip([true, false]) {
            let disk = vault(b"mango");
            damage(&disk, place);
            assert_ne!(head(&disk).find(&root(1)).unwrap().opened, [true; 2], "control: it is damaged");
            let opened = head(&disk).unlock(disk.file(), &root(1)).unwrap();
            assert_eq!(opened.one_copy_bad(), said, "a damaged slot is told; a spare may be another passphrase's");
            assert_eq!(head(&disk).find(&root(1)).unwrap().opened, [true; 2]);
        }
        let disk = vault(b"mango");
        places.into_iter().for_each(|place| damage(&disk, place));
        let before = disk.bytes();
        assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase));
        assert!(disk.bytes() == before, "nothing is written where nothing opens");
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

    fn picky(disk: &FaultFile, bad: impl Fn(u64) -> bool + Send + Sync + 'static) -> Arc<dyn BlockFile> {
        Arc::new(Picky(disk.clone(), bad))
    }

    fn change_on(file: &Arc<dyn BlockFile>, disk: &FaultFile, old: u8, new: u8) -> Result<bool> {
        let change = PassphraseChange { old: root(old), new: root(new), region: 2 };
        change.run_on(&head(disk), file).map(|changed| changed.forgotten)
    }

    #[test]
    fn a_change_on_a_disk_without_room_holds_and_the_next_one_waits_for_its_end() {
        let disk = vault(b"mango");
        let full = picky(&disk, |offset| offset >= HEADER_AREA as u64);
        assert_eq!(change_on(&full, &disk, 1, 2), Ok(false), "changed, and not all forgotten");
        assert_eq!(read(&FaultFile::of(disk.bytes()), 1), Err(Error::WrongPassphrase));
        let refused = change_on(&full, &disk, 2, 3);
        assert!(matches!(refused, Err(Error::DiskFull { .. })), "{refused:?}");
        // Somebody goes on with what is open meanwhile.
        head(&disk).unlock(disk.file(), &root(2)).unwrap().into_region().commit(b"durian").unwrap();
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
            let frame = offset >= HEADER_AREA as u64;
            frame && refusals.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        let opened = head(&disk).unlock(picky(&disk, once), &root(2)).unwrap();
        opened.into_region().commit(b"durian").unwrap();
        assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase));
        assert_eq!(read(&disk, 2).as_deref(), Ok(&b"durian"[..]));
        // And where the slot cannot be written, the new passphrase must not open: the old one would find an older content.
        let disk = vault(b"mango");
        disk.fail_write_after(496, ErrorKind::Other);
        assert!(change(&disk).is_err());
        disk.heal();
        let slot = SlotPlace::slot(1).offset();
        let refused = head(&disk).unlock(picky(&disk, move |offset| offset == slot), &root(2)).map(drop);
        assert!(matches!(refused, Err(Error::DiskFull { .. })), "{refused:?}");
        assert_eq!(read(&disk, 1).as_deref(), Ok(&b"mango"[..]), "control: the old one does");
    }

    #[test]
    fn a_slot_that_cannot_be_written_still_opens_by_its_spare_which_no_change_then_touches() {
        let disk = vault(b"mango");
        let slot = SlotPlace::slot(1).offset();
        disk.flip(usize::try_from(slot).unwrap() + 100, 4);
        let bad = picky(&disk, move |offset| offset == slot);
        let opened = head(&disk).unlock(bad.clone(), &root(1)).unwrap();
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
        assert!(!cut_everywhere(change_without_spare), "control: in place there is an instant with neither");
    }

    #[test]
    fn a_change_that_was_cut_is_ended_by_the_new_passphrase_and_undone_by_the_old_one() {
        let (mut ended, mut undone) = (0, 0);
        for at in (0..1_100).step_by(31) {
            let cut = vault(b"mango");
            cut.fail_write_after(at, ErrorKind::Other);
            if change(&cut).is_ok() {
                continue;
            }
            cut.heal();
            for (by, other) in [(1, 2), (2, 1)] {
                let disk = FaultFile::of(cut.bytes());
                let Ok(opened) = head(&disk).unlock(disk.file(), &root(by)) else { continue };
                opened.into_region().commit(b"durian").unwrap();
                assert_eq!(read(&disk, by).as_deref(), Ok(&b"durian"[..]), "cut at {at}");
                assert_eq!(read(&disk, other), Err(Error::WrongPassphrase), "cut at {at}");
                let found = head(&disk).find(&root(by)).unwrap();
                assert!(found.opened == [true; 2] && found.payload.former.is_none(), "cut at {at}");
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
            stop in 0_usize..2 * FRAME + 4_096,
            kept in any::<u64>(),
            size in 0_usize..60_000,
        ) {
            prop_assert!(survives(change, stop, kept, &vec![7; size]));
        }
    }

    #[test]
    fn without_the_spare_a_power_cut_loses_the_vault() {
        // Cut while the slot is written, in the middle of its 512 bytes.
        let stop = 496 + 200;
        assert!((0..20).any(|kept| !survives(change_without_spare, stop, kept, b"mango")));
        assert!((0..20).all(|kept| survives(change, stop, kept, b"mango")), "control: with it, nothing");
    }
}
