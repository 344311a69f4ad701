//! S10: after the passphrase that erases, nothing opens what was there: not the files, not an older copy of them on the same
//! device; and it takes the time of an unlock.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kapok_core::{Device, DeviceKey, DeviceKeyError, Further, Level, Passphrase, SoftwareDeviceKey};
use kapok_tests::story;
use kapok_tests::world::now;
use zeroize::Zeroizing;

use super::s4::{options, passphrase, second};
use crate::budget::{Budget, copied};
use crate::claim::{Claim, Verdict};
use crate::virtual_clock::VirtualClock;

/// Erasing.
pub(super) const CLAIM: Claim = Claim {
    id: "S10",
    title: "after the passphrase that erases, nothing opens what was there, and a new vault is open",
    timed: true,
    defended,
    control,
};

/// How much longer than an unlock it may take: within what unlocks differ by among themselves on a busy phone.
const SLOWER: f64 = 1.25;

fn erasing() -> Passphrase {
    passphrase("paper boats at noon")
}

/// A key store in which keys cannot be destroyed: the control.
struct Undying(SoftwareDeviceKey);

impl DeviceKey for Undying {
    fn level(&self) -> Level {
        self.0.level()
    }
    fn create(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.0.create(alias)
    }
    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        self.0.mac(alias, data)
    }
    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.0.wrap(alias, key)
    }
    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        self.0.unwrap(alias, wrapped)
    }
    fn destroy(&self, _: &str) -> Result<(), DeviceKeyError> {
        Ok(())
    }
}

/// A device with two vaults that hold something, and one passphrase that erases.
fn made(folder: &Path, key: Arc<dyn DeviceKey>) {
    let (second, erasing) = (second(), erasing());
    let further = [Further::Vault(&second), Further::Erase(&erasing)];
    let device = Device::create_with(folder, &story::passphrase(), &further, key, options()).unwrap();
    for opens in [story::passphrase(), second] {
        device.unlock(&opens, &VirtualClock::start()).unwrap();
        let draft = device.new_draft(story::FORM, "km", now()).unwrap();
        device.save_answers(draft, &story::answers(device.pack(), 1), now()).unwrap();
    }
}

/// How many of the passphrases find a draft in these files on this device.
fn readable(folder: &Path, key: &Arc<dyn DeviceKey>) -> usize {
    let reads = |passphrase: &Passphrase| {
        let copy = copied(folder);
        let device = Device::open(copy.path(), key.clone())?;
        device.unlock(passphrase, &VirtualClock::start())?;
        device.drafts().map(|drafts| drafts.len())
    };
    let all = [story::passphrase(), second(), erasing()];
    all.iter().filter(|passphrase| reads(passphrase).is_ok_and(|drafts| drafts > 0)).count()
}

/// What is readable of a copy from before, and of the files as they are after erasing; and whether an empty vault was open.
fn erased(key: impl Fn(&Path) -> Arc<dyn DeviceKey>) -> (usize, usize, bool) {
    let (place, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = key(keys.path());
    made(place.path(), key.clone());
    let before = copied(place.path());
    // Tried on copies of their own: what erases there must not touch the keys yet.
    let device = Device::open(place.path(), key.clone()).unwrap();
    device.unlock(&erasing(), &VirtualClock::start()).unwrap();
    let empty = device.drafts().unwrap().is_empty() && device.finished_count() == Ok(0);
    drop(device);
    let after = readable(place.path(), &key);
    (readable(before.path(), &key), after, empty)
}

fn defended(budget: &mut Budget) -> Verdict {
    let rounds = budget.of(25, 2);
    let (mut readable, mut not_empty) = (0, 0);
    for _ in 0..rounds {
        let (before, after, empty) = erased(|keys| Arc::new(SoftwareDeviceKey::in_folder(keys)));
        readable += before + after;
        not_empty += usize::from(!empty);
    }
    let figure = format!("{readable} of {} openings read something; {not_empty} of {rounds} not empty", rounds * 6);
    let erased = Verdict::new(readable == 0 && not_empty == 0, figure);
    if budget.short {
        return erased;
    }
    let (unlock, erase) = (median(30, &story::passphrase()), median(30, &erasing()));
    let factor = erase / unlock;
    let figure = format!("it takes {factor:.2} of an unlock ({:.0} ms)", unlock * 1_000.0);
    Verdict::all([erased, Verdict::new(factor <= SLOWER, figure)])
}

/// Seconds, on a new device each time.
fn median(count: usize, opens: &Passphrase) -> f64 {
    let once = |_| {
        let (place, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key: Arc<dyn DeviceKey> = Arc::new(SoftwareDeviceKey::in_folder(keys.path()));
        made(place.path(), key.clone());
        let device = Device::open(place.path(), key).unwrap();
        let start = Instant::now();
        device.unlock(opens, &VirtualClock::start()).unwrap();
        start.elapsed().as_secs_f64()
    };
    let mut times: Vec<f64> = (0..count).map(once).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn control(_: &mut Budget) -> Verdict {
    let (before, after, _) = erased(|keys| Arc::new(Undying(SoftwareDeviceKey::in_folder(keys))));
    let figure = format!("keys that cannot be destroyed: {before} of 3 openings of the copy read something");
    assert_eq!(after, 0, "the files themselves are erased all the same");
    Verdict::new(before == 0, figure)
}

#[cfg(test)]
mod tests {
    use kapok_core::Error;

    use super::*;

    #[test]
    fn a_vault_that_was_never_erased_is_readable_by_each_of_its_passphrases() {
        let (place, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key: Arc<dyn DeviceKey> = Arc::new(Undying(SoftwareDeviceKey::in_folder(keys.path())));
        made(place.path(), key.clone());
        assert_eq!(readable(place.path(), &key), 2);
        let device = Device::open(place.path(), key).unwrap();
        assert_eq!(device.unlock(&passphrase("not one of them"), &VirtualClock::start()), Err(Error::WrongPassphrase));
    }
}
