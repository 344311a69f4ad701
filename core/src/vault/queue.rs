//! `queue.kpk`: what the sender needs, in a region for each vault and one for the device itself.
//!
//! | offset | length | content |
//! |---|---|---|
//! | 0 | 64 | header (see `header`) |
//! | 64 | as the header says | the device's data key, wrapped by the device key |
//! | | | random |
//! | 4,096 | 4 × 2 × S | the queues of regions 0 to 3, two halves each |
//! | 4,096 + 8 × S | 2 × S | the device's own record, two halves |
//! | 4,096 + 10 × S | 4,096 | the first page once more |
//!
//! Each vault has a queue of its own, under a random key that the vault holds: what waits in one is no business of
//! another. A vault that lets the sender work while it is locked lends its key to the device's record. A queue that is not
//! used, or not lent, is random to whoever has the device key.
//!
//! The same code as the vault, so the same promises about crashes and forgetting. It holds nothing that opens a report.

use std::path::Path;
use std::sync::Arc;

use super::block_file::{BlockFile, LockedFile};
use super::device_key::{DeviceKey, DeviceKeyError};
use super::frame::FRAME;
use super::full_file;
use super::header::{FIXED, Fixed, HEADER_AREA, HalfFrames, QueueHeader};
use super::keys::DataKey;
use super::migrate::Migrations;
use super::region::{Region, RegionPlace};
use super::slots::SLOTS;
use super::store::Store;
use crate::error::{Error, Result};

/// Name of the device key that wraps the key of the device's record.
pub(crate) const QUEUE_ALIAS: &str = "kapok-queue";

/// The region of the device's own record.
const DEVICE: u8 = SLOTS;

/// An opened queue file.
pub(crate) struct QueueFile {
    file: Arc<dyn BlockFile>,
    fixed: Fixed,
    half: HalfFrames,
    device: DataKey,
}

impl QueueFile {
    /// Makes the file at full size, and the device key if there is none.
    pub(crate) fn create(path: &Path, half: HalfFrames, device_key: &dyn DeviceKey) -> Result<Self> {
        full_file::refuse_existing(path)?;
        let new = Head::make(half, device_key)?;
        let file = full_file::make(path, file_len(half), |file| {
            new.format(&(file.clone() as Arc<dyn BlockFile>))?;
            new.write(&**file, 0)?;
            new.write(&**file, back_at(half))
        })?;
        Ok(new.into_file(file))
    }

    /// Opens the file with the device key alone.
    pub(crate) fn open(path: &Path, device_key: &dyn DeviceKey) -> Result<Self> {
        let file = LockedFile::open(path)?;
        let len = file.len()?;
        Self::open_block_file(Arc::new(file), len, device_key)
    }

    pub(super) fn open_block_file(file: Arc<dyn BlockFile>, len: u64, device_key: &dyn DeviceKey) -> Result<Self> {
        if len < 2 * HEADER_AREA as u64 {
            return Err(Error::WrongLength);
        }
        let [front, back] = [0, len - HEADER_AREA as u64].map(|at| Head::read(&*file, at, len, device_key));
        let (head, other, at) = match (front, back) {
            (Ok(front), back) => (front, back, len - HEADER_AREA as u64),
            (Err(error), Ok(back)) => (back, Err(error), 0),
            (Err(error), Err(_)) => return Err(error),
        };
        if !other.is_ok_and(|other| other.same_as(&head)) {
            // A damaged copy is mended as well as it goes: the other one is good.
            let _ = head.write(&*file, at).and_then(|()| Ok(file.sync()?));
        }
        Ok(head.into_file(file))
    }

    /// Begins anew in the same file, after the device key was destroyed: a new device key, and an empty record.
    pub(crate) fn begin_anew(&mut self, device_key: &dyn DeviceKey) -> Result<()> {
        let new = Head::make(self.half, device_key)?;
        new.format(&self.file)?;
        new.write(&*self.file, back_at(self.half))?;
        new.write(&*self.file, 0)?;
        self.file.sync().map_err(|error| Error::writing(&error, HEADER_AREA as u64))?;
        *self = new.into_file(self.file.clone());
        Ok(())
    }

