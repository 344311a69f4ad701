//! Several vaults in one device: of equal standing, out of each other's reach, and erased together.

use std::fs;
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};

use kapok_report::EvidenceOrigin;
use kapok_wire::Problem;
use zeroize::Zeroizing;

use super::outbox::Outcome;
use super::testing::*;
use super::*;
use crate::policy::{Asked, Facts, Work};
use crate::time::SystemClock;
use crate::vault::{DeviceKeyError, Level, NoDeviceKey, POOL_SLOT, SlotNumber, SoftwareDeviceKey};

fn second() -> Passphrase {
    Passphrase::new(b"paper mango window".to_vec()).unwrap()
}

fn erasing() -> Passphrase {
    Passphrase::new(b"seven green boats".to_vec()).unwrap()
}

fn wrong() -> Passphrase {
    Passphrase::new(b"not this one".to_vec()).unwrap()
}

fn with(folder: &Path, further: &[Further<'_>], key: Arc<dyn DeviceKey>) -> Device {
    Device::create_with(folder, &passphrase(), further, key, options(2, 24)).unwrap()
}

fn two_vaults(folder: &Path) -> Device {
    with(folder, &[Further::Vault(&second())], Arc::new(NoDeviceKey))
}

/// Everything that a vault shows.
fn shown(device: &Device) -> String {
    let options = SyncOptions::default();
    format!(
        "{:?}",
        (
            device.drafts(),
            shown_reports(device),
            device.waiting(),
            device.organisation(NOW),
            device.decide(&Facts::unknown(), &options, NOW),
            device.sends_while_locked(),
            device.erase_after(),
            device.was_repaired(),
        )
    )
}

#[test]
fn each_passphrase_opens_a_vault_of_its_own_that_shows_nothing_of_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let device = two_vaults(folder.path());
    let organisation = Organisation::make();
    organisation.enrol(&device);
    let kept = draft(&device, "First");
    let sent = draft(&device, "Sent");
    attach(&device, sent, 2, false).unwrap();
    device.finish(sent, NOW).unwrap();
    assert_eq!(device.outbox().unwrap().len(), 1);

    // The second vault is as the only vault of a new device is.
    device.unlock(&second(), &Still).unwrap();
    let alone = tempfile::tempdir().unwrap();
    let alone = with(alone.path(), &[], Arc::new(NoDeviceKey));
    assert_eq!(shown(&device), shown(&alone));
    assert_eq!(device.waiting(), Ok(Work::Upload { text: 0, media: 0 }));
    assert_eq!(device.finish(draft(&device, "Second"), NOW).err(), Some(Error::NotEnrolled));
    Organisation::make().enrol(&device);
    device.finish(draft(&device, "Second"), NOW).unwrap();

    device.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(device.drafts().unwrap().iter().map(|draft| draft.id).collect::<Vec<_>>(), [kept]);
    assert_eq!(device.outbox().unwrap().len(), 1);
    assert_eq!(device.outbox().unwrap()[0].objects, 3);
    // Locked, the sender has both.
    device.lock();
    assert_eq!(device.waiting(), Ok(Work::Upload { text: 2, media: 2 }));
    let locked = device.outbox().unwrap();
    assert!(locked.len() == 2 && locked.iter().all(|report| report.code.is_none() && report.day.is_none()));
}

#[test]
fn what_was_written_for_one_vault_cannot_be_saved_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let device = two_vaults(folder.path());
    let mine = draft(&device, "Main");
    device.unlock(&second(), &Still).unwrap();
    let theirs = draft(&device, "Second");
    assert_eq!((mine.number(), theirs.number()), (1, 1), "a person calls both by the same number");
    assert_eq!(format!("{mine:?}"), format!("{theirs:?}"));
    // An app that saves what was typed a moment ago, after the other passphrase was asked for.
    let answers = device.answers(theirs).unwrap();
    assert_eq!(device.save_answers(mine, &answers, NOW), Err(Error::NoSuchDraft));
    assert_eq!(device.set_note(mine, "a note", NOW), Err(Error::NoSuchDraft));
    assert!(attach(&device, mine, 1, true).is_err() && device.delete_draft(mine).is_err());
    assert_eq!(device.note(theirs).unwrap(), "");
    // Control: the number that this vault gave it.
    let again = device.draft(mine.number()).unwrap();
    assert_eq!(again, theirs);
    device.save_answers(again, &answers, NOW).unwrap();
    assert_eq!(device.draft(2), Err(Error::NoSuchDraft));
}

