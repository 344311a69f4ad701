//! A way on when `queue.kpk` is lost or damaged as a whole: the vaults are whole, and whoever has a passphrase must get at the
//! drafts.
//!
//! What waited is lost with the file's index, which is why this happens on a person's word only, and why a damaged file is
//! kept under another name.

use std::path::Path;

use super::queues::Queues;
use super::{Device, POOL_FILE, QUEUE_FILE, VAULT_FILE};
use crate::error::{Error, Result};
use crate::vault::{DeviceKey, DeviceKeyError, SlotPool, set_aside};

impl Device {
    /// Makes a new `queue.kpk`, and a pool if that is missing too, in a folder that has a vault and whose device does not open
    /// ([`Self::open`]). The vaults then open with [`Error::OutboxDamaged`] outboxes: see [`Self::renew_damaged_outbox`]. Does
    /// nothing if the file is sound. Wrong passphrases so far, the user's hold and the erasing that was set are forgotten
    /// with the file.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no vault, [`Error::InUse`], a key store that does not answer, [`Error::DiskFull`].
    pub fn renew_queue_file(folder: &Path, device_key: &dyn DeviceKey) -> Result<()> {
        if !folder.join(VAULT_FILE).exists() {
            return Err(Error::NotFound);
        }
        match Queues::open(folder, device_key) {
            Ok(_) => return Ok(()),
            // Nothing is wrong with the file: it can be opened at another moment, or by another program.
            Err(
                error @ (Error::InUse
                | Error::NewerVersion
                | Error::MemoryNotWiped
                | Error::DeviceKey(DeviceKeyError::Unavailable)),
            ) => return Err(error),
            Err(_) => {}
        }
        if Queues::take_up_longer_pool(folder, device_key)? {
            return Queues::open(folder, device_key).map(drop);
        }
        match set_aside(&folder.join(QUEUE_FILE)) {
            Ok(_) | Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
        // The pool stays in any case: drafts have their attachments in it.
        let slots = match SlotPool::mend_length(&folder.join(POOL_FILE)) {
            Err(Error::NotFound) => SlotPool::DEFAULT_SLOTS,
            slots => slots?,
        };
        Queues::make(folder, device_key, slots).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use zeroize::Zeroizing;

    use super::super::testing::*;
    use super::*;
    use crate::vault::{Level, NoDeviceKey};

    /// A key store that does not answer, as while a phone is locked; or one that has lost its keys.
    struct Silent(DeviceKeyError);

    impl DeviceKey for Silent {
        fn level(&self) -> Level {
            Level::Tee
        }
        fn create(&self, _: &str) -> Result<(), DeviceKeyError> {
            Ok(())
        }
        fn mac(&self, _: &str, _: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
            Err(self.0)
        }
        fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
            NoDeviceKey.wrap(alias, key)
        }
        fn unwrap(&self, _: &str, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
            Err(self.0)
        }
        fn destroy(&self, _: &str) -> Result<(), DeviceKeyError> {
            Ok(())
        }
    }

    #[test]
    fn a_key_store_that_does_not_answer_now_costs_no_queue() {
        let folder = tempfile::tempdir().unwrap();
        drop(device(folder.path()));
        let before = fs::read(folder.path().join(QUEUE_FILE)).unwrap();
        let renew = |error| Device::renew_queue_file(folder.path(), &Silent(error));
        assert_eq!(renew(DeviceKeyError::Unavailable), Err(Error::DeviceKey(DeviceKeyError::Unavailable)));
        assert!(fs::read(folder.path().join(QUEUE_FILE)).unwrap() == before);
        renew(DeviceKeyError::Missing).unwrap();
        assert!(fs::read(folder.path().join(QUEUE_FILE)).unwrap() != before, "control: a key that is gone");
        assert!(fs::read(folder.path().join("queue.kpk.aside-1")).unwrap() == before, "and it is kept");
    }

    #[test]
    fn a_pool_of_another_length_costs_neither_what_waits_nor_attachments() {
        for (extra, queue_lost) in [(1, false), (4 * 65_536, false), (77, true)] {
            let folder = tempfile::tempdir().unwrap();
            let first = device(folder.path());
            Organisation::make().enrol(&first);
            first.finish(draft(&first, "Sent"), NOW).unwrap();
            let id = draft(&first, "Example");
            attach(&first, id, 3, true).unwrap();
            drop(first);
            let pool = fs::OpenOptions::new().write(true).open(folder.path().join(POOL_FILE)).unwrap();
            pool.set_len(pool.metadata().unwrap().len() + extra).unwrap();
            if queue_lost {
                fs::remove_file(folder.path().join(QUEUE_FILE)).unwrap();
            }
            assert!(Device::open(folder.path(), Arc::new(NoDeviceKey)).is_err(), "control");
            Device::renew_queue_file(folder.path(), &NoDeviceKey).unwrap();
            let device = reopened(folder.path());
            device.unlock(&passphrase(), &Still).unwrap();
            assert!(!folder.path().join("pool.kpk.aside-1").exists());
            if queue_lost {
                device.renew_damaged_outbox().unwrap();
                Organisation::make().enrol(&device);
            } else {
                assert_eq!(device.outbox().unwrap().len(), 1, "it still waits");
            }
            assert_eq!(device.finish(id, NOW).map(|_| ()), Ok(()), "its attachment lies where it lay");
        }
    }

    #[test]
    fn without_its_queue_file_a_device_does_not_open_and_with_a_new_one_the_drafts_are_there() {
        type Damage = fn(&Path);
        let damages: [(&str, Damage); 3] = [
            ("gone", |path| fs::remove_file(path).unwrap()),
            ("cut", |path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(9_999).unwrap()),
            ("zeroed", |path| fs::write(path, vec![0; 40_000]).unwrap()),
        ];
        for (name, damage) in damages {
            let folder = tempfile::tempdir().unwrap();
            let first = device(folder.path());
            let id = draft(&first, "Example");
            drop(first);
            Device::renew_queue_file(folder.path(), &NoDeviceKey).unwrap();
            let sound = reopened(folder.path());
            sound.unlock(&passphrase(), &Still).unwrap();
            assert!(!sound.is_outbox_damaged().unwrap(), "control: a sound one stays");
            drop(sound);

            damage(&folder.path().join(QUEUE_FILE));
            assert!(Device::open(folder.path(), Arc::new(NoDeviceKey)).is_err(), "control: {name}");
            Device::renew_queue_file(folder.path(), &NoDeviceKey).unwrap();
            let device = reopened(folder.path());
            device.unlock(&passphrase(), &Still).unwrap();
            assert!(device.answers(id).is_ok() && device.is_outbox_damaged().unwrap(), "{name}");
            device.renew_damaged_outbox().unwrap();
            Organisation::make().enrol(&device);
            device.finish(id, NOW).unwrap();
            assert_eq!(folder.path().join("queue.kpk.aside-1").exists(), name != "gone");
        }
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(Device::renew_queue_file(empty.path(), &NoDeviceKey), Err(Error::NotFound));
    }
}
