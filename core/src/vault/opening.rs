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
    /// If mending fails, the next opening tries again: not opening would turn somebody away for it.
    pub(super) fn open(mut self, opened: [bool; 2]) -> Result<Loaded> {
        if self.payload.former.is_some() {
            return self.finish().or_else(|_| self.load());
        }
        let mut loaded = self.load()?;
        match opened {
            [true, true] => {}
            [false, _] => {
                // This passphrase opened the spare alone, so no other owns the slot.
                let _ = self.put(SlotPlace::slot(self.number));
                loaded.one_copy_bad = true;
            }
            // Damaged, or what a change that was cut early left for another passphrase, which this opening undoes.
            [true, false] => drop(self.put(SlotPlace::spare_of(self.number))),
        }
        Ok(loaded)
    }

    /// Both halves and both copies of the slot under this passphrase alone, from wherever a change was cut.
    pub(super) fn finish(&mut self) -> Result<Loaded> {
        let mut loaded = self.load()?;
        loaded.region.reseal(&loaded.content, || self.put(SlotPlace::slot(self.number)))?;
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
    fn load(&self) -> Result<Loaded> {
        let number = self.payload.region;
        let place = RegionPlace { number, half: self.head.header.half };
        let key = self.payload.key.derive_region(number);
        let former = self.payload.former.as_ref().map(|key| key.derive_region(number));
        Region::load_changing(self.file.clone(), &self.head.fixed, place, &key, former.as_ref())
    }
}