/// A recording that goes on while the vault is locked and another one opened.
struct Recording<'d>(&'d Device, u32, u32);

impl Read for Recording<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 += 1;
        if self.1 == 3 {
            self.0.lock();
            self.0.unlock(&second(), &Still).unwrap();
        }
        if self.1 > self.2 {
            return Ok(0);
        }
        buffer.fill(7);
        Ok(buffer.len())
    }
}

#[test]
fn a_recording_that_outlasts_its_vault_does_not_land_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let device = two_vaults(folder.path());
    device.unlock(&second(), &Still).unwrap();
    let theirs = draft(&device, "Second");
    device.unlock(&passphrase(), &Still).unwrap();
    let mine = draft(&device, "Main");
    let meta = NewAttachment { file_name: "a".into(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    let stored =
        |draft, calls| device.attach_stream(draft, &mut Recording(&device, calls, 5), &meta, None, NOW).map(drop);
    for draft in [mine, theirs] {
        device.unlock(&passphrase(), &Still).unwrap();
        assert!(stored(draft, 0).is_err());
        device.unlock(&second(), &Still).unwrap();
        assert!(device.attachments(theirs).unwrap().is_empty(), "nothing came into the other one");
    }
    device.unlock(&passphrase(), &Still).unwrap();
    assert!(device.attachments(mine).unwrap().is_empty());
    assert_eq!(stored(mine, 3), Ok(()), "control: nobody locks");
}

#[test]
fn a_recording_that_outlasts_its_vault_overwrites_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let further = [Further::Vault(&second())];
    let device =
        Device::create_with(folder.path(), &passphrase(), &further, Arc::new(NoDeviceKey), options(2, 80)).unwrap();
    let older = draft(&device, "Main");
    attach(&device, older, 40, true).unwrap();
    let slots = device.with_vault(|vault| vault.read(|db| attach::list(db, older))).unwrap().remove(0).slots;
    let pool = device.own().pool().clone();
    let held = || -> Vec<_> {
        let read = |slot: &SlotNumber| {
            let mut bytes = Box::new([0; POOL_SLOT]);
            pool.read_slot(*slot, &mut bytes).unwrap();
            bytes
        };
        slots.iter().map(read).collect()
    };
    let before = held();
    let meta = NewAttachment { file_name: "a".into(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    // It needs more slots than it reserved at first, after the other vault was opened.
    for _ in 0..4 {
        device.unlock(&passphrase(), &Still).unwrap();
        let stored = device.attach_stream(older, &mut Recording(&device, 0, 24), &meta, None, NOW);
        assert_eq!(stored.err(), Some(Error::Locked));
        assert!(held() == before);
    }
}

#[test]
fn a_vault_filled_to_its_end_takes_nothing_from_another() {
    let folder = tempfile::tempdir().unwrap();
    let device = two_vaults(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, "First");
    attach(&device, id, 4, false).unwrap();
    let done = draft(&device, "Sent");
    attach(&device, done, 3, false).unwrap();
    device.finish(done, NOW).unwrap();
    let outbox = device.own();
    let sealed = || -> Vec<_> {
        let jobs = outbox.next_batch(true, true, 100).unwrap();
        jobs.iter().map(|job| outbox.sealed_area(job).unwrap()).collect()
    };
    let before = sealed();
    assert_eq!(before.len(), 4);

    device.unlock(&second(), &Still).unwrap();
    let other = draft(&device, "Second");
    while attach(&device, other, 1, false).is_ok() {}
    let text = "x".repeat(10_000);
    while device.new_draft("detention_quick", &text, NOW).is_ok() {}
    assert_eq!(device.new_draft("detention_quick", &text, NOW), Err(Error::VaultFull), "control: it is full");

    device.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(device.attachments(id).unwrap().len(), 1);
    assert!(sealed() == before);
    device.finish(id, NOW).unwrap();
}

#[test]
fn a_vault_that_does_not_lend_its_queue_shows_nothing_while_locked() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    Organisation::make().enrol(&first);
    first.finish(draft(&first, "Example"), NOW).unwrap();
    first.lock();
    assert_eq!(first.waiting(), Ok(Work::Upload { text: 1, media: 0 }), "control: lent");
    first.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(first.sends_while_locked(), Ok(true));
    let held = first.own();
    first.set_sends_while_locked(false).unwrap();
    first.lock();
    assert_eq!(first.waiting(), Ok(Work::Upload { text: 0, media: 0 }));
    assert_eq!(held.waiting(), Err(Error::Locked), "also for whoever holds it still");
    drop((first, held));
    let again = reopened(folder.path());
    assert_eq!(again.waiting(), Ok(Work::Upload { text: 0, media: 0 }));
    again.unlock(&passphrase(), &Still).unwrap();
    assert_eq!((again.sends_while_locked(), again.outbox().unwrap().len()), (Ok(false), 1));
    assert_eq!(again.waiting(), Ok(Work::Upload { text: 1, media: 0 }));
}

#[test]
fn passphrases_that_are_too_many_short_or_the_same_are_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device");
    let short = Passphrase::new(b"mango 1".to_vec()).unwrap();
    let (second, erasing, fourth, fifth) =
        (second(), erasing(), wrong(), Passphrase::new(b"one too many".to_vec()).unwrap());
    let first = passphrase();
    let refused = |further: &[Further<'_>]| {
        Device::create_with(&path, &first, further, Arc::new(NoDeviceKey), options(2, 24)).err()
    };
    assert_eq!(refused(&[Further::Vault(&first)]), Some(Error::SamePassphrase));
    assert_eq!(refused(&[Further::Vault(&second), Further::Erase(&second)]), Some(Error::SamePassphrase));
    assert_eq!(refused(&[Further::Vault(&short)]), Some(Error::PassphraseTooShort { least: 8 }));
    let all = [Further::Vault(&second), Further::Erase(&erasing), Further::Vault(&fourth), Further::Vault(&fifth)];
    assert_eq!(refused(&all), Some(Error::TooManyPassphrases { limit: 3 }));
    assert!(!path.exists());
    // Control: all four slots full.
    let device = Device::create_with(&path, &first, &all[..3], Arc::new(NoDeviceKey), options(2, 24)).unwrap();
    for passphrase in [&second, &fourth, &first] {
        device.unlock(passphrase, &Still).unwrap();
        draft(&device, "Example");
        assert_eq!(device.drafts().unwrap().len(), 1);
    }
}

