//! `queue.kpk`: what the sender needs while the vault is locked, under a key that only the device holds.
//!
//! | offset | length | content |
//! |---|---|---|
//! | 0 | 64 | header (see `header`) |
//! | 64 | as the header says | key, wrapped by the device key |
//! | | | random |
//! | 4,096 | 2 × S | one region, two halves |
//!
//! The same code as the vault, so the same promises about crashes and forgetting. It holds nothing that opens a report.
//! Whoever has the device key learns how many sealed objects wait, not what they say.

use std::path::Path;
use std::sync::Arc;

use super::block_file::{BlockFile, LockedFile};
use super::device_key::{DeviceKey, DeviceKeyError};
use super::frame::FRAME;
use super::full_file;
use super::header::{FIXED, HEADER_AREA, HalfFrames, QueueHeader};
use super::keys::DataKey;
use super::migrate::Migrations;
use super::region::{Loaded, Region, RegionPlace};
use super::store::Store;
use crate::error::{Error, Result};

/// Name of the device key that wraps the queue's key.
pub(crate) const QUEUE_ALIAS: &str = "kapok-queue";

const REGION: u8 = 0;

/// An opened queue file.
pub(crate) struct QueueFile(Loaded);

impl QueueFile {
    /// Makes the file at full size, and the device key if there is none.
    pub(crate) fn create(path: &Path, half: HalfFrames, device_key: &dyn DeviceKey) -> Result<Self> {
        full_file::refuse_existing(path)?;
        device_key.create(QUEUE_ALIAS)?;
        let data = DataKey::make();
        // EXPOSE: the device key wraps it.
        let wrapped = device_key.wrap(QUEUE_ALIAS, data.expose())?;
        let header = QueueHeader { wrapped_len: wrapped.len(), salt: kapok_wire::rng::bytes(), half };
        let fixed = header.encode()?;
        let place = RegionPlace { number: REGION, half };
        let key = data.derive_region(REGION);

        let file = full_file::make(path, file_len(half), |file| {
            file.write_at(0, fixed.bytes())?;
            file.write_at(FIXED as u64, &wrapped)?;
            Region::format(file.clone(), &fixed, place, &key)
        })?;
        Ok(Self(Region::load(file, &fixed, place, &key)?))
    }

    /// Opens the file with the device key alone.
    pub(crate) fn open(path: &Path, device_key: &dyn DeviceKey) -> Result<Self> {
        let file = LockedFile::open(path)?;
        let len = file.len()?;
        Self::open_block_file(Arc::new(file), len, device_key)
    }

    pub(super) fn open_block_file(file: Arc<dyn BlockFile>, len: u64, device_key: &dyn DeviceKey) -> Result<Self> {
        if len < HEADER_AREA as u64 {
            return Err(Error::WrongLength);
        }
        let mut bytes = [0; FIXED];
        file.read_at(0, &mut bytes)?;
        let header = QueueHeader::decode(&bytes)?;
        if len != file_len(header.half) {
            return Err(Error::WrongLength);
        }
        let mut wrapped = vec![0; header.wrapped_len];
        file.read_at(FIXED as u64, &mut wrapped)?;
        let data = device_key.unwrap(QUEUE_ALIAS, &wrapped)?;
        let data = DataKey::from_slice(&data).ok_or(DeviceKeyError::Refused)?;
        let place = RegionPlace { number: REGION, half: header.half };
        Ok(Self(Region::load(file, &header.encode()?, place, &data.derive_region(REGION))?))
    }

    /// Loads the database, brought up to date by `migrations`.
    pub(crate) fn into_store(self, migrations: Migrations) -> Result<Store> {
        Store::open(self.0, migrations)
    }
}

fn file_len(half: HalfFrames) -> u64 {
    HEADER_AREA as u64 + 2 * u64::from(half.get()) * FRAME as u64
}
