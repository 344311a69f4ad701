//! What comes in between: a lock while the passphrase is being tried, a full vault, a move that cannot be ended, and passphrases
//! that belong to something else already.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Weak;

use zeroize::Zeroizing;

use super::outbox::QueueMove;
use super::testing::*;
use super::*;
use crate::policy::Profile;
use crate::vault::{DeviceKeyError, Level, NoDeviceKey};

fn second() -> Passphrase {
    Passphrase::new(b"paper mango window".to_vec()).unwrap()
}

fn erasing() -> Passphrase {
    Passphrase::new(b"seven green boats".to_vec()).unwrap()
}

/// A device key during whose operation something else happens.
#[derive(Default)]
struct Meanwhile(Mutex<Option<Then>>);

/// What happens, and to which device.
type Then = (Weak<Device>, fn(&Device));

impl DeviceKey for Meanwhile {
    fn level(&self) -> Level {
        Level::None
    }
    fn create(&self, _: &str) -> Result<(), DeviceKeyError> {
        Ok(())
    }
    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        if let Some((device, then)) = self.0.lock().unwrap().take() {
            then(&device.upgrade().unwrap());
        }
        NoDeviceKey.mac(alias, data)
    }
    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        NoDeviceKey.wrap(alias, key)
    }
    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        NoDeviceKey.unwrap(alias, wrapped)
    }
    fn destroy(&self, _: &str) -> Result<(), DeviceKeyError> {
        Ok(())
    }
}

/// Unlocks while something happens.
fn unlocked_while(folder: &Path, then: fn(&Device)) -> (Arc<Device>, Result<()>) {
    let key = Arc::new(Meanwhile::default());
    let device = Arc::new(Device::create(folder, &passphrase(), key.clone(), options(2, 24)).unwrap());
    device.lock();
    *key.0.lock().unwrap() = Some((Arc::downgrade(&device), then));
    let unlocked = device.unlock(&passphrase(), &Still);
    (device, unlocked)
}

#[test]
fn a_vault_that_is_locked_while_the_passphrase_is_tried_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let (device, unlocked) = unlocked_while(folder.path(), Device::lock);
    assert_eq!((unlocked, device.is_locked()), (Err(Error::Locked), true));
    // Control: without that it opens.
    device.unlock(&passphrase(), &Still).unwrap();
    assert!(!device.is_locked());
}

#[test]
fn an_app_that_left_the_foreground_while_the_passphrase_was_tried_is_locked_at_once() {
    let severe = SessionLimits::from(Profile::Severe);
    let folder = tempfile::tempdir().unwrap();
    let (device, unlocked) = unlocked_while(folder.path(), |device| device.note_background(true, &Still));
    assert_eq!((unlocked, device.lock_due_in(&severe, &Still)), (Ok(()), Some(std::time::Duration::ZERO)));
    let folder = tempfile::tempdir().unwrap();
    let (device, _) = unlocked_while(folder.path(), |_| ());
    assert!(!device.lock_if_due(&severe, &Still), "control: it stayed in front");
}

#[test]
fn a_passphrase_that_opens_something_else_is_not_given_to_a_vault() {
    let folder = tempfile::tempdir().unwrap();
    let further = [Further::Vault(&second()), Further::Erase(&erasing())];
    let device =
        Device::create_with(folder.path(), &passphrase(), &further, Arc::new(NoDeviceKey), options(2, 24)).unwrap();
    let kept = draft(&device, "Example");
    let clock = Hands::default();
    for taken in [second(), erasing()] {
        clock.pass(3_600);
        assert_eq!(device.change_passphrase(&passphrase(), &taken, &clock), Err(Error::SamePassphrase));
    }
    let shares = device.make_recovery(&passphrase(), 2, 2, &clock).unwrap();
    for taken in [second(), erasing()] {
        clock.pass(3_600);
        assert_eq!(device.recover(&shares, &taken, &clock), Err(Error::SamePassphrase));
    }
    device.unlock(&passphrase(), &clock).unwrap();
    assert!(device.answers(kept).is_ok(), "nothing was written");
    device.recover(&shares, &passphrase(), &clock).unwrap();
    assert!(device.answers(kept).is_ok(), "its own, if somebody remembers it after all");
}

#[test]
fn finishing_in_a_vault_that_is_full_to_its_last_page_forgets_the_draft_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 2, 128);
    Organisation::make().enrol(&device);
    let mut done = 0;
    while device.finished().unwrap().len() as u64 == device.finished_count().unwrap() {
        let next = draft(&device, "Example");
        device.set_note(next, &"x".repeat(200), NOW).unwrap();
        while device.new_draft("detention_quick", "km", NOW).is_ok() {}
        device.finish(next, NOW).unwrap();
        assert!(device.drafts().unwrap().iter().all(|draft| draft.id != next));
        let room = device.drafts().unwrap().into_iter().rev().take(12);
        room.for_each(|draft| device.delete_draft(draft.id).unwrap());
        done += 1;
        assert!(done < 100, "it never came to the row that has no room");
    }
    assert_eq!(device.finished_count(), Ok(done), "of the last one only the number stayed");
    drop(device);
    reopened(folder.path()).unlock(&passphrase(), &Still).unwrap();
}

/// The pages at both ends of a file, which hold its headers.
fn ends(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    [&bytes[..4_096], &bytes[bytes.len() - 4_096..]].concat()
}