#[test]
fn each_vault_changes_its_own_passphrase_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let device = with(folder.path(), &[Further::Vault(&second()), Further::Erase(&erasing())], Arc::new(NoDeviceKey));
    let clock = Hands::default();
    draft(&device, "First");
    device.unlock(&second(), &clock).unwrap();
    draft(&device, "Second");
    for current in [passphrase(), erasing()] {
        assert_eq!(device.change_passphrase(&current, &wrong(), &clock), Err(Error::WrongPassphrase));
    }
    device.change_passphrase(&second(), &wrong(), &clock).unwrap();
    clock.pass(3_600);
    for passphrase in [passphrase(), wrong()] {
        device.unlock(&passphrase, &clock).unwrap();
        assert_eq!(device.drafts().unwrap().len(), 1);
    }
}

#[test]
fn the_passphrase_that_erases_opens_an_empty_vault_and_nothing_else_opens_any_more() {
    for real in [false, true] {
        let (folder, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = || -> Arc<dyn DeviceKey> {
            if real { Arc::new(SoftwareDeviceKey::in_folder(keys.path())) } else { Arc::new(NoDeviceKey) }
        };
        let device = with(folder.path(), &[Further::Vault(&second()), Further::Erase(&erasing())], key());
        Organisation::make().enrol(&device);
        device.finish(draft(&device, "Sent"), NOW).unwrap();
        draft(&device, "First");
        drop(device);
        let names = ["vault.kpk", "queue.kpk", "pool.kpk"].map(|name| folder.path().join(name));
        let image = names.clone().map(|name| fs::read(name).unwrap());

        let device = Device::open(folder.path(), key()).unwrap();
        device.unlock(&erasing(), &Still).unwrap();
        let alone = tempfile::tempdir().unwrap();
        assert_eq!(shown(&device), shown(&with(alone.path(), &[], Arc::new(NoDeviceKey))));
        draft(&device, "New");
        for gone in [passphrase(), second()] {
            assert_eq!(device.unlock(&gone, &Still), Err(Error::WrongPassphrase));
        }
        drop(device);
        for (name, before) in names.iter().zip(&image) {
            assert_eq!(fs::metadata(name).unwrap().len(), before.len() as u64);
        }
        let again = Device::open(folder.path(), key()).unwrap();
        again.unlock(&erasing(), &Still).unwrap();
        assert_eq!(again.drafts().unwrap().len(), 1, "the new vault stays");
        drop(again);

        // An image of before, on the same phone.
        for (name, before) in names.iter().zip(&image) {
            fs::write(name, before).unwrap();
        }
        let opened = Device::open(folder.path(), key()).and_then(|device| device.unlock(&passphrase(), &Still));
        // Control: without a device key the image opens, which is what the key is for.
        assert_eq!(opened.is_err(), real, "{opened:?}");
    }
}

/// A device key that ends the program, so to say, at its n-th destruction or creation.
struct Failing {
    inner: SoftwareDeviceKey,
    left: AtomicU32,
}

impl Failing {
    fn step(&self) -> Result<(), DeviceKeyError> {
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| DeviceKeyError::Unavailable)
    }
}

