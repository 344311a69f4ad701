//! Writes a vault by its format page: what would take a person years to fill is there in a second.
//!
//! Twenty thousand finished reports, each through the interface of the device, would write the vault forty thousand times.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use kapok_wire::rng;
use rusqlite::MAIN_DB;

use super::{FRAME, Opened};

const NONCE: usize = 24;
/// Content bytes of a frame: what nonce, generation, length and tag leave.
const DATA: usize = FRAME - NONCE - 16 - 16;

impl Opened {
    /// Writes the database, as it was changed, into the other half, as the next commit.
    ///
    /// # Panics
    /// If it does not fit.
    pub fn write_to(&mut self, file: &mut [u8]) {
        let content = self.database.serialize(MAIN_DB).unwrap();
        let place = &self.place;
        let half = 1 - place.newest;
        let from = place.first + usize::from(half) * place.half;
        let target = &mut file[from..][..place.half];
        assert!(content.len() <= place.half / FRAME * DATA, "the content is larger than a half");
        let stamp = [(place.generation + 1).to_be_bytes(), (content.len() as u64).to_be_bytes()].concat();
        let mut commit = [0; NONCE];
        for ((frame, data), index) in target.chunks_mut(FRAME).zip(content.chunks(DATA)).zip(0_u32..) {
            let nonce = rng::bytes::<NONCE>();
            let mut msg = [stamp.as_slice(), data].concat();
            msg.resize(16 + DATA, 0);
            let label: &[u8] = b"kapok/2026-11/vault/frame";
            let aad = [label, &place.hash, &[self.region, half], &index.to_be_bytes(), &commit].concat();
            let cipher = <XChaCha20Poly1305 as KeyInit>::new((&place.key).into());
            let sealed = cipher.encrypt((&nonce).into(), Payload { msg: &msg, aad: &aad }).unwrap();
            frame[..NONCE].copy_from_slice(&nonce);
            frame[NONCE..].copy_from_slice(&sealed);
            if index == 0 {
                commit = nonce;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use kapok_core::{Device, SoftwareDeviceKey, SystemClock};

    use crate::{page, story};

    #[test]
    fn the_device_reads_what_was_written_by_the_page_alone() {
        let place = tempfile::tempdir().unwrap();
        let key = || Arc::new(SoftwareDeviceKey::in_folder(place.path()));
        drop(Device::create(place.path(), &story::passphrase(), key(), story::options(8)).unwrap());
        let vault = place.path().join("vault.kpk");
        let mut file = fs::read(&vault).unwrap();
        let device_key = fs::read(place.path().join("kapok-vault.key")).unwrap();
        let mut opened = page::open(&file, story::PASSPHRASE.as_bytes(), &device_key);
        let row = "INSERT INTO finished (code, day, form_id, note) VALUES ('K1-H7Q', 20000, 'detention_quick', ?1)";
        // More than one frame.
        for _ in 0..10 {
            opened.database.execute(row, ["x".repeat(10_000)]).unwrap();
        }
        opened.write_to(&mut file);
        fs::write(&vault, file).unwrap();
        let device = Device::open(place.path(), key()).unwrap();
        device.unlock(&story::passphrase(), &SystemClock).unwrap();
        assert_eq!(device.finished().unwrap().len(), 10);
        assert!(!device.was_repaired().unwrap(), "both halves are whole");
    }
}
