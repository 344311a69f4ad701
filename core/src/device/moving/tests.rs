//! Two phones in one process: what moves, what is refused, and what a crash leaves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kapok_report::EvidenceOrigin;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::super::testing::*;
use super::super::{DraftId, NewAttachment, ReportState, VAULT_STEPS};
use super::crash::{After, CRASH, Crash};
use super::digits::MoveSecret;
use super::file::{Content, Slots};
use super::*;
use crate::error::Error;
use crate::policy::Work;
use crate::vault::{Image, NoDeviceKey};

/// An enrolled phone with a finished report that waits, its neutral row, and a draft with everything a draft can have.
struct Phones {
    folder: TempDir,
    old: Device,
    new: Device,
    key: MoveKey,
    draft: DraftId,
}

impl Phones {
    fn new() -> Self {
        Self::of(64)
    }

    fn of(slots: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let old = device_of(&folder.path().join("old"), 4, 64);
        Organisation::make().enrol(&old);
        let waits = draft(&old, "Example");
        attach(&old, waits, 200_000);
        old.finish(waits, NOW).unwrap();
        let draft = draft(&old, "Another example");
        attach(&old, draft, 70_000);
        old.set_note(draft, "the market", NOW).unwrap();
        let new = device_of(&folder.path().join("new"), 4, slots);
        let key = new.receive_move().unwrap();
        Self { folder, old, new, key, draft }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("file")
    }

    fn send(&self) -> String {
        self.old.send_move(&self.key.text, &self.key.digits, &self.file()).unwrap()
    }

    fn new_again(self) -> Self {
        let Self { folder, old, new, key, draft } = self;
        drop(new);
        let new = unlocked(&folder.path().join("new"));
        Self { folder, old, new, key, draft }
    }

    fn old_again(self) -> Self {
        let Self { folder, old, new, key, draft } = self;
        drop(old);
        let old = unlocked(&folder.path().join("old"));
        Self { folder, old, new, key, draft }
    }
}

fn unlocked(folder: &Path) -> Device {
    CRASH.set(Crash::Never);
    let device = reopened(folder);
    device.unlock(&passphrase(), &Still).unwrap();
    device
}

fn attach(device: &Device, draft: DraftId, len: usize) {
    let meta = NewAttachment { file_name: "a.bin".to_owned(), kind: None, origin: EvidenceOrigin::ImportedFile };
    let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
    device.attach_stream(draft, &mut bytes.as_slice(), &meta, None, NOW).unwrap();
}

/// What a person and the sender can see of a vault.
fn shown(device: &Device) -> String {
    let drafts = device.drafts().unwrap();
    let each: Vec<_> = drafts
        .iter()
        .map(|draft| {
            let attachments = device.attachments(draft.id).unwrap();
            let attachments: Vec<_> =
                attachments.iter().map(|a| (a.evidence_id, a.mime.clone(), a.size, a.sha256)).collect();
            (
                device.answers(draft.id).unwrap().to_json(),
                device.note(draft.id).unwrap(),
                device.undo_steps(draft.id).unwrap(),
                attachments,
            )
        })
        .collect();
    format!(
        "{drafts:?} {each:?} {:?} {:?} {:?} {:?} {:?}",
        shown_reports(device),
        device.organisation(NOW).unwrap(),
        device.settings().unwrap(),
        device.own().tokens_left().unwrap(),
        device.sends_while_locked().unwrap(),
    )
}

/// The sealed bytes of all that waits, in the order in which they would be sent.
fn waiting_bytes(device: &Device) -> Vec<Vec<u8>> {
    let outbox = device.own();
    let slots = outbox.read_queue(|db| {
        let mut query =
            db.prepare("SELECT lane, slot FROM object WHERE slot IS NOT NULL ORDER BY lane, report, position")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, u32>(1)?)))?;
        Ok(rows.collect::<std::result::Result<Vec<_>, _>>()?)
    });
    let area = |(lane, slot)| outbox.area(kapok_wire::Lane::from_code(lane).unwrap(), crate::vault::SlotNumber(slot));
    slots.unwrap().into_iter().map(|at| area(at).unwrap()).collect()
}

fn is_empty(device: &Device) -> bool {
    let outbox = device.own();
    device.drafts().unwrap().is_empty()
        && device.finished_count().unwrap() == 0
        && device.outbox().unwrap().is_empty()
        && device.organisation(NOW).unwrap().is_none()
        && outbox.tokens_left().unwrap() == 0
        && outbox.used_slots().unwrap().is_empty()
}