impl DeviceKey for Failing {
    fn level(&self) -> Level {
        self.inner.level()
    }
    fn create(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.step()?;
        self.inner.create(alias)
    }
    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        self.inner.mac(alias, data)
    }
    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.inner.wrap(alias, key)
    }
    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        self.inner.unwrap(alias, wrapped)
    }
    fn destroy(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.step()?;
        self.inner.destroy(alias)
    }
}

#[test]
fn an_erasing_that_stops_anywhere_is_ended_at_the_next_start() {
    // Two destructions, then two creations.
    for steps in 0..5 {
        let (folder, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let inner = SoftwareDeviceKey::in_folder(keys.path());
        drop(with(folder.path(), &[Further::Erase(&erasing())], Arc::new(inner.clone())));
        let key = Failing { inner: inner.clone(), left: AtomicU32::new(steps) };
        let device = Device::open(folder.path(), Arc::new(key)).unwrap();
        let erased = device.unlock(&erasing(), &Still);
        assert_eq!(erased.is_ok(), steps == 4, "{erased:?}");
        drop(device);
        if steps == 4 {
            continue;
        }
        assert_eq!(Device::open(folder.path(), Arc::new(inner.clone())).err(), Some(Error::NotFound));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "as before anything was made");
        drop(with(folder.path(), &[], Arc::new(inner)));
    }
}

#[test]
fn so_many_wrong_passphrases_in_a_row_erase_everything_and_one_fewer_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    draft(&device, "Example");
    assert_eq!(device.erase_after(), Ok(EraseAfter::Never));
    device.set_erase_after(EraseAfter::Five).unwrap();
    let clock = Hands::default();
    let try_wrong = |times: u32| {
        for _ in 0..times {
            clock.pass(7_200);
            assert_eq!(device.unlock(&wrong(), &clock), Err(Error::WrongPassphrase));
        }
        clock.pass(7_200);
    };
    try_wrong(4);
    device.unlock(&passphrase(), &clock).unwrap();
    try_wrong(4);
    // Whatever the hours forgive, these were in a row.
    assert_eq!(device.unlock(&wrong(), &clock), Err(Error::Erased));
    assert_eq!(device.unlock(&passphrase(), &clock), Err(Error::NotFound));
    drop(device);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(Device::open(folder.path(), Arc::new(NoDeviceKey)).err(), Some(Error::NotFound));
}

