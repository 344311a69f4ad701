//! Device folders that are not as they were: on another phone, copied by half.

use std::fs;

use super::testing::*;
use super::*;
use crate::vault::{DeviceKeyError, NoDeviceKey, QUEUE_ALIAS, SoftwareDeviceKey, VAULT_ALIAS};

const FILES: [&str; 3] = [VAULT_FILE, QUEUE_FILE, POOL_FILE];

fn contents(folder: &Path) -> Vec<Vec<u8>> {
    FILES.iter().map(|name| fs::read(folder.join(name)).unwrap()).collect()
}

fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for name in FILES {
        fs::copy(from.join(name), to.path().join(name)).unwrap();
    }
    to
}

#[test]
fn a_folder_that_was_copied_to_another_phone_says_that_its_key_is_missing_and_opens_at_home() {
    let (folder, keys, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let home = || Arc::new(SoftwareDeviceKey::in_folder(keys.path()));
    let device = Device::create(folder.path(), &passphrase(), home(), options(2, 24)).unwrap();
    let kept = draft(&device, "Example");
    drop(device);
    let copy = copied(folder.path());
    let before = contents(copy.path());
    let away = || Arc::new(SoftwareDeviceKey::in_folder(other.path()));
    let missing = Error::DeviceKey(DeviceKeyError::Missing);
    assert_eq!(Device::open(copy.path(), away()).err(), Some(missing.clone()));
    // A phone that has keys of its own: they fit nothing here.
    for alias in [VAULT_ALIAS, QUEUE_ALIAS] {
        away().create(alias).unwrap();
    }
    let refused = Device::open(copy.path(), away()).err();
    assert_eq!(refused, Some(Error::DeviceKey(DeviceKeyError::Refused)));
    // Whoever begins a new queue there gets no further: the vault has its own key.
    Device::renew_queue_file(copy.path(), &*away()).unwrap();
    let stranger = Device::open(copy.path(), away()).unwrap();
    assert_eq!(stranger.unlock(&passphrase(), &Still), Err(Error::WrongPassphrase));
    drop(stranger);
    assert_eq!(fs::read(copy.path().join(VAULT_FILE)).unwrap(), before[0], "nothing was written to the vault");
    // Control: at home the same folder opens, and so does a copy.
    for place in [folder.path(), copied(folder.path()).path()] {
        let device = Device::open(place, home()).unwrap();
        device.unlock(&passphrase(), &Still).unwrap();
        assert!(device.answers(kept).is_ok());
    }
}

#[test]
fn a_file_that_was_copied_by_half_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let kept = draft(&device, "Example");
    drop(device);
    for (at, name) in FILES.iter().enumerate() {
        for part in [0, 1, 9_999, 500_000] {
            let copy = copied(folder.path());
            let len = fs::metadata(copy.path().join(name)).unwrap().len();
            let cut = fs::OpenOptions::new().write(true).open(copy.path().join(name)).unwrap();
            cut.set_len(part.min(len / 2)).unwrap();
            let before = contents(copy.path());
            let opened = Device::open(copy.path(), Arc::new(NoDeviceKey));
            let refused = opened.and_then(|device| device.unlock(&passphrase(), &Still)).unwrap_err();
            assert!(matches!(refused, Error::WrongLength), "{name} {part}: {refused:?}");
            assert!(contents(copy.path())[at] == before[at], "{name} {part}");
            // The whole file in its place again: everything is there.
            fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
            let device = reopened(copy.path());
            device.unlock(&passphrase(), &Still).unwrap();
            assert!(device.answers(kept).is_ok());
        }
    }
}
