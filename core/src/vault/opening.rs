//! Opening a vault whose slot was found, also one that a crash left between two passphrases or with a damaged slot.

use std::sync::Arc;

use super::block_file::BlockFile;
use super::container::Container;
use super::head::Head;
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

/// A change of passphrase or a recovery that was made.
pub(crate) struct Changed {
    pub(crate) container: Container,
    /// Nothing is left under the former data key. If not, the next opening sees to it.
    pub(crate) forgotten: bool,
}

impl Opening<'_> {
    /// Ends what was cut, mends what is missing, and loads the region. `opened` tells which copies of the slot opened.
    ///
    /// # Errors
    /// Trouble with the region. If mending fails, the next opening tries again: not opening would turn somebody away for
    /// it. One thing must not fail: a slot that may still be another passphrase's is written before anything is saved
    /// under this one, or that passphrase would open an older content, and undo this one.
    pub(super) fn open(mut self, opened: [bool; 4]) -> Result<Loaded> {
        let [slot, _, back_slot, back_spare] = opened;
        let cut = self.payload.former.is_some();
        // Nothing is written before it is sure that this slot is the right one. On a disk that lost a flush, or got an old page
        // back, a former passphrase still finds a slot, and whoever types it must not overwrite the ones that are good.
        let loaded = self.load()?;
        let mended = self.head.mend(&**self.file).and_then(|()| self.write_missing(opened));
        if cut && !(slot && back_slot && back_spare) {
            mended?;
        }
        // Loaded again where ending the change failed: it may have written one half, and torn the other.
        let mut loaded = if cut { self.finish().or_else(|_| self.load())? } else { loaded };
        loaded.one_copy_bad |= !cut && !slot;
        Ok(loaded)
    }

    /// As [`Self::open`] without loading, where nothing may be left undone: before a copy is used for something else.
    pub(super) fn make_whole(mut self, opened: [bool; 4]) -> Result<()> {
        drop(self.load()?);
        self.head.mend(&**self.file)?;
        self.write_missing(opened)?;
        if self.payload.former.is_some() { self.finish().map(drop) } else { Ok(()) }
    }

    /// The copies of the slot that did not open. They were damaged, or a change that was cut early left them for another
    /// passphrase, which this undoes.
    fn write_missing(&self, opened: [bool; 4]) -> Result<()> {
        let copies = SlotPlace::copies_of(self.number);
        copies.into_iter().zip(opened).filter(|(_, opened)| !opened).try_for_each(|(place, _)| self.put(place))
    }

    /// Both halves under this passphrase's data key alone, and then all copies of the slot without the former one.
    pub(super) fn finish(&mut self) -> Result<Loaded> {
        let mut loaded = self.load()?;
        loaded.region.reseal(&loaded.content)?;
        self.payload.former = None;
        self.put_all()?;
        Ok(loaded)
    }

    /// Puts the vault under a root key and a data key that are new. Once all copies of the slot are written, whatever opened
    /// it before opens nothing.
    pub(super) fn change(mut self) -> Result<Changed> {
        self.put_all()?;
        Ok(match self.finish() {
            Ok(loaded) => Changed { container: Container::loaded(loaded), forgotten: true },
            Err(_) => Changed { container: Container::loaded(self.load()?), forgotten: false },
        })
    }

    /// Writes all copies, the front spare first, so that one whole copy is always there.
    fn put_all(&self) -> Result<()> {
        let [slot, spare, back_slot, back_spare] = SlotPlace::copies_of(self.number);
        [spare, slot, back_spare, back_slot].into_iter().try_for_each(|place| self.put(place))
    }

    /// Writes the payload into a place, durably. A file without a back page is as good without it.
    pub(super) fn put(&self, place: SlotPlace) -> Result<()> {
        let Some(offset) = self.head.offset(place) else { return Ok(()) };
        let sealed = slots::seal_vault(self.root, self.head.fixed.bytes(), place, &self.payload)?;
        let failed = |error: std::io::Error| Error::writing(&error, sealed.len() as u64);
        self.file.write_at(offset, &sealed).map_err(failed)?;
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