#[tokio::test]
async fn trouble_with_one_vaults_queue_keeps_no_other_from_sending() {
    let folder = tempfile::tempdir().unwrap();
    let device = two_vaults(folder.path());
    for passphrase in [passphrase(), second()] {
        device.unlock(&passphrase, &Still).unwrap();
        Organisation::make().enrol(&device);
        device.finish(draft(&device, "Sent"), NOW).unwrap();
        let job = device.own().next_batch(true, true, 10).unwrap().remove(0);
        device.own().record(&[(job, Outcome::Refused(Problem::Malformed))]).unwrap();
    }
    device.lock();
    // The organisations of these tests have no usable address: each queue ends in an error, after what was refused waits again.
    let options = SyncOptions { asked: Asked::ByPerson, ..SyncOptions::default() };
    let ended = device.sync(&Facts::unknown(), &options, &SystemClock, &mut |_| ()).await;
    assert!(matches!(ended, Err(Error::Route(_))), "{ended:?}");
    let waiting: Vec<_> = device.outboxes().iter().map(|outbox| outbox.waiting().unwrap()).collect();
    assert_eq!(waiting, [(1, 0), (1, 0)]);
}

/// Flips a bit in both halves of a vault's queue; a second time makes it whole again.
fn flip_queue(folder: &Path, region: u64) {
    let path = folder.join(QUEUE_FILE);
    let mut bytes = fs::read(&path).unwrap();
    let half = (bytes.len() - 8_192) / 10;
    let start = 4_096 + usize::try_from(region).unwrap() * 2 * half;
    bytes[start + 100] ^= 1;
    bytes[start + half + 100] ^= 1;
    fs::write(&path, bytes).unwrap();
}

#[test]
fn an_outbox_that_a_medium_did_not_give_once_is_taken_up_again_and_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    Organisation::make().enrol(&first);
    first.finish(draft(&first, "Sent"), NOW).unwrap();
    let region = u64::from(first.open_region().unwrap());
    drop(first);
    let healed = |heals: bool| {
        flip_queue(folder.path(), region);
        let device = reopened(folder.path());
        device.unlock(&passphrase(), &Still).unwrap();
        assert!(device.is_outbox_damaged().unwrap());
        if heals {
            flip_queue(folder.path(), region);
        }
        device.renew_damaged_outbox().unwrap();
        device.waiting().unwrap()
    };
    assert_eq!(healed(true), Work::Upload { text: 1, media: 0 });
    assert_eq!(healed(false), Work::Upload { text: 0, media: 0 }, "control: one that stays damaged is begun anew");
}

#[test]
fn a_damaged_outbox_keeps_nobody_from_the_drafts_and_can_be_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let first = two_vaults(folder.path());
    Organisation::make().enrol(&first);
    let kept = draft(&first, "Kept");
    attach(&first, kept, 1, false).unwrap();
    first.finish(draft(&first, "Sent"), NOW).unwrap();
    first.unlock(&second(), &Still).unwrap();
    Organisation::make().enrol(&first);
    first.finish(draft(&first, "Other"), NOW).unwrap();
    first.unlock(&passphrase(), &Still).unwrap();
    let region = u64::from(first.open_region().unwrap());
    drop(first);
    flip_queue(folder.path(), region);

    let device = reopened(folder.path());
    assert_eq!(device.waiting(), Ok(Work::Upload { text: 1, media: 0 }), "the other vault's still waits");
    device.unlock(&passphrase(), &Still).unwrap();
    assert!(device.answers(kept).is_ok());
    device.save_answers(kept, &device.answers(kept).unwrap(), NOW).unwrap();
    assert_eq!(device.finish(kept, NOW).err(), Some(Error::OutboxDamaged));
    assert_eq!(attach(&device, kept, 1, false).err(), Some(Error::OutboxDamaged));
    assert_eq!(device.waiting(), Ok(Work::Upload { text: 0, media: 0 }), "not the other vault's");
    let gone = draft(&device, "Gone");
    device.delete_draft(gone).unwrap();
    device.renew_damaged_outbox().unwrap();
    assert_eq!(device.finish(kept, NOW).err(), Some(Error::NotEnrolled));
    Organisation::make().enrol(&device);
    device.finish(kept, NOW).unwrap();
    device.renew_damaged_outbox().unwrap();
    device.lock();
    assert_eq!(device.waiting(), Ok(Work::Upload { text: 2, media: 1 }), "a sound one is not touched");
    drop(device);
    let again = reopened(folder.path());
    again.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(again.waiting(), Ok(Work::Upload { text: 1, media: 1 }));
}
