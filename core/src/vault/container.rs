//! `vault.kpk`: a header, four slots with a spare each, four regions. Length, name and shape are the same for everyone.
//!
//! | offset | length | content |
//! |---|---|---|
//! | 0 | 64 | header (see `header`) |
//! | 64 | 4 × 512 | slots |
//! | 2,112 | 4 × 496 | spare slots |
//! | 4,096 | 4 × 2 × S | regions, two halves each |
//!
//! Everything that is not used is random from the first second.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::block_file::{BlockFile, LockedFile, ReadAt};
use super::device_key::DeviceKey;
use super::frame::FRAME;
use super::full_file;
use super::header::{FIXED, Fixed, HEADER_AREA, HalfFrames, VaultHeader};
use super::kdf::KdfParams;
use super::keys::{DataKey, RootKey};
use super::migrate::Migrations;
use super::opening::Opening;
use super::passphrase::Passphrase;
use super::region::{Loaded, Region, RegionPlace};
use super::slots::{self, Found, SLOTS, SlotArea, SlotPayload, SlotPlace};
use super::store::Store;
use crate::error::{Error, Result};

/// Name of the device key that slows guessing. All slots share it: destroying it closes every vault in the file.
pub(crate) const VAULT_ALIAS: &str = "kapok-vault";

/// An opened vault.
pub(crate) struct Container(Loaded);

impl Container {
    /// Makes a container with one vault in it, at full size, and makes the device key if there is none.
    pub(crate) fn create(
        path: &Path,
        half: HalfFrames,
        passphrase: &Passphrase,
        device_key: &dyn DeviceKey,
        kdf: KdfParams,
    ) -> Result<Self> {
        // Asked first, so that a mistake costs neither seconds nor a device key; asked again when the file is made.
        full_file::refuse_existing(path)?;
        let header = VaultHeader { kdf, salt: kapok_wire::rng::bytes(), half };
        let fixed = header.encode();
        device_key.create(VAULT_ALIAS)?;
        let root = derive_root(&header, passphrase, device_key)?;
        let [number, region] = kapok_wire::rng::bytes::<2>().map(|byte| byte % SLOTS);
        let payload = SlotPayload { region, key: DataKey::make(), known_regions: 1 << region, former: None };
        let places = [SlotPlace::slot(number), SlotPlace::spare_of(number)];
        let sealed = places.map(|place| (place, slots::seal(&root, fixed.bytes(), place, &payload)));
        let place = RegionPlace { number: region, half };
        let key = payload.key.derive_region(region);

        let file = full_file::make(path, file_len(half), |file| {
            file.write_at(0, fixed.bytes())?;
            for (place, sealed) in sealed {
                file.write_at(place.offset(), &sealed?)?;
            }
            Region::format(file.clone(), &fixed, place, &key)
        })?;
        Ok(Self(Region::load(file, &fixed, place, &key)?))
    }

    /// Opens the vault that this passphrase belongs to. Changes nothing in the file, unless a change of passphrase was cut or
    /// a key slot damaged: that is mended then.
    pub(crate) fn open(path: &Path, passphrase: &Passphrase, device_key: &dyn DeviceKey) -> Result<Self> {
        let file = LockedFile::open(path)?;
        let head = Head::read(&file, file.len()?)?;
        let root = derive_root(&head.header, passphrase, device_key)?;
        head.unlock(Arc::new(file), &root)
    }

    pub(super) fn loaded(found: Loaded) -> Self {
        Self(found)
    }

    #[cfg(test)]
    pub(super) fn content(&self) -> &[u8] {
        &self.0.content
    }

    #[cfg(test)]
    pub(super) fn one_copy_bad(&self) -> bool {
        self.0.one_copy_bad
    }

    #[cfg(test)]
    pub(super) fn into_region(self) -> Region {
        self.0.region
    }

    /// Loads the database, brought up to date by `migrations`.
    pub(crate) fn into_store(self, migrations: Migrations) -> Result<Store> {
        Store::open(self.0, migrations)
    }

    /// Moves a damaged container to `vault.kpk.aside-N` and returns the new name. Only ever on a person's word.
    pub(crate) fn set_aside(path: &Path) -> Result<PathBuf> {
        full_file::set_aside(path)
    }
}

/// Header and slots, checked as far as possible without a key.
pub(super) struct Head {
    pub(super) header: VaultHeader,
    pub(super) fixed: Fixed,
    slots: SlotArea,
}

impl Head {
    pub(super) fn read(file: &dyn ReadAt, len: u64) -> Result<Self> {
        if len < HEADER_AREA as u64 {
            return Err(Error::WrongLength);
        }
        let mut bytes = [0; FIXED];
        file.read_at(0, &mut bytes)?;
        let header = VaultHeader::decode(&bytes)?;
        if len != file_len(header.half) {
            return Err(Error::WrongLength);
        }
        let mut slots = [0; HEADER_AREA - FIXED];
        file.read_at(FIXED as u64, &mut slots)?;
        Ok(Self { header, fixed: header.encode(), slots })
    }

    /// Length of the file it is the head of.
    pub(super) fn file_len(&self) -> u64 {
        file_len(self.header.half)
    }

    /// What this key opens, and where it lies.
    pub(super) fn find(&self, root: &RootKey) -> Result<Found> {
        slots::unlock(root, self.fixed.bytes(), &self.slots, |_| {})
    }

    pub(super) fn unlock(&self, file: Arc<dyn BlockFile>, root: &RootKey) -> Result<Container> {
        let found = self.find(root)?;
        let opened = found.opened;
        Opening { head: self, file: &file, root, number: found.number, payload: found.payload }
            .open(opened)
            .map(Container)
    }
}

/// One slow hash and one device operation: the price of a guess.
pub(super) fn derive_root(
    header: &VaultHeader,
    passphrase: &Passphrase,
    device_key: &dyn DeviceKey,
) -> Result<RootKey> {
    let slow = header.kdf.derive(passphrase, &header.salt)?;
    let bound = device_key.mac(VAULT_ALIAS, slow.as_ref())?;
    Ok(RootKey::derive(&header.salt, &slow, &bound))
}

fn file_len(half: HalfFrames) -> u64 {
    HEADER_AREA as u64 + u64::from(SLOTS) * 2 * u64::from(half.get()) * FRAME as u64
}