#[test]
fn everything_arrives_and_the_old_phone_forgets_it_only_on_the_arrival_code() {
    let phones = Phones::new();
    phones.old.set_sends_while_locked(false).unwrap();
    let (before, bytes) = (shown(&phones.old), waiting_bytes(&phones.old));
    let digits = phones.send();
    assert_eq!(shown(&phones.old), before, "it can still be read");
    let arrival = phones.new.import_move(&phones.file(), &digits).unwrap();
    assert_eq!(shown(&phones.new), before);
    assert!(waiting_bytes(&phones.new) == bytes);
    let phones = phones.new_again();
    assert_eq!(shown(&phones.new), before, "after a restart too");
    assert_eq!(phones.new.move_state().unwrap(), MoveState::Arrived { arrival: arrival.clone() });
    // It works there: the draft's attachment is in a slot of its own, and can be finished.
    assert_eq!(phones.new.undo_steps(phones.draft).unwrap(), 1);
    phones.new.finish(phones.draft, NOW).unwrap();

    phones.old.end_move(&arrival).unwrap();
    assert!(is_empty(&phones.old));
    assert_eq!(phones.old.move_state().unwrap(), MoveState::None);
    let phones = phones.old_again();
    assert!(is_empty(&phones.old), "and can be used again");
    draft(&phones.old, "Example");
}

#[test]
fn a_vault_that_was_sent_changes_and_sends_nothing_also_while_locked_and_after_a_restart() {
    let phones = Phones::new();
    phones.old.save_answers(phones.draft, &phones.old.answers(phones.draft).unwrap(), NOW).unwrap();
    assert_eq!(phones.old.own().refuse_moving(), Ok(()), "control: before it was sent");
    phones.send();
    let refused = Error::Move(MoveError::Moving);
    let all = |old: &Device, draft| {
        let answers = old.answers(draft).unwrap();
        assert_eq!(old.save_answers(draft, &answers, NOW).unwrap_err(), refused);
        assert_eq!(old.new_draft("detention_quick", "km", NOW).unwrap_err(), refused);
        assert_eq!(old.set_note(draft, "x", NOW).unwrap_err(), refused);
        assert_eq!(old.delete_draft(draft).unwrap_err(), refused);
        assert_eq!(old.forget_all_finished().unwrap_err(), refused);
        assert_eq!(old.finish(draft, NOW).err(), Some(refused.clone()));
        assert_eq!(old.own().next_batch(true, true, 9).err(), Some(refused.clone()));
        assert_eq!(old.receive_move().err(), Some(MoveError::NotEmpty.into()));
    };
    all(&phones.old, phones.draft);
    let phones = phones.old_again();
    all(&phones.old, phones.draft);
    phones.old.lock();
    assert_eq!(phones.old.own().next_batch(true, true, 9).err(), Some(refused.clone()), "locked");
    let Phones { folder, old, .. } = phones;
    drop(old);
    let locked = reopened(&folder.path().join("old"));
    assert_eq!(locked.own().next_batch(true, true, 9).err(), Some(refused), "started and never unlocked");
    locked.unlock(&passphrase(), &Still).unwrap();
    locked.cancel_move().unwrap();
    assert!(!locked.own().next_batch(true, true, 9).unwrap().is_empty(), "control: cancelled");
}