#[test]
fn erasing_takes_what_was_set_aside_before_and_is_not_stopped_by_what_resists() {
    for by_failures in [false, true] {
        let (parent, names) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = parent.path().join("device");
        let at = |name: &str| folder.join(name);
        drop(device(&folder));
        let aside = Device::set_aside(&folder).unwrap();
        fs::copy(at(QUEUE_FILE), at("queue.kpk.aside-1")).unwrap();
        fs::copy(at(POOL_FILE), at("pool.kpk.new")).unwrap();
        // A copy without the right to write, and folders: those cannot be written by anybody.
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o400)).unwrap();
        for name in ["vault.kpk.aside-2", "queue.kpk.aside-3"] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("file"), "in a folder").unwrap();
        }
        std::os::unix::fs::symlink(names.path(), at("pool.kpk.aside-4")).unwrap();
        let key = Arc::new(NoDeviceKey);
        let further = [Further::Erase(&erasing())];
        let device = Device::create_with(&folder, &second(), &further, key.clone(), options(2, 64)).unwrap();
        // A second name shows what becomes of the bytes that a name led to.
        let erased = ["vault.kpk.aside-1", "queue.kpk.aside-1", "pool.kpk.new", VAULT_FILE, QUEUE_FILE];
        let kept = |name: &str| names.path().join(name);
        erased.iter().for_each(|name| fs::hard_link(at(name), kept(name)).unwrap());
        let before = erased.map(|name| ends(&kept(name)));
        assert!(before[0].starts_with(b"kapok-v") && before[1].starts_with(b"kapok-q"), "control");
        if by_failures {
            device.set_erase_after(EraseAfter::Five).unwrap();
            let clock = Hands::default();
            let tries = (0..5).map(|_| {
                clock.pass(4_000);
                device.unlock(&passphrase(), &clock)
            });
            assert_eq!(tries.last(), Some(Err(Error::Erased)));
        } else {
            device.unlock(&erasing(), &Still).unwrap();
            assert_eq!(device.drafts().unwrap().len(), 0);
        }
        let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), if by_failures { 0 } else { 3 }, "{left:?}");
        // Where a vault began anew in the same files, those have headers again.
        let gone = if by_failures { 5 } else { 3 };
        for (name, before) in erased.iter().zip(&before).take(gone) {
            let after = ends(&kept(name));
            let same = before.chunks(32).zip(after.chunks(32)).filter(|(before, after)| before == after).count();
            assert_eq!(same, 0, "{name}");
        }
        drop(device);
        assert!(names.path().exists(), "what a link leads to is none of ours");
        if by_failures {
            Device::create(&folder, &second(), key, options(2, 64)).unwrap();
        }
    }
}

#[test]
fn an_erasing_that_was_cut_is_ended_at_one_start_whatever_resists() {
    let folder = tempfile::tempdir().unwrap();
    drop(device(folder.path()));
    fs::create_dir(folder.path().join("vault.kpk.aside-1")).unwrap();
    let vault = folder.path().join(VAULT_FILE);
    crate::vault::Eraser::of(&vault).unwrap().mark().unwrap();
    let kept = tempfile::tempdir().unwrap();
    let queue = kept.path().join(QUEUE_FILE);
    fs::hard_link(folder.path().join(QUEUE_FILE), &queue).unwrap();
    assert!(ends(&queue).starts_with(b"kapok-q"), "control");
    assert_eq!(Device::open(folder.path(), Arc::new(NoDeviceKey)).err(), Some(Error::NotFound));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(!ends(&queue).starts_with(b"kapok-q"));
    drop(device(folder.path()));
}

/// A phone whose vault was moved, and the one that has it now.
fn moved(folder: &Path) -> (Device, Device, String) {
    let old = device_of(&folder.join("old"), 4, 64);
    Organisation::make().enrol(&old);
    old.finish(draft(&old, "Example"), NOW).unwrap();
    draft(&old, "Another example");
    let new = device_of(&folder.join("new"), 4, 64);
    let key = new.receive_move().unwrap();
    let digits = old.send_move(&key.text, &key.digits, &folder.join("file")).unwrap();
    let arrival = new.import_move(&folder.join("file"), &digits).unwrap();
    (old, new, arrival)
}

#[test]
fn what_arrived_is_not_emptied_by_taking_note_of_it_where_the_queue_could_not_be_freed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, new, _) = moved(folder.path());
    // A disk that refused the last step.
    new.own().set_moving(QueueMove::Arriving).unwrap();
    new.cancel_move().unwrap();
    assert_eq!(new.outbox().unwrap().len(), 1);
    assert_eq!(new.own().moving(), Ok(QueueMove::None));
    // Control: a queue whose vault never came is emptied.
    new.own().set_moving(QueueMove::Arriving).unwrap();
    new.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(new.outbox().unwrap().len(), 0);
}

#[test]
fn a_move_from_a_vault_whose_outbox_is_damaged_can_be_ended_or_cancelled() {
    for end in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (old, _, arrival) = moved(folder.path());
        let region = usize::from(old.open_region().unwrap());
        drop(old);
        let path = folder.path().join("old").join(QUEUE_FILE);
        let mut bytes = fs::read(&path).unwrap();
        let half = (bytes.len() - 8_192) / 10;
        let start = 4_096 + region * 2 * half;
        bytes[start + 100] ^= 1;
        bytes[start + half + 100] ^= 1;
        fs::write(&path, bytes).unwrap();

        let old = reopened(&folder.path().join("old"));
        old.unlock(&passphrase(), &Still).unwrap();
        assert_eq!(old.cancel_move(), Err(Error::OutboxDamaged), "control");
        old.renew_damaged_outbox().unwrap();
        assert_eq!(old.new_draft("detention_quick", "km", NOW), Err(MoveError::Moving.into()), "still held");
        if end {
            old.end_move(&arrival).unwrap();
            assert_eq!(old.drafts().unwrap().len(), 0);
        } else {
            old.cancel_move().unwrap();
            draft(&old, "A third example");
        }
    }
}
