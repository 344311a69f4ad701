//! The inbox against repeats, contradictions, damage and swapped files.

use super::*;
use crate::store::record::tests::record;

fn inbox() -> (tempfile::TempDir, Inbox) {
    let dir = tempfile::tempdir().unwrap();
    let inbox = Inbox::at(dir.path());
    inbox.make().unwrap();
    (dir, inbox)
}

fn packets(inbox: &Inbox) -> (Vec<Record>, usize) {
    let mut records = Vec::new();
    let mut keep = |record| {
        records.push(record);
        Ok(())
    };
    let damaged = inbox.packets(&mut keep).unwrap();
    (records, damaged)
}

fn counts(new: usize, known: usize, repaired: usize) -> Stored {
    Stored { new, known, repaired }
}

#[test]
fn a_record_that_was_pulled_before_is_not_written_twice() {
    let (_dir, inbox) = inbox();
    let records = [record(Lane::Text, 1), record(Lane::Media, 2)];
    assert_eq!(inbox.store(&records).unwrap(), counts(2, 0, 0));
    let path = inbox.path(Lane::Text, ObjectId([1; 16]), 1);
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(inbox.store(&records).unwrap(), counts(0, 2, 0));
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    assert_eq!(packets(&inbox), (vec![record(Lane::Text, 1)], 0));
    assert_eq!(inbox.chunk(ObjectId([2; 16])).unwrap(), vec![record(Lane::Media, 2)]);
    assert_eq!(inbox.chunk_ids(), HashSet::from([ObjectId([2; 16])]));
}

#[test]
fn an_unreadable_mark_starts_over_instead_of_skipping() {
    let (dir, inbox) = inbox();
    assert_eq!(inbox.mark(), None);
    let mark = Mark { sequence: 77, object: ObjectId([0xa7; 16]) };
    inbox.set_mark(mark).unwrap();
    assert_eq!(inbox.mark(), Some(mark));
    let id = "a7".repeat(16);
    for bad in ["", "77", &format!("-1 {id}"), &format!("77x {id}"), &format!("77 {id}0"), &"1".repeat(99)] {
        fs::write(dir.path().join("inbox/cursor"), bad).unwrap();
        assert_eq!(inbox.mark(), None, "{bad}");
    }
}

#[test]
fn another_content_under_one_id_is_kept_beside_the_first() {
    let (_dir, inbox) = inbox();
    let first = record(Lane::Media, 5);
    let second = Record { sealed: vec![9; Lane::Media.sealed_len()], sequence: 6, ..first.clone() };
    inbox.store(std::slice::from_ref(&first)).unwrap();
    assert_eq!(inbox.store(std::slice::from_ref(&second)).unwrap(), counts(1, 0, 0));
    assert_eq!(inbox.store(std::slice::from_ref(&second)).unwrap(), counts(0, 1, 0));
    assert_eq!(inbox.chunk(first.object).unwrap(), vec![first, second]);
}

#[test]
fn a_damaged_file_is_kept_aside_and_replaced_by_the_next_pull() {
    let (_dir, inbox) = inbox();
    inbox.store(&[record(Lane::Text, 1)]).unwrap();
    let path = inbox.path(Lane::Text, ObjectId([1; 16]), 1);
    for damage in [vec![], vec![0; 100], vec![0; RECORD_MAX + 1]] {
        fs::write(&path, &damage).unwrap();
        assert_eq!(packets(&inbox), (vec![], 1));
        let before = inbox.set_aside_count();
        assert_eq!(inbox.store(&[record(Lane::Text, 1)]).unwrap(), counts(0, 0, 1));
        assert_eq!(packets(&inbox), (vec![record(Lane::Text, 1)], 0));
        assert_eq!(inbox.set_aside_count(), before + 1);
    }
}

#[test]
fn swapped_files_are_noticed_and_put_right_by_the_next_pull() {
    let (_dir, inbox) = inbox();
    let records = [record(Lane::Media, 1), record(Lane::Media, 2)];
    inbox.store(&records).unwrap();
    let paths = [1, 2].map(|id| inbox.path(Lane::Media, ObjectId([id; 16]), 1));
    fs::rename(&paths[0], paths[0].with_extension("x")).unwrap();
    fs::rename(&paths[1], &paths[0]).unwrap();
    fs::rename(paths[0].with_extension("x"), &paths[1]).unwrap();
    assert_eq!(inbox.chunk(ObjectId([1; 16])).unwrap(), vec![]);
    assert_eq!(inbox.store(&records).unwrap(), counts(0, 0, 2));
    assert_eq!(inbox.chunk(ObjectId([1; 16])).unwrap(), vec![record(Lane::Media, 1)]);
    assert_eq!(inbox.set_aside_count(), 2);
}

#[test]
fn strange_files_in_the_folders_do_no_harm() {
    let (_dir, inbox) = inbox();
    inbox.store(&[record(Lane::Text, 1)]).unwrap();
    for lane in [Lane::Text, Lane::Media] {
        for name in ["x", ".sealed", "ក.sealed", "zz.sealed", &format!("{}.sealed", "é".repeat(16))] {
            fs::write(inbox.dir(lane).join(name), b"strange").unwrap();
        }
        fs::write(inbox.dir(lane).join(".partial-1"), b"half").unwrap();
    }
    assert_eq!(packets(&inbox), (vec![record(Lane::Text, 1)], 5));
    assert_eq!(inbox.chunk_ids(), HashSet::new());
    inbox.sweep();
    assert!(!inbox.dir(Lane::Text).join(".partial-1").exists());
    assert!(inbox.dir(Lane::Text).join("x").exists(), "control: only half-written files go");
}

#[test]
fn a_folder_in_the_place_of_an_object_is_set_aside_and_the_object_stored() {
    let (_dir, inbox) = inbox();
    let records = [record(Lane::Text, 1), record(Lane::Media, 2)];
    for record in &records {
        fs::create_dir(inbox.path(record.lane, record.object, 1)).unwrap();
    }
    assert_eq!((packets(&inbox), inbox.chunk(records[1].object).unwrap()), ((vec![], 1), vec![]));
    assert_eq!(inbox.store(&records).unwrap(), counts(0, 0, 2));
    assert_eq!(packets(&inbox), (vec![records[0].clone()], 0));
    assert_eq!(inbox.set_aside_count(), 2);
}