#[test]
fn digits_keys_and_codes_that_are_wrong_change_nothing() {
    let phones = Phones::new();
    let stranger = MoveKey::of(&kapok_seal::Identity::make_pq());
    let send = |key: &str, digits: &str| phones.old.send_move(key, digits, &phones.file()).err();
    // Somebody gives the old phone a key of his own: the person reads the new phone's digits.
    assert_eq!(send(&stranger.text, &phones.key.digits), Some(MoveError::WrongKeyDigits.into()));
    assert_eq!(send("age1nothing", &phones.key.digits), Some(MoveError::KeyMalformed.into()));
    assert!(!phones.file().exists() && phones.old.move_state().unwrap() == MoveState::None);
    assert_eq!(
        phones.new.send_move(&stranger.text, &stranger.digits, &phones.file()).err(),
        Some(MoveError::UnderWay.into())
    );

    let upper = phones.key.text.to_uppercase();
    let digits = phones.old.send_move(&upper, &phones.key.digits, &phones.file()).unwrap();
    let wrong = "0000 0000 0000 0000 0000";
    assert_eq!(phones.new.import_move(&phones.file(), wrong).err(), Some(MoveError::WrongFileDigits.into()));
    // Somebody gives the new phone a file of his own, sealed to its key.
    let other = Phones::new();
    other.old.send_move(&phones.key.text, &phones.key.digits, &other.file()).unwrap();
    assert_eq!(phones.new.import_move(&other.file(), &digits).err(), Some(MoveError::WrongFileDigits.into()));
    assert_eq!(other.new.import_move(&phones.file(), &digits).err(), Some(MoveError::OtherKey.into()));
    assert!(is_empty(&phones.new));

    for left in [2, 1, 0] {
        assert_eq!(phones.old.end_move("0000 0000"), Err(MoveError::WrongArrival { left }.into()));
    }
    let arrival = phones.new.import_move(&phones.file(), &digits).unwrap();
    assert_eq!(phones.old.end_move(&arrival), Err(MoveError::NoTriesLeft.into()), "even the right one");
    assert_eq!(phones.old.drafts().unwrap().len(), 1);
    assert_eq!(phones.new.end_move(&arrival), Err(MoveError::NotSent.into()));
    // Replayed: the identity is gone, in a vault that is empty again too.
    assert_eq!(phones.new.import_move(&phones.file(), &digits).err(), Some(MoveError::NotAwaited.into()));
    phones.old.cancel_move().unwrap();
    draft(&phones.old, "Example");
}

#[test]
fn a_move_needs_something_to_move_and_an_empty_place_with_room() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = device_of(&folder.path().join("nothing"), 4, 64);
    let key = MoveKey::of(&kapok_seal::Identity::make_pq());
    let path = folder.path().join("file");
    assert_eq!(nothing.send_move(&key.text, &key.digits, &path).err(), Some(MoveError::NothingToMove.into()));
    assert!(!path.exists());

    let phones = Phones::of(4);
    let digits = phones.send();
    assert!(matches!(phones.new.import_move(&phones.file(), &digits), Err(Error::PoolFull { .. })));
    assert!(is_empty(&phones.new) && phones.new.own().refuse_moving().is_ok());

    let phones = Phones::new();
    let digits = phones.send();
    draft(&phones.new, "Example");
    assert_eq!(phones.new.import_move(&phones.file(), &digits).err(), Some(MoveError::NotEmpty.into()));
    assert_eq!(phones.old.receive_move().err(), Some(MoveError::NotEmpty.into()));
}

#[test]
fn a_file_that_exists_is_not_replaced_and_one_that_cannot_be_written_holds_nothing() {
    let phones = Phones::new();
    std::fs::write(phones.file(), b"mine").unwrap();
    let sent = phones.old.send_move(&phones.key.text, &phones.key.digits, &phones.file());
    assert_eq!(sent.err(), Some(Error::AlreadyExists));
    assert_eq!(std::fs::read(phones.file()).unwrap(), b"mine");
    let nowhere = phones.folder.path().join("none/file");
    let sent = phones.old.send_move(&phones.key.text, &phones.key.digits, &nowhere);
    assert!(matches!(sent, Err(Error::Move(MoveError::WriteFailed(_)))));
    assert_eq!(phones.old.move_state().unwrap(), MoveState::None);
    draft(&phones.old, "Example");
}

#[test]
fn a_cut_an_extension_and_a_flipped_bit_leave_the_new_phone_empty_and_ready() {
    let phones = Phones::new();
    let digits = phones.send();
    let whole = std::fs::read(phones.file()).unwrap();
    let tampered = phones.folder.path().join("tampered");
    let refused = |bytes: &[u8]| {
        std::fs::write(&tampered, bytes).unwrap();
        let error = phones.new.import_move(&tampered, &digits).unwrap_err();
        assert!(matches!(error, Error::Move(MoveError::FileDamaged | MoveError::OtherKey)), "{error:?}");
    };
    // All of the header, and each kilobyte or so of the rest.
    let offsets = (0..2_000).step_by(97).chain((2_000..whole.len()).step_by(15_013)).chain([whole.len() - 1]);
    for at in offsets {
        refused(&whole[..at]);
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        refused(&flipped);
    }
    refused(&[&whole[..], &[0]].concat());
    refused(&[&whole[..], &whole[..]].concat());
    assert!(is_empty(&phones.new));
    phones.new.import_move(&phones.file(), &digits).unwrap();
    assert!(!is_empty(&phones.new), "control: the whole one");
}

