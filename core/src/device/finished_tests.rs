//! What stays after finish, by setting, and how it is forgotten.

use super::testing::*;
use super::*;
use crate::policy::Profile;

fn enrolled(folder: &Path) -> Device {
    let device = device_of(folder, 4, 128);
    Organisation::make().enrol(&device);
    device
}

fn finish(device: &Device, note: &str) -> String {
    let id = draft(device, "Example Rabbit");
    device.set_note(id, note, NOW).unwrap();
    device.finish(id, NOW).unwrap().code
}

fn keep(device: &Device, kept: Profile) {
    let mut settings = device.settings().unwrap();
    settings.kept_after_finish = kept;
    device.set_settings(&settings).unwrap();
}

fn holds(device: &Device, word: &str) -> bool {
    let bytes = device.with_vault(|vault| Ok(vault.bytes())).unwrap();
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn each_profile_keeps_what_the_table_says_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let device = enrolled(folder.path());
    assert_eq!(device.settings().unwrap().kept_after_finish, Profile::Low);
    let low = finish(&device, "  note-lemon  ");
    keep(&device, Profile::Elevated);
    keep(&device, Profile::Low);
    let row = &device.finished().unwrap()[0];
    assert_eq!((&row.code, row.form_id.as_deref(), row.note.as_deref()), (&low, None, None), "nothing comes back");
    assert!(!holds(&device, "note-lemon"));

    let low = finish(&device, "note-mango");
    let row = &device.finished().unwrap()[1];
    assert_eq!((&row.code, row.day), (&low, NOW.0 / 86_400));
    assert_eq!((row.form_id.as_deref(), row.note.as_deref()), (Some("detention_quick"), Some("note-mango")));
    assert!(holds(&device, "note-mango"), "control: the search finds what is there");
    assert_eq!(format!("{row:?}"), "FinishedView([redacted])");

    keep(&device, Profile::Elevated);
    let elevated = finish(&device, "note-papaya");
    let row = &device.finished().unwrap()[2];
    assert_eq!((&row.code, row.form_id.as_deref(), row.note.as_deref()), (&elevated, None, None));
    assert!(!holds(&device, "note-mango") && !holds(&device, "note-papaya") && holds(&device, &elevated));

    keep(&device, Profile::Severe);
    let severe = finish(&device, "note-durian");
    assert_eq!(device.finished().unwrap(), []);
    assert_eq!(device.finished_count(), Ok(4));
    for gone in [low, elevated, severe, "note-durian".to_owned()] {
        assert!(!holds(&device, &gone), "{gone}");
    }
    device.lock();
    device.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(device.settings().unwrap().kept_after_finish, Profile::Severe);
    assert_eq!(device.finished_count(), Ok(4));
}

#[test]
fn a_stricter_setting_is_a_forgetting_commit_and_a_laxer_one_an_ordinary_one() {
    let folder = tempfile::tempdir().unwrap();
    let device = enrolled(folder.path());
    let commits = |kept| {
        let before = device.with_vault(|vault| Ok(vault.commits())).unwrap();
        keep(&device, kept);
        device.with_vault(|vault| Ok(vault.commits())).unwrap() - before
    };
    assert_eq!([Profile::Severe, Profile::Severe, Profile::Low].map(commits), [2, 2, 1]);
}

#[test]
fn rows_are_forgotten_one_by_one_or_all_and_what_waits_is_still_sent() {
    let folder = tempfile::tempdir().unwrap();
    let device = enrolled(folder.path());
    let codes = ["one", "two", "three"].map(|note| finish(&device, note));
    let rows = device.finished().unwrap();
    assert_eq!(rows.iter().map(|row| &row.code).collect::<Vec<_>>(), codes.each_ref());
    assert_eq!(device.forget_finished(&[rows[0].id, FinishedId(99)]), Err(Error::NoSuchRow));
    assert_eq!(device.finished().unwrap(), rows, "nothing is forgotten by halves");
    device.forget_finished(&[rows[1].id]).unwrap();
    assert_eq!(device.finished().unwrap(), [rows[0].clone(), rows[2].clone()]);
    assert!(!holds(&device, &codes[1]) && holds(&device, &codes[2]));
    assert_eq!(device.finished_count(), Ok(2));
    device.forget_all_finished().unwrap();
    assert_eq!((device.finished().unwrap(), device.finished_count()), (vec![], Ok(0)));
    assert_eq!(device.outbox().unwrap().len(), 3);
}

#[test]
fn rows_come_in_parts_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let device = enrolled(folder.path());
    for note in ["one", "two", "three"] {
        finish(&device, note);
    }
    let notes = |rows: &[FinishedView]| rows.iter().filter_map(|row| row.note.clone()).collect::<Vec<_>>();
    let first = device.finished_before(None, 2).unwrap();
    assert_eq!(notes(&first), ["three", "two"]);
    let rest = device.finished_before(Some(first[1].id), 2).unwrap();
    assert_eq!(notes(&rest), ["one"]);
    assert_eq!(device.finished_before(Some(rest[0].id), 2).unwrap(), []);
}

#[test]
fn a_note_has_200_characters_and_belongs_to_a_draft() {
    let folder = tempfile::tempdir().unwrap();
    let device = enrolled(folder.path());
    let id = draft(&device, "Example Rabbit");
    assert_eq!(device.note(id).as_deref(), Ok(""));
    let longest = "ក".repeat(200);
    device.set_note(id, &longest, NOW).unwrap();
    assert_eq!(device.set_note(id, &format!("{longest}ក"), NOW), Err(Error::TextTooLong { limit: 200 }));
    assert_eq!(device.note(id), Ok(longest.clone()));
    device.set_note(id, " ", NOW).unwrap();
    assert_eq!(device.note(id).as_deref(), Ok(""));
    assert!(!holds(&device, &longest));
    assert_eq!(device.set_note(DraftId(99), "x", NOW), Err(Error::NoSuchDraft));
    device.lock();
    assert_eq!(device.set_note(id, "x", NOW), Err(Error::Locked));
    assert_eq!(device.settings().err(), Some(Error::Locked));
}