    /// The device's own record.
    pub(crate) fn record(&self, migrations: Migrations) -> Result<Store> {
        self.store(DEVICE, &self.device, migrations)
    }

    /// Makes an empty queue for a vault's region; whatever was there is gone. Durable when this returns.
    pub(crate) fn format(&self, region: u8, key: &DataKey) -> Result<()> {
        Region::format(self.file.clone(), &self.fixed, self.place(region), &key.derive_region(region))?;
        self.file.sync().map_err(|error| Error::writing(&error, FRAME as u64))
    }

    /// The queue of a vault's region, brought up to date by `migrations`.
    pub(crate) fn store(&self, region: u8, key: &DataKey, migrations: Migrations) -> Result<Store> {
        let place = self.place(region);
        Store::open(Region::load(self.file.clone(), &self.fixed, place, &key.derive_region(region))?, migrations)
    }

    /// The size of each half.
    pub(crate) fn half(&self) -> HalfFrames {
        self.half
    }

    fn place(&self, number: u8) -> RegionPlace {
        RegionPlace { number, half: self.half }
    }
}

/// The first page, opened.
struct Head {
    header: QueueHeader,
    wrapped: Vec<u8>,
    device: DataKey,
}

impl Head {
    fn make(half: HalfFrames, device_key: &dyn DeviceKey) -> Result<Self> {
        device_key.create(QUEUE_ALIAS)?;
        let device = DataKey::make();
        // EXPOSE: the device key wraps it.
        let wrapped = device_key.wrap(QUEUE_ALIAS, device.expose())?;
        let header = QueueHeader { wrapped_len: wrapped.len(), salt: kapok_wire::rng::bytes(), half };
        // Judged here, so that no file is made that could not be read.
        header.encode()?;
        Ok(Self { header, wrapped, device })
    }

    fn read(file: &dyn BlockFile, at: u64, len: u64, device_key: &dyn DeviceKey) -> Result<Self> {
        let mut bytes = [0; FIXED];
        file.read_at(at, &mut bytes)?;
        let header = QueueHeader::decode(&bytes)?;
        if len != file_len(header.half) {
            return Err(Error::WrongLength);
        }
        let mut wrapped = vec![0; header.wrapped_len];
        file.read_at(at + FIXED as u64, &mut wrapped)?;
        let device = device_key.unwrap(QUEUE_ALIAS, &wrapped)?;
        let device = DataKey::from_slice(&device).ok_or(DeviceKeyError::Refused)?;
        Ok(Self { header, wrapped, device })
    }

    fn same_as(&self, other: &Self) -> bool {
        self.header == other.header && self.wrapped == other.wrapped
    }

    fn write(&self, file: &dyn BlockFile, at: u64) -> Result<()> {
        let bytes = [self.header.encode()?.bytes().as_slice(), &self.wrapped].concat();
        file.write_at(at, &bytes).map_err(|error| Error::writing(&error, bytes.len() as u64))
    }

    /// Writes an empty record; the caller flushes.
    fn format(&self, file: &Arc<dyn BlockFile>) -> Result<()> {
        let place = RegionPlace { number: DEVICE, half: self.header.half };
        Region::format(file.clone(), &self.header.encode()?, place, &self.device.derive_region(DEVICE))
    }

    fn into_file(self, file: Arc<dyn BlockFile>) -> QueueFile {
        // A header that was read or judged can be encoded.
        let fixed = self.header.encode().expect("its length was judged");
        QueueFile { file, fixed, half: self.header.half, device: self.device }
    }
}

fn back_at(half: HalfFrames) -> u64 {
    HEADER_AREA as u64 + (u64::from(SLOTS) + 1) * 2 * u64::from(half.get()) * FRAME as u64
}

fn file_len(half: HalfFrames) -> u64 {
    back_at(half) + HEADER_AREA as u64
}
