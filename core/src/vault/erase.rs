//! Erasing everything: what the passphrase that erases does, and too many wrong ones if they are set to.
//!
//! In this order, so that a crash at any point leaves a file that opens with no passphrase and an erasing that the next start
//! ends:
//! 1. the back page is overwritten; it says "erased", which is how a start knows that it has to go on;
//! 2. the device keys are destroyed: from here on no copy of the files opens either, wherever it was made;
//! 3. the front page is overwritten.
//!
//! One page comes before the device keys because a key store can lose a key by itself, and a missing key must never be
//! read as "erase everything". After step 1 the vault still opens by its front page with the right passphrase on a
//! program that does not look at the back page, for the milliseconds until step 2.
//!
//! The salt stays where a new vault begins in the same file: a new one would cost a second slow hash, and the time would show.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::block_file::{BlockFile as _, LockedFile};
use super::container::{Container, NewSlot, VAULT_ALIAS, bind, shuffled};
use super::device_key::DeviceKey;
use super::head::{self, Head};
use super::header::{FIXED, HEADER_AREA, VaultHeader};
use super::keys::DataKey;
use super::region::{Region, RegionPlace};
use crate::error::{Error, Result};

/// A vault file about to be erased.
pub(crate) struct Eraser {
    file: Arc<LockedFile>,
    len: u64,
    /// What a new vault needs: the header, and the slow hash of the passphrase that begins anew.
    anew: Option<(VaultHeader, Zeroizing<[u8; 64]>)>,
}

impl Eraser {
    pub(super) fn new(file: Arc<LockedFile>, header: VaultHeader, slow: Zeroizing<[u8; 64]>) -> Result<Self> {
        Ok(Self { len: file.len()?, file, anew: Some((header, slow)) })
    }

    /// For any file, whatever state it is in.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let file = LockedFile::open(path)?;
        Ok(Self { len: file.len()?, file: Arc::new(file), anew: None })
    }

    /// Whether an erasing of this file was begun.
    pub(crate) fn was_begun(path: &Path) -> Result<bool> {
        let file = File::open(path)?;
        Ok(matches!(Head::read_all(&file, file.metadata()?.len()), Err(Error::Erased)))
    }

    /// Step 1.
    pub(crate) fn mark(&self) -> Result<()> {
        self.overwrite(self.len.saturating_sub(HEADER_AREA as u64))
    }

    /// Step 3.
    pub(crate) fn finish(&self) -> Result<()> {
        self.overwrite(0)
    }

    fn overwrite(&self, at: u64) -> Result<()> {
        let rest = kapok_wire::rng::bytes::<{ HEADER_AREA - FIXED }>();
        let page = [VaultHeader::erased().bytes().as_slice(), &rest].concat();
        self.file.write_at(at, &page).map_err(|error| Error::writing(&error, page.len() as u64))?;
        self.sync()
    }

    /// Begins anew, in the same file and with the same passphrase, with one empty vault.
    pub(crate) fn begin_anew(self, device_key: &dyn DeviceKey) -> Result<Container> {
        let (header, slow) = self.anew.as_ref().ok_or(Error::Erased)?;
        device_key.create(VAULT_ALIAS)?;
        let root = bind(header, slow, device_key)?;
        let (fixed, half) = (header.encode(), header.half);
        let (Some(slot), Some(region)) = (shuffled().next(), shuffled().next()) else { return Err(Error::Store) };
        let key = DataKey::make();
        let region_key = key.derive_region(region);
        let mut new = NewSlot { slot, root, vault: Some((region, key)) };
        // The slots first, the headers last: until both pages have one, the next start erases again.
        new.write(&self.file, &fixed, half, |region| 1 << region)?;
        self.sync()?;
        for at in [head::back_at(half), 0] {
            self.file.write_at(at, fixed.bytes()).map_err(|error| Error::writing(&error, FIXED as u64))?;
            self.sync()?;
        }
        Ok(Container::loaded(Region::load(self.file, &fixed, RegionPlace { number: region, half }, &region_key)?))
    }

    fn sync(&self) -> Result<()> {
        self.file.sync().map_err(|error| Error::writing(&error, HEADER_AREA as u64))
    }
}
