//! Changing a passphrase: a new slot and a new data key, and at no instant neither passphrase.
//!
//! | step, each flushed | the old passphrase opens | the new one opens |
//! |---|---|---|
//! | 1. spare slot: new data key and, as *former*, the old one | everything | from here on everything |
//! | 2. one half under the new data key | the other half: the same content | either half |
//! | 3. slot: as the spare | **nothing from here on** | either half |
//! | 4. the other half under the new data key | | either half |
//! | 5. spare, then slot, without the former key | | everything |
//!
//! A crash in between leaves the vault open to the new passphrase, up to step 3 also to the old one, with the same
//! content; an opening with the new one ends the change. A slot that was damaged is mended in the same way. The data key changes too: whoever copied the file and later
//! learns the old passphrase reads what was there then, and nothing that is written from now on.

use std::path::Path;
use std::sync::Arc;

use super::block_file::{BlockFile, LockedFile, ReadOnlyFile};
use super::container::{Container, Head, derive_root};
use super::device_key::DeviceKey;
use super::keys::{DataKey, RootKey};
use super::passphrase::Passphrase;
use super::region::{Loaded, Region, RegionPlace};
use super::slots::{self, SlotPayload, SlotPlace};
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
        let file = ReadOnlyFile::open(path)?;
        let head = Head::read(&file, file.len()?)?;
        let old = derive_root(&head.header, current, device_key)?;
        let (_, payload) = head.find(&old)?;
        Ok(Self { old, new: derive_root(&head.header, new, device_key)?, region: payload.region })
    }

    /// The region of the vault that will have the new passphrase.
    pub(crate) fn region(&self) -> u8 {
        self.region
    }

    /// Makes the change, and opens the vault with the new passphrase. The vault must not be open anywhere.
    ///
    /// # Errors
    /// Trouble with the file: the vault opens with the old passphrase or the new one, with the same content.
    pub(crate) fn run(&self, path: &Path) -> Result<Container> {
        let file = LockedFile::open(path)?;
        let head = Head::read(&file, file.len()?)?;
        self.run_on(&head, &(Arc::new(file) as Arc<dyn BlockFile>))
    }

    pub(super) fn run_on(&self, head: &Head, file: &Arc<dyn BlockFile>) -> Result<Container> {
        // Ends what an earlier change left, so that there is one data key to start from.
        drop(head.unlock(file.clone(), &self.old)?);
        let head = Head::read(&**file, head.file_len())?;
        let (place, payload) = head.find(&self.old)?;
        let payload = SlotPayload { key: DataKey::make(), former: Some(payload.key), ..payload };
        let mut change = Change::of(&head, file, &self.new, place.number, payload);
        change.begin()?;
        change.finish()?;
        change.load().map(Container::loaded)
    }

    /// Opens the vault with whichever passphrase it has, after a [`Self::run`] that failed.
    pub(crate) fn reopen(&self, path: &Path) -> Result<Container> {
        let file: Arc<dyn BlockFile> = Arc::new(LockedFile::open(path)?);
        let head = Head::read(&*file, std::fs::metadata(path)?.len())?;
        match head.unlock(file.clone(), &self.new) {
            Err(Error::WrongPassphrase) => head.unlock(file, &self.old),
            opened => opened,
        }
    }
}

/// A vault between two passphrases, or one that opened without such a thing.
pub(super) struct Change<'a> {
    head: &'a Head,
    file: &'a Arc<dyn BlockFile>,
    root: &'a RootKey,
    number: u8,
    payload: SlotPayload,
}

impl<'a> Change<'a> {
    pub(super) fn of(
        head: &'a Head,
        file: &'a Arc<dyn BlockFile>,
        root: &'a RootKey,
        number: u8,
        payload: SlotPayload,
    ) -> Self {
        Self { head, file, root, number, payload }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.payload.former.is_some()
    }

    /// Step 1.
    fn begin(&self) -> Result<()> {
        self.put(SlotPlace::spare_of(self.number))
    }

    /// Steps 2 to 5, from wherever a crash left them.
    pub(super) fn finish(&mut self) -> Result<()> {
        let Loaded { mut region, content, .. } = self.load()?;
        region.reseal(&content, || self.put(SlotPlace::slot(self.number)))?;
        self.payload.former = None;
        self.put(SlotPlace::spare_of(self.number))?;
        self.put(SlotPlace::slot(self.number))
    }

