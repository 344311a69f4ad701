//! Undo: what comes back, how far, and what gives way first when the vault is full.

use std::io::Cursor;

use kapok_report::{Answers, EvidenceOrigin, Moment};
use serde_json::{Value as Json, json};

use super::testing::*;
use super::*;

/// Answers one question and saves, as a screen does.
fn answer(device: &Device, draft: DraftId, key: &str, value: Json) {
    try_answer(device, draft, key, value).unwrap();
}

fn try_answer(device: &Device, draft: DraftId, key: &str, value: Json) -> Result<()> {
    let mut answers = device.answers(draft).unwrap();
    let form = device.pack().form("detention_quick").unwrap();
    answers.set(device.pack(), form, key, value, &Moment::parse("2026-11-24").unwrap());
    device.save_answers(draft, &answers, NOW)
}

fn narrative(device: &Device, draft: DraftId) -> Option<String> {
    device.answers(draft).unwrap().get("narrative").get().and_then(Json::as_str).map(str::to_owned)
}

fn begun(device: &Device) -> DraftId {
    device.new_draft("detention_quick", "km", NOW).unwrap()
}

fn pages(device: &Device) -> u32 {
    device
        .with_vault(|vault| vault.read(|db| Ok(db.pragma_query_value(None, "page_count", |row| row.get(0))?)))
        .unwrap()
}

#[test]
fn undo_brings_back_the_answers_before_each_save_over_locks_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    let id = begun(&first);
    let mut states = vec![first.answers(id).unwrap()];
    // A changed answer, a new one, one taken back, a choice that is stored under another question, an unknown key.
    for (key, value) in [
        ("narrative", json!("first")),
        ("narrative", json!("second")),
        ("person.is_minor", json!("unk")),
        ("narrative", json!("")),
        ("unknown.key", Json::Null),
        ("unknown.key", json!({"a": [1]})),
    ] {
        answer(&first, id, key, value);
        states.push(first.answers(id).unwrap());
    }
    let last = states.pop().unwrap();
    assert!(
        states.windows(2).all(|two| two[0] != two[1]) && states.last() != Some(&last),
        "control: each save changed"
    );
    drop(first);

    let device = reopened(folder.path());
    device.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(device.answers(id).unwrap(), last);
    assert_eq!(device.undo_steps(id), Ok(6));
    for (left, before) in states.iter().enumerate().rev() {
        let expected = device.undoable(id).unwrap();
        let undone = device.undo(id, NOW).unwrap().unwrap();
        assert_eq!(Some(&undone), expected.as_ref());
        assert_eq!((undone.left as usize, undone.questions.len()), (left, 1));
        assert_eq!(device.answers(id).unwrap(), *before);
        assert_eq!(device.drafts().unwrap()[0].answers as usize, before.iter().count());
        device.lock();
        device.unlock(&passphrase(), &Still).unwrap();
    }
    assert_eq!((device.undo(id, NOW), device.undoable(id)), (Ok(None), Ok(None)));
    assert_eq!(device.undoable(DraftId(99)), Err(Error::NoSuchDraft));
    assert_eq!(device.undo(DraftId(99), NOW), Err(Error::NoSuchDraft));
    device.lock();
    assert_eq!(device.undo(id, NOW), Err(Error::Locked));
}

#[test]
fn a_save_that_changes_nothing_is_no_step_and_a_file_of_answers_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let id = begun(&device);
    let file = json!({"person.names": "Example Rabbit", "narrative": "text", "person.sex": "male"}).to_string();
    let moment = Moment::parse("2026-11-24").unwrap();
    let (answers, _) = Answers::parse(device.pack(), "detention_quick", file.as_bytes(), &moment).unwrap();
    for _ in 0..3 {
        device.save_answers(id, &answers, NOW).unwrap();
    }
    assert_eq!(device.undo_steps(id), Ok(1));
    let undone = device.undo(id, NOW).unwrap().unwrap();
    assert_eq!(undone.questions, ["narrative", "person.names", "person.sex"]);
    assert_eq!(format!("{undone:?}"), "Undone(3 questions, 0 left, [redacted])");
    assert!(device.answers(id).unwrap().is_empty());
}

