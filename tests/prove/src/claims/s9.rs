//! S9: a copy of the storage opens on no other device, and each guess costs one operation of the device key.

use std::path::Path;
use std::sync::Arc;

use kapok_core::{Device, DeviceKey, Error, NoDeviceKey};
use kapok_tests::story;

use crate::budget::{Budget, copied};
use crate::claim::{Claim, Verdict};
use crate::counting_key::CountingKey;
use crate::virtual_clock::VirtualClock;

/// Device binding.
pub(super) const CLAIM: Claim = Claim {
    id: "S9",
    title: "a copied image and the right passphrase open nothing without the device's own key",
    timed: false,
    defended,
    control,
};

const ALIASES: [&str; 2] = ["kapok-vault", "kapok-queue"];

fn made(folder: &Path, key: Arc<dyn DeviceKey>) {
    drop(Device::create(folder, &story::passphrase(), key, story::options(8)).unwrap());
}

/// The copy, tried with the right passphrase: whether it opened.
fn opens(image: &Path, key: Arc<dyn DeviceKey>) -> bool {
    match Device::open(image, key) {
        Ok(device) => device.unlock(&story::passphrase(), &VirtualClock::start()).is_ok(),
        Err(Error::DeviceKey(_)) => false,
        Err(other) => panic!("{other}"),
    }
}

/// Another device: with keys of its own under the same names, with the key of the queue's store only, and without any.
fn elsewhere(own: &Path, image: &Path) -> (usize, usize) {
    let mut opened = 0;
    let all = ["other keys", "no keys", "no device key", "the queue's key only"];
    for kind in all {
        let copy = copied(image);
        let place = tempfile::tempdir().unwrap();
        let key = Arc::new(CountingKey::new(place.path()));
        if kind == "the queue's key only" {
            for entry in std::fs::read_dir(own).unwrap().map(Result::unwrap) {
                let name = entry.file_name();
                if name != "kapok-vault.key" {
                    std::fs::copy(entry.path(), place.path().join(name)).unwrap();
                }
            }
            key.create(ALIASES[0]).unwrap();
        } else if kind == "other keys" {
            ALIASES.iter().for_each(|alias| key.create(alias).unwrap());
        }
        let key: Arc<dyn DeviceKey> = if kind == "no device key" { Arc::new(NoDeviceKey) } else { key };
        opened += usize::from(opens(copy.path(), key));
    }
    (opened, all.len())
}

fn defended(budget: &mut Budget) -> Verdict {
    let (mut opened, mut tried, mut macs) = (0, 0, Vec::new());
    for _ in 0..budget.of(25, 2) {
        let (place, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let image = place.path().join("device");
        let key = Arc::new(CountingKey::new(keys.path()));
        made(&image, key.clone());
        let (more, of) = elsewhere(keys.path(), &image);
        (opened, tried) = (opened + more, tried + of);
        key.take_macs();
        assert!(opens(&image, key.clone()), "at home it opens");
        macs.push(key.take_macs());
    }
    let odd = macs.iter().filter(|count| **count != 1).count();
    let figure =
        format!("{opened} of {tried} copies opened elsewhere; {odd} of {} guesses without one mac", macs.len());
    Verdict::new(opened == 0 && odd == 0, figure)
}

fn control(_: &mut Budget) -> Verdict {
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("device");
    made(&image, Arc::new(NoDeviceKey));
    let opened = opens(copied(&image).path(), Arc::new(NoDeviceKey));
    Verdict::new(!opened, format!("{} of 1 copy of a vault without device key opened", u8::from(opened)))
}