#[test]
fn a_crash_while_taking_up_leaves_nothing_or_everything_and_can_be_repeated() {
    let mut found = Vec::new();
    for step in [After::SlotsFilled, After::QueueFilled, After::VaultFilled] {
        let phones = Phones::new();
        let before = shown(&phones.old);
        let digits = phones.send();
        CRASH.set(Crash::At(step));
        assert_eq!(phones.new.import_move(&phones.file(), &digits).err(), Some(Error::Store));
        // What the sender sees before anybody unlocks.
        let Phones { folder, old, new, key, draft } = phones;
        drop(new);
        let locked = reopened(&folder.path().join("new"));
        let held = locked.own().next_batch(true, true, 9).map(|jobs| jobs.len());
        assert!(held.is_err() || held == Ok(0), "nothing is sent before the vault has it");
        drop(locked);
        let new = unlocked(&folder.path().join("new"));
        let phones = Phones { folder, old, new, key, draft };
        let all = !is_empty(&phones.new);
        found.push(all);
        if all {
            assert!(matches!(phones.new.move_state().unwrap(), MoveState::Arrived { .. }));
        } else {
            phones.new.import_move(&phones.file(), &digits).unwrap();
        }
        assert_eq!(shown(&phones.new), before, "{step:?}");
        assert!(phones.new.own().refuse_moving().is_ok());
        let MoveState::Arrived { arrival } = phones.new.move_state().unwrap() else { panic!() };
        phones.old.end_move(&arrival).unwrap();
    }
    assert_eq!(found, [false, false, true], "control: both outcomes were met");
}

#[test]
fn a_crash_while_sending_or_ending_leaves_a_vault_that_is_whole_or_can_be_ended() {
    for step in [After::QueueHeld, After::VaultHeld] {
        let phones = Phones::new();
        let before = shown(&phones.old);
        CRASH.set(Crash::At(step));
        assert!(phones.old.send_move(&phones.key.text, &phones.key.digits, &phones.file()).is_err());
        let phones = phones.old_again();
        assert_eq!(shown(&phones.old), before);
        match phones.old.move_state().unwrap() {
            MoveState::None => assert_eq!(step, After::QueueHeld),
            state => {
                assert_eq!(state, MoveState::Sent { digits: None, left: 3 });
                phones.old.cancel_move().unwrap();
            }
        }
        draft(&phones.old, "Example");
        std::fs::remove_file(phones.file()).unwrap();
        phones.send();
    }
    for step in [After::EndingNoted, After::SlotsOverwritten, After::QueueEmptied, After::VaultEmptied] {
        let phones = Phones::new();
        let digits = phones.send();
        let arrival = phones.new.import_move(&phones.file(), &digits).unwrap();
        CRASH.set(Crash::At(step));
        assert!(phones.old.end_move(&arrival).is_err());
        let phones = phones.old_again();
        if phones.old.move_state().unwrap() != MoveState::None {
            assert_eq!(phones.old.move_state().unwrap(), MoveState::Ending);
            assert_eq!(phones.old.cancel_move(), Err(MoveError::Ending.into()));
            assert_eq!(phones.old.end_move("0000 0000"), Err(MoveError::Ending.into()));
            phones.old.end_move(&arrival).unwrap();
        }
        assert!(is_empty(&phones.old) && phones.old.own().refuse_moving().is_ok(), "{step:?}");
    }
}

#[test]
fn after_the_end_no_slot_of_the_old_phone_holds_what_it_held() {
    let phones = Phones::new();
    let (outbox, pool) = (phones.old.own(), phones.folder.path().join("old/pool.kpk"));
    let mut slots: Vec<_> = outbox.used_slots().unwrap().into_iter().collect();
    slots.extend(phones.old.with_vault(|vault| vault.read(tables::vault_slots)).unwrap().into_iter().map(|(_, s)| s));
    let read = || {
        let bytes = std::fs::read(&pool).unwrap();
        slots.iter().map(|slot| bytes[slot.0 as usize * 65_536..][..65_536].to_vec()).collect::<Vec<_>>()
    };
    let before = read();
    let digits = phones.send();
    let arrival = phones.new.import_move(&phones.file(), &digits).unwrap();
    assert!(read() == before, "control: until the end they do");
    phones.old.end_move(&arrival).unwrap();
    assert!(!slots.is_empty() && read().iter().zip(&before).all(|(now, then)| now != then));
}