    /// Reads the region, under either key.
    pub(super) fn load(&self) -> Result<Loaded> {
        let number = self.payload.region;
        let place = RegionPlace { number, half: self.head.header.half };
        let key = self.payload.key.derive_region(number);
        let former = self.payload.former.as_ref().map(|key| key.derive_region(number));
        Region::load_changing(self.file.clone(), &self.head.fixed, place, &key, former.as_ref())
    }

    fn put(&self, place: SlotPlace) -> Result<()> {
        let sealed = slots::seal(self.root, self.head.fixed.bytes(), place, &self.payload)?;
        let failed = |error: std::io::Error| Error::writing(&error, sealed.len() as u64);
        self.file.write_at(place.offset(), &sealed).map_err(failed)?;
        self.file.sync().map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use proptest::prelude::*;

    use super::super::fault_file::FaultFile;
    use super::super::frame::FRAME;
    use super::super::header::{FIXED, HEADER_AREA, HalfFrames, VaultHeader};
    use super::super::kdf::KdfParams;
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
        let (place, payload) = head.find(&root(1))?;
        file.write_at(SlotPlace::spare_of(place.number).offset(), &[0; 496])
            .map_err(|error| Error::writing(&error, 496))?;
        let payload = SlotPayload { key: DataKey::make(), former: Some(payload.key), ..payload };
        Change::of(&head, &file, &new, place.number, payload).finish()
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
        let (place, payload) = head(&disk).find(&root(2)).unwrap();
        assert!(!place.spare && payload.former.is_none());
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
    fn a_damaged_slot_is_mended_from_its_spare_and_the_other_way_round_nothing_is_missed() {
        for (place, mended) in [(SlotPlace::slot(1), true), (SlotPlace::spare_of(1), false)] {
            let disk = vault(b"mango");
            let at = usize::try_from(place.offset()).unwrap();
            disk.flip(at + 100, 4);
            let damaged = disk.bytes();
            assert_eq!(read(&disk, 1).as_deref(), Ok(&b"mango"[..]));
            assert_eq!(disk.bytes() != damaged, mended);
            assert!(!head(&disk).find(&root(1)).unwrap().0.spare);
            // Both: nothing opens, and nothing is written.
            let disk = vault(b"mango");
            disk.flip(usize::try_from(SlotPlace::slot(1).offset()).unwrap(), 1);
            disk.flip(usize::try_from(SlotPlace::spare_of(1).offset()).unwrap(), 1);
            assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase));
        }
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
    fn a_change_that_was_cut_is_ended_by_the_new_passphrase_and_survived_by_the_old_one() {
        let mut ended = 0;
        for at in (0..3 * FRAME).step_by(4_096) {
            let disk = vault(b"mango");
            disk.fail_write_after(at, ErrorKind::Other);
            if change(&disk).is_ok() {
                continue;
            }
            disk.heal();
            // Somebody goes on with the old passphrase, if that is still possible, writes, and only then uses the new one.
            if let Ok(opened) = head(&disk).unlock(disk.file(), &root(1)) {
                opened.into_region().commit(b"durian").unwrap();
                match read(&disk, 2) {
                    Ok(found) => assert_eq!(found, b"durian"),
                    Err(error) => assert_eq!(error, Error::WrongPassphrase),
                }
            }
            if read(&disk, 2).is_ok() {
                ended += 1;
                assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase), "cut at {at}");
                let (place, payload) = head(&disk).find(&root(2)).unwrap();
                assert!(!place.spare && payload.former.is_none(), "cut at {at}");
            } else {
                change(&disk).unwrap();
            }
        }
        assert!(ended > 5, "{ended}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn a_power_cut_in_a_change_loses_nothing(
            stop in 0_usize..2 * FRAME + 4_096,
            kept in any::<u64>(),
            sizes in prop::collection::vec(0_usize..60_000, 1..3),
        ) {
            let content = vec![7; sizes.iter().sum::<usize>().min(60_000)];
            let disk = vault(&content);
            // The file was flushed when it was made.
            disk.file().sync().unwrap();
            disk.fail_write_after(stop, ErrorKind::Other);
            let _ = change(&disk);
            let mut seed = kept;
            let after = disk.after_power_cut(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                seed >> 63 == 1
            });
            prop_assert!(opens(&after, &content));
        }
    }
}
