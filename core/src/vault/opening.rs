//! Opening a vault whose slot was found, also one that a crash left between two passphrases or with a damaged slot.

use std::sync::Arc;

use super::block_file::BlockFile;
use super::container::Head;
use super::keys::RootKey;
use super::region::{Loaded, Region, RegionPlace};
use super::slots::{self, SlotPayload, SlotPlace};
use crate::error::{Error, Result};

/// A vault that a passphrase leads to.
pub(super) struct Opening<'a> {
    pub(super) head: &'a Head,
    pub(super) file: &'a Arc<dyn BlockFile>,
    pub(super) root: &'a RootKey,
    pub(super) number: u8,
    pub(super) payload: SlotPayload,
}

impl Opening<'_> {
    /// Ends what was cut, mends what is missing, and loads the region. `opened` tells whether the slot and its spare opened.
    ///
    /// # Errors
    /// Trouble with the region. If mending fails, the next opening tries again: not opening would turn somebody away for
    /// it. One thing must not fail: a slot that may still be another passphrase's is written before anything is saved
    /// under this one, or that passphrase would open an older content, and undo this one.
    pub(super) fn open(mut self, opened: [bool; 2]) -> Result<Loaded> {
        let cut = self.payload.former.is_some();
        let mended = self.write_missing(opened);
        if cut && opened == [false, true] {
            mended?;
        }
        let mut loaded = if cut { self.finish().or_else(|_| self.load())? } else { self.load()? };
        loaded.one_copy_bad |= !cut && opened == [false, true];
        Ok(loaded)
    }

    /// As [`Self::open`] without loading, where nothing may be left undone: before the spare is used for something else.
    pub(super) fn make_whole(mut self, opened: [bool; 2]) -> Result<()> {
        self.write_missing(opened)?;
        if self.payload.former.is_some() { self.finish().map(drop) } else { Ok(()) }
    }

    /// The copy of the slot that did not open. A spare was damaged, or a change that was cut early left it for another
    /// passphrase, which this undoes.
    fn write_missing(&self, opened: [bool; 2]) -> Result<()> {
        match opened {
            [false, _] => self.put(SlotPlace::slot(self.number)),
            [true, false] => self.put(SlotPlace::spare_of(self.number)),
            [true, true] => Ok(()),
        }
    }

    /// Both halves under this passphrase's data key alone, and then both copies of the slot without the former one.
    pub(super) fn finish(&mut self) -> Result<Loaded> {
        let mut loaded = self.load()?;
        loaded.region.reseal(&loaded.content)?;
        self.payload.former = None;
        self.put(SlotPlace::spare_of(self.number))?;
        self.put(SlotPlace::slot(self.number))?;
        Ok(loaded)
    }

    /// Writes the payload into a place, durably.
    pub(super) fn put(&self, place: SlotPlace) -> Result<()> {
        let sealed = slots::seal(self.root, self.head.fixed.bytes(), place, &self.payload)?;
        let failed = |error: std::io::Error| Error::writing(&error, sealed.len() as u64);
        self.file.write_at(place.offset(), &sealed).map_err(failed)?;
        self.file.sync().map_err(failed)
    }

    /// Reads the region, under either key.
    pub(super) fn load(&self) -> Result<Loaded> {
        let number = self.payload.region;
        let place = RegionPlace { number, half: self.head.header.half };
        let key = self.payload.key.derive_region(number);
        let former = self.payload.former.as_ref().map(|key| key.derive_region(number));
        Region::load_changing(self.file.clone(), &self.head.fixed, place, &key, former.as_ref())
    }
}