#[test]
fn every_table_moves_or_is_named_as_one_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let names = |db: &rusqlite::Connection| {
        let mut query = db.prepare(tables::TABLES)?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<std::result::Result<BTreeSet<String>, _>>()?)
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let vault = device.with_vault(|vault| vault.read(names)).unwrap();
    assert!(vault.is_superset(&set(&tables::VAULT)));
    assert!(vault.is_subset(&set(&[&tables::VAULT[..], &tables::VAULT_STAYS].concat())), "{vault:?}: does it move?");
    assert_eq!(device.own().read_queue(names).unwrap(), set(&tables::QUEUE));
}

#[test]
fn the_file_names_neither_key_of_the_old_phone_and_its_length_is_padded() {
    let phones = Phones::new();
    phones.send();
    let len = std::fs::metadata(phones.file()).unwrap().len();
    // One more draft does not show: Padmé keeps the leading bits of the length only.
    phones.old.cancel_move().unwrap();
    std::fs::remove_file(phones.file()).unwrap();
    draft(&phones.old, "Example");
    phones.send();
    let again = std::fs::metadata(phones.file()).unwrap().len();
    // The age header varies by up to 190 bytes.
    assert!(again.abs_diff(len) <= 190, "{len} {again}");

    let stripped = phones.old.with_vault(|vault| {
        let mut image = vault.image(VAULT_STEPS)?;
        image.write(tables::strip_vault)?;
        image.read(|db| {
            Ok(db.query_row("SELECT (SELECT count(*) FROM queue_key) + (SELECT count(*) FROM moving)", [], |row| {
                row.get::<_, u32>(0)
            })?)
        })
    });
    assert_eq!(stripped, Ok(0));
    assert!(!format!("{:?}", phones.old.move_state().unwrap()).contains(|sign: char| sign.is_ascii_digit()));
}

#[test]
fn a_vault_on_a_phone_without_a_move_is_unlocked_and_used_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::create(folder.path(), &passphrase(), Arc::new(NoDeviceKey), options(4, 64)).unwrap();
    assert_eq!(device.cancel_move(), Err(MoveError::NotSent.into()));
    let first = device.receive_move().unwrap();
    assert_eq!(device.receive_move().unwrap(), first, "the same until it is used");
    drop(device);
    let device = unlocked(folder.path());
    assert_eq!(device.move_state().unwrap(), MoveState::Awaited(first.clone()));
    assert_eq!(device.waiting().unwrap(), Work::Upload { text: 0, media: 0 });
    device.cancel_move().unwrap();
    assert_ne!(device.receive_move().unwrap(), first);
    assert!(device.outbox().unwrap().iter().all(|view| view.state == ReportState::OnThisPhone));
}

/// A file of somebody who follows the format but for one thing, with its digits.
fn forged(phones: &Phones, change: impl FnOnce(&mut Content, &mut Slots)) -> String {
    let to = MoveKey::parse(&phones.key.text).unwrap();
    let (outbox, secret) = (phones.old.own(), MoveSecret::make());
    let digits = phones.old.with_vault(|vault| {
        let (mut content, mut slots) = send::content(vault, &outbox, &secret, true)?;
        change(&mut content, &mut slots);
        let _ = std::fs::remove_file(phones.file());
        let file = std::fs::File::create(phones.file())?;
        let hash = file::write(file, &to, &content, &slots, |lane, slot| outbox.area(lane, slot))?;
        Ok(secret.file_digits(&to, &hash))
    });
    digits.unwrap()
}

/// A database with a step that this release does not know.
fn of_a_newer_release(image: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut image = Image::open(image, 1 << 20, VAULT_STEPS).unwrap();
    image.write(|db| Ok(db.pragma_update(None, "user_version", 99)?)).unwrap();
    image.bytes().unwrap()
}

