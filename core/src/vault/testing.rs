//! A small vault for the tests of this module: made byte by byte, without a slow hash and without a file.

use std::sync::Arc;

use super::block_file::BlockFile;
use super::container::Container;
use super::fault_file::FaultFile;
use super::frame::FRAME;
use super::head::{self, Head};
use super::header::{Fixed, HEADER_AREA, HalfFrames, VaultHeader};
use super::kdf::KdfParams;
use super::keys::{DataKey, RootKey};
use super::region::{Region, RegionPlace};
use super::slots::{self, SlotContent, SlotPayload, SlotPlace};
use crate::error::Result;

/// Length of a container with halves of one frame.
pub(super) const LEN: usize = 2 * HEADER_AREA + 8 * FRAME;
/// The slot that leads to it.
pub(super) const SLOT: u8 = 1;
const REGION: u8 = 2;

pub(super) fn root(byte: u8) -> RootKey {
    RootKey::derive(&[byte; 32], &[2; 64], &[3; 32])
}

pub(super) fn half() -> HalfFrames {
    HalfFrames::new(1).unwrap()
}

pub(super) fn fixed() -> Fixed {
    VaultHeader { kdf: KdfParams::FLOOR, salt: [7; 32], half: half() }.encode()
}

pub(super) fn payload(known_regions: u8) -> SlotPayload {
    SlotPayload { region: REGION, key: DataKey::make(), known_regions, former: None }
}

/// A vault that holds `content` and is opened by `root(1)`.
pub(super) fn vault(payload: SlotPayload, content: &[u8]) -> FaultFile {
    let disk = FaultFile::random(LEN);
    assert_eq!(head::file_len(half()), LEN as u64);
    let (fixed, region_key) = (fixed(), payload.key.derive_region(REGION));
    for at in [0, head::back_at(half())] {
        disk.file().write_at(at, fixed.bytes()).unwrap();
    }
    let payload = SlotContent::Vault(payload);
    for place in SlotPlace::copies_of(SLOT) {
        let sealed = slots::seal(&root(1), fixed.bytes(), place, &payload).unwrap();
        disk.file().write_at(offset(place), &sealed).unwrap();
    }
    let place = RegionPlace { number: REGION, half: half() };
    Region::format(disk.file(), &fixed, place, &region_key).unwrap();
    Region::load(disk.file(), &fixed, place, &region_key).unwrap().region.commit(content).unwrap();
    disk
}

/// Where a place lies in it.
pub(super) fn offset(place: SlotPlace) -> u64 {
    head::offset(half(), place)
}

pub(super) fn head(disk: &FaultFile) -> Head {
    Head::read_all(&*disk.file(), LEN as u64).unwrap().remove(0)
}

/// Opens the disk's vault with `root(by)`, through a file that may refuse what the disk would take.
pub(super) fn unlock(disk: &FaultFile, file: Arc<dyn BlockFile>, by: u8) -> Result<Container> {
    head(disk).unlock(file, &root(by)).map(Option::unwrap)
}

/// What the vault holds for `root(by)`.
pub(super) fn read(disk: &FaultFile, by: u8) -> Result<Vec<u8>> {
    unlock(disk, disk.file(), by).map(|container| container.content().to_vec())
}