#[test]
fn what_was_undone_is_in_neither_copy_of_the_vault_and_attachments_and_note_stay() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let id = begun(&device);
    answer(&device, id, "narrative", json!("kept"));
    device.set_note(id, "near the market", NOW).unwrap();
    let meta = NewAttachment { file_name: "a.jpg".into(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    let view = device.attach_stream(id, &mut Cursor::new([1; 100]), &meta, None, NOW).unwrap();
    answer(&device, id, "narrative", json!("kept, and marker-tamarind"));
    let holds = |word: &str| {
        let bytes = device.with_vault(|vault| Ok(vault.bytes())).unwrap();
        bytes.windows(word.len()).any(|window| window == word.as_bytes())
    };
    assert!(holds("marker-tamarind"), "control: the search finds what is there");
    let commits = || device.with_vault(|vault| Ok(vault.commits())).unwrap();
    let before = commits();
    device.undo(id, NOW).unwrap().unwrap();
    assert_eq!(commits() - before, 2, "a forgetting writes both halves");
    assert!(!holds("marker-tamarind") && holds("kept"));
    assert_eq!(device.attachments(id).unwrap(), [view]);
    assert_eq!(device.note(id).unwrap(), "near the market");
}

#[test]
fn history_is_bounded_and_goes_with_the_draft() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 16, 64);
    Organisation::make().enrol(&device);
    let all = |device: &Device| -> u32 {
        let all = "SELECT count(*) FROM undo";
        device.with_vault(|vault| vault.read(|db| Ok(db.query_row(all, [], |row| row.get(0))?))).unwrap()
    };
    let ids = [begun(&device), begun(&device)];
    for round in 0..25 {
        ids.iter().for_each(|id| answer(&device, *id, "narrative", json!(format!("round {round}"))));
    }
    assert_eq!((device.undo_steps(ids[0]), all(&device)), (Ok(20), 40));
    device.delete_draft(ids[0]).unwrap();
    assert_eq!(all(&device), 20);
    // Long texts: by bytes, and the last step is kept however long it is.
    let khmer = "ក".repeat(19_000);
    for round in 0..4 {
        answer(&device, ids[1], "narrative", json!(format!("{round}{khmer}")));
    }
    assert_eq!(device.undo_steps(ids[1]), Ok(1), "57,000 bytes each");
    device.undo(ids[1], NOW).unwrap().unwrap();
    assert!(narrative(&device, ids[1]).unwrap().starts_with('2'));
    answer(&device, ids[1], "narrative", json!("short"));
    device.finish(ids[1], NOW).unwrap();
    assert_eq!(all(&device), 0);
}

#[test]
fn a_full_vault_gives_up_steps_back_oldest_first_before_it_refuses_a_save() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let (old, new) = (begun(&device), begun(&device));
    let text = |round: usize, len: usize| json!(format!("{round} {}", "x".repeat(len)));
    for round in 0..8 {
        answer(&device, old, "narrative", text(round, 7_000));
        let mut answers = device.answers(new).unwrap();
        let form = device.pack().form("detention_quick").unwrap();
        answers.set(device.pack(), form, "narrative", text(round, 7_000), &Moment::parse("2026-11-24").unwrap());
        // Saved later, so its steps are the younger ones.
        device.save_answers(new, &answers, Time(NOW.0 + 60)).unwrap();
    }
    let before = (device.undo_steps(old).unwrap(), device.undo_steps(new).unwrap());
    assert_eq!(before, (8, 8));
    // More than what is free, less than what the history holds.
    let third = begun(&device);
    for round in 0..12 {
        answer(&device, third, "narrative", text(round, 18_000));
    }
    assert!(narrative(&device, third).unwrap().starts_with("11"));
    let after = (device.undo_steps(old).unwrap(), device.undo_steps(new).unwrap());
    assert!(after.0 < before.0, "control: room was short: {after:?}");
    assert!(after.0 == 0 || after.1 == before.1, "the older steps went first: {after:?}");
    // Drafts, answers and all, fill it to the last page: then the history is gone, and what is refused changes nothing.
    let mut drafts = 0;
    let refused = loop {
        let id = match device.new_draft("detention_quick", "km", NOW) {
            Ok(id) => id,
            Err(error) => break error,
        };
        match try_answer(&device, id, "narrative", text(drafts, 18_000)) {
            Ok(()) => drafts += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, Error::VaultFull);
    assert!(drafts >= 2, "{drafts}");
    assert_eq!(device.undo_steps(third), Ok(0));
    assert!(narrative(&device, old).unwrap().starts_with('7'), "no answer was given up");
    assert!(pages(&device) <= 4 * 65_480 / 4_096);
}

#[test]
fn undo_after_an_answer_nobody_can_read_is_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let id = begun(&device);
    answer(&device, id, "narrative", json!("first"));
    let answers = device.answers(id).unwrap();
    damage(&device, id);
    assert_eq!(device.answers(id).err(), Some(Error::Store));
    assert_eq!(device.undo(id, NOW), Err(Error::Store));
    device.save_answers(id, &answers, NOW).unwrap();
    assert_eq!(narrative(&device, id).as_deref(), Some("first"));
}

fn damage(device: &Device, draft: DraftId) {
    let damage = "UPDATE draft SET answers = '{' WHERE id = ?1";
    device.with_vault(|vault| vault.write(|db| Ok(db.execute(damage, [draft.0])?))).unwrap();
}

#[test]
fn a_damaged_draft_keeps_nobody_out_and_can_be_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let ids = [draft(&device, "Example Rabbit"), draft(&device, "Example Otter")];
    damage(&device, ids[0]);
    device.lock();
    device.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(device.finish(ids[0], NOW).err(), Some(Error::Store), "control: the body is damaged");
    assert_eq!(device.attachments(ids[0]), Ok(vec![]));
    assert_eq!(device.draft_form(ids[0]).unwrap().0, "detention_quick");
    device.finish(ids[1], NOW).unwrap();
    device.delete_draft(ids[0]).unwrap();
    assert_eq!(device.drafts(), Ok(vec![]));
}

#[test]
fn a_list_of_drafts_reads_no_body() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let ids = [draft(&device, "Example Rabbit"), draft(&device, "Example Otter")];
    let listed = device.drafts().unwrap();
    damage(&device, ids[0]);
    assert_eq!(device.answers(ids[0]).err(), Some(Error::Store), "control: the body is damaged");
    assert_eq!(device.drafts().unwrap(), listed);
    assert!(device.answers(ids[1]).is_ok());
}