#[test]
fn a_file_whose_parts_contradict_each_other_or_are_newer_is_refused_as_a_whole() {
    let phones = Phones::new();
    let damaged = Error::Move(MoveError::FileDamaged);
    let imported = |digits: String| phones.new.import_move(&phones.file(), &digits).err();
    let slot = |number| (kapok_wire::Lane::Media, phones.old.own_slot(number));
    assert_eq!(imported(forged(&phones, |_, slots| slots.truncate(1))), Some(damaged.clone()), "a slot is missing");
    assert_eq!(imported(forged(&phones, |_, slots| slots.push(slots[0]))), Some(damaged.clone()), "one came twice");
    let used: Vec<_> = phones.old.own().used_slots().unwrap().into_iter().collect();
    let unnamed = (0..64).map(slot).find(|(_, slot)| !used.contains(slot)).unwrap();
    // May be a slot of the draft, which came already, or one that nobody names.
    assert_eq!(imported(forged(&phones, |_, slots| slots.push(unnamed))), Some(damaged.clone()));
    let garbage = forged(&phones, |content, _| content.vault = Zeroizing::new(vec![7; 8_192]));
    assert_eq!(imported(garbage), Some(damaged));
    let newer = forged(&phones, |content, _| content.vault = of_a_newer_release(&content.vault));
    assert_eq!(imported(newer), Some(Error::NewerVersion));
    let large = forged(&phones, |content, _| content.vault = Zeroizing::new(vec![0; 1 << 20]));
    assert_eq!(imported(large), Some(Error::VaultFull));
    assert!(is_empty(&phones.new));
    assert_eq!(imported(forged(&phones, |_, _| {})), None, "control: nothing changed");
    assert!(!is_empty(&phones.new));
}

#[test]
fn a_format_of_a_later_version_is_refused_as_such() {
    use std::io::Write as _;

    let phones = Phones::new();
    let to = kapok_seal::Recipients::new(vec![MoveKey::parse(&phones.key.text).unwrap()]).unwrap();
    for (start, refused) in
        [(b"kapok-m\x02", Error::NewerVersion), (b"kapok-x\x01", Error::Move(MoveError::FileDamaged))]
    {
        let file = std::fs::File::create(phones.file()).unwrap();
        let mut sealer = kapok_seal::StreamSealer::begin(&to, file).unwrap();
        sealer.write_all(start).and_then(|()| sealer.write_all(&[0; 200])).unwrap();
        sealer.finish().unwrap();
        assert_eq!(phones.new.import_move(&phones.file(), "1").err(), Some(refused));
    }
}

#[test]
fn nothing_is_sent_or_erased_while_something_is_being_sent() {
    let phones = Phones::new();
    let sending = phones.old.sending.try_lock().unwrap();
    let sent = phones.old.send_move(&phones.key.text, &phones.key.digits, &phones.file());
    assert_eq!(sent.err(), Some(MoveError::Sending.into()));
    assert_eq!(phones.old.end_move("1"), Err(MoveError::Sending.into()));
    drop(sending);
    phones.send();
}

#[test]
fn a_step_never_touches_a_vault_that_is_locked_or_another_one() {
    let phones = Phones::new();
    let region = phones.old.with_vault(|vault| Ok(vault.region())).unwrap();
    assert_eq!(phones.old.with_region(region, |_| Ok(())), Ok(()), "control: it is open");
    assert_eq!(phones.old.with_region(region ^ 1, |_| Ok(())), Err(Error::Locked));
    phones.old.lock();
    assert_eq!(phones.old.with_region(region, |_| Ok(())), Err(Error::Locked));
    let sent = phones.old.send_move(&phones.key.text, &phones.key.digits, &phones.file());
    assert_eq!((sent.err(), phones.file().exists()), (Some(Error::Locked), false));
}

#[test]
fn a_lock_while_the_file_is_written_ends_that_and_leaves_no_file() {
    let phones = Phones::new();
    let big = draft(&phones.old, "Example");
    attach(&phones.old, big, 2_000_000);
    let before = shown(&phones.old);
    let mut cut = 0;
    for _ in 0..20 {
        let sent = std::thread::scope(|threads| {
            let sending = threads.spawn(|| phones.old.send_move(&phones.key.text, &phones.key.digits, &phones.file()));
            while !phones.file().exists() && !sending.is_finished() {
                std::thread::yield_now();
            }
            phones.old.lock();
            sending.join().unwrap()
        });
        assert_eq!(phones.file().exists(), sent.is_ok());
        assert!(phones.old.is_locked());
        phones.old.unlock(&passphrase(), &Still).unwrap();
        assert_eq!(shown(&phones.old), before);
        match phones.old.move_state().unwrap() {
            // Locked before it was held.
            MoveState::None => assert!(sent.is_err()),
            state => {
                let digits = sent.clone().ok();
                assert_eq!(state, MoveState::Sent { digits, left: 3 });
                phones.old.cancel_move().unwrap();
            }
        }
        let _ = std::fs::remove_file(phones.file());
        cut += u32::from(sent.is_err());
        if cut == 3 {
            break;
        }
    }
    assert!(cut > 0, "control: at least one was cut");
    phones.send();
}
