//! The store: transactions, fullness, failed commits, settings, migrations.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::block_file::{BlockFile, ReadAt};
use super::fault_file::FaultFile;
use super::frame::{DATA, FRAME};
use super::migrate::Migrations;
use super::region_tests::{frame_at, fresh, load, load_from};
use super::store::Store;
use crate::error::{Error, Result};

const NOTE: &str = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;";
const ONE: Migrations = Migrations(&[("001_start", NOTE)]);
const TWO: Migrations =
    Migrations(&[("001_start", NOTE), ("002_day", "ALTER TABLE note ADD COLUMN day INTEGER NOT NULL DEFAULT 0;")]);

fn open(disk: &FaultFile, migrations: Migrations) -> Result<Store> {
    Store::open(load(disk)?, migrations)
}

fn store() -> (FaultFile, Store) {
    let disk = fresh().0;
    let store = open(&disk, ONE).unwrap();
    (disk, store)
}

fn add(db: &Connection, text: &str) -> Result<()> {
    db.execute("INSERT INTO note (text) VALUES (?1)", [text])?;
    Ok(())
}

fn notes(store: &mut Store) -> Vec<String> {
    store
        .read(|db| {
            let mut query = db.prepare("SELECT text FROM note ORDER BY id")?;
            let rows = query.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .unwrap()
}

fn used_bytes(store: &mut Store) -> usize {
    let pages: u32 = store.read(|db| Ok(db.pragma_query_value(None, "page_count", |row| row.get(0))?)).unwrap();
    pages as usize * 4_096
}

#[test]
fn a_write_is_found_again_after_reopening_and_costs_one_flush() {
    let (disk, mut store) = store();
    for text in ["\u{1798}\u{17b7}\u{1793}\u{178a}\u{17b9}\u{1784}", "two", ""] {
        let before = disk.syncs();
        store.write(|db| add(db, text)).unwrap();
        assert_eq!(disk.syncs() - before, 1);
    }
    let expected = notes(&mut store);
    drop(store);
    let mut again = open(&disk, ONE).unwrap();
    assert_eq!(notes(&mut again), expected);
    assert!(!again.one_copy_was_bad());
    // And a database that came out of a region commits just as well as a fresh one.
    again.write(|db| add(db, "after")).unwrap();
    assert_eq!(notes(&mut open(&disk, ONE).unwrap()).len(), 4);
}

#[test]
fn an_error_in_the_closure_changes_neither_memory_nor_disk() {
    let (disk, mut store) = store();
    store.write(|db| add(db, "kept")).unwrap();
    let before = disk.bytes();
    let refused: Result<()> = store.write(|db| {
        add(db, "gone")?;
        Err(Error::NoSuchRow)
    });
    assert_eq!(refused, Err(Error::NoSuchRow));
    assert_eq!(notes(&mut store), ["kept"]);
    assert!(disk.bytes() == before);
}

#[test]
fn a_closure_that_ends_its_transaction_changes_nothing() {
    let (disk, mut store) = store();
    store.write(|db| add(db, "kept")).unwrap();
    for sql in ["COMMIT", "ROLLBACK", "ROLLBACK; INSERT INTO note (text) VALUES ('outside')"] {
        assert_eq!(store.write(|db| Ok(db.execute_batch(sql)?)), Err(Error::Store));
        assert_eq!(notes(&mut store), ["kept"]);
        assert_eq!(notes(&mut open(&disk, ONE).unwrap()), ["kept"]);
    }
}

#[test]
fn reading_cannot_write() {
    let (_, mut store) = store();
    assert_eq!(store.read(|db| add(db, "sneaked in")), Err(Error::Store));
    // Control: the same statement in a write.
    store.write(|db| add(db, "allowed")).unwrap();
    assert_eq!(store.read(|db| add(db, "sneaked in")), Err(Error::Store));
    assert_eq!(notes(&mut store), ["allowed"]);
}

#[test]
fn a_full_vault_keeps_everything_and_takes_smaller_things_again() {
    let (disk, mut store) = store();
    let big = "x".repeat(20_000);
    let mut kept = 0;
    loop {
        match store.write(|db| add(db, &big)) {
            Ok(()) => kept += 1,
            Err(error) => {
                assert_eq!(error, Error::VaultFull);
                break;
            }
        }
    }
    assert!(kept >= 6, "three frames of 65,480 bytes hold at least six times 20,000: {kept}");
    assert_eq!(notes(&mut store).len(), kept);
    assert_eq!(notes(&mut open(&disk, ONE).unwrap()).len(), kept);
    assert!((3 * DATA - 30_000..=3 * DATA).contains(&used_bytes(&mut store)));
    // Many small writes in one transaction run full too, and all of them are undone.
    let many = store.write(|db| (0..10_000).try_for_each(|_| add(db, "a small note of some forty letters, twice")));
    assert_eq!(many, Err(Error::VaultFull));
    assert_eq!(notes(&mut store).len(), kept);
    store.write(|db| Ok(db.execute("DELETE FROM note WHERE id > 1", [])?)).unwrap();
    assert!(used_bytes(&mut store) < 40_000, "freed pages are given back");
    store.write(|db| add(db, &big)).unwrap();
    // A single value larger than the whole region.
    assert_eq!(store.write(|db| add(db, &"y".repeat(300_000))), Err(Error::VaultFull));
    assert_eq!(notes(&mut open(&disk, ONE).unwrap()), [big.as_str(), big.as_str()]);
}

#[test]
fn a_failed_commit_returns_memory_to_the_last_good_half() {
    let (disk, mut store) = store();
    store.write(|db| add(db, "kept")).unwrap();
    let faults: [(&dyn Fn(), Error); 3] = [
        (&|| disk.fail_sync(Some(ErrorKind::Other)), Error::Io(ErrorKind::Other)),
        (&|| disk.fail_write_after(9_000, ErrorKind::Other), Error::Io(ErrorKind::Other)),
        (&|| disk.fail_write_after(0, ErrorKind::StorageFull), Error::DiskFull { missing_bytes: FRAME as u64 }),
    ];
    for (fault, expected) in faults {
        fault();
        assert_eq!(store.write(|db| add(db, "not acknowledged")), Err(expected));
        // While the disk cannot be read either, nothing is made up.
        disk.fail_read(Some(ErrorKind::Other));
        assert_eq!(store.read(|_| Ok(())), Err(Error::Io(ErrorKind::Other)));
        disk.heal();
        assert_eq!(notes(&mut store), ["kept"]);
    }
    store.write(|db| add(db, "next")).unwrap();
    assert_eq!(notes(&mut open(&disk, ONE).unwrap()), ["kept", "next"]);
}

#[test]
fn forgetting_survives_in_content_and_half_done_forgetting_is_finished_at_opening() {
    let (disk, mut store) = store();
    store.write(|db| add(db, &"draft ".repeat(20_000))).unwrap();
    store.write(|db| add(db, "kept")).unwrap();
    let everything = (0..2).flat_map(|half| (0..3).map(move |index| frame_at(half, index)));
    let old: Vec<_> = everything.map(|at| disk.bytes()[at].to_vec()).collect();
    let forget = |db: &Connection| Ok(db.execute("DELETE FROM note WHERE id = 1", [])?);
    disk.fail_write_after(3 * FRAME + 100, ErrorKind::Other);
    assert_eq!(store.write_forgetting(forget), Err(Error::NotForgotten));
    disk.heal();
    assert_eq!(notes(&mut store), ["kept"]);
    let survivors = |disk: &FaultFile| {
        let bytes = disk.bytes();
        let mut frames = (0..2).flat_map(|half| (0..3).map(move |index| frame_at(half, index)));
        frames.any(|at| old.iter().any(|frame| *frame == bytes[at.clone()]))
    };
    // Control: the second half still holds the draft.
    assert!(survivors(&disk));
    drop(store);
    let mut store = open(&disk, ONE).unwrap();
    assert_eq!(notes(&mut store), ["kept"]);
    assert!(!survivors(&disk));
}

#[test]
fn damage_to_the_newest_half_gives_the_one_before_and_says_so() {
    let (disk, mut store) = store(); // the schema went to half 0
    store.write(|db| add(db, "first")).unwrap(); // half 1
    store.write(|db| add(db, "second")).unwrap(); // half 0
    drop(store);
    disk.flip(frame_at(0, 0).start + 70, 4);
    let mut store = open(&disk, ONE).unwrap();
    assert!(store.one_copy_was_bad());
    assert_eq!(notes(&mut store), ["first"]);
    store.write(|db| add(db, "third")).unwrap();
    let mut store = open(&disk, ONE).unwrap();
    assert!(!store.one_copy_was_bad(), "the next commit repairs");
    assert_eq!(notes(&mut store), ["first", "third"]);
}

/// A disk on which one flush fails that wrote everything all the same.
struct FlushFailsOnce(FaultFile, AtomicBool);

impl ReadAt for FlushFailsOnce {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_at(offset, buffer)
    }
}

impl BlockFile for FlushFailsOnce {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_at(offset, bytes)
    }
    fn sync(&self) -> std::io::Result<()> {
        self.0.sync()?;
        if self.1.swap(false, Ordering::Relaxed) { Err(ErrorKind::Other.into()) } else { Ok(()) }
    }
}

#[test]
fn what_was_refused_by_a_flush_that_failed_does_not_come_back_after_a_restart() {
    let disk = fresh().0;
    let picky = Arc::new(FlushFailsOnce(disk.clone(), false.into()));
    let mut store = Store::open(load_from(picky.clone()).unwrap(), ONE).unwrap();
    store.write(|db| add(db, "kept")).unwrap();
    picky.1.store(true, Ordering::Relaxed);
    assert_eq!(store.write(|db| add(db, "refused")), Err(Error::Io(ErrorKind::Other)));
    assert_eq!(notes(&mut open(&disk, ONE).unwrap()), ["kept"]);
    store.write(|db| add(db, "next")).unwrap();
    assert_eq!(notes(&mut open(&disk, ONE).unwrap()), ["kept", "next"]);
}

#[test]
fn settings_hold_for_fresh_loaded_and_reloaded_databases() {
    let (disk, mut fresh) = store();
    check_settings(&mut fresh);
    disk.fail_sync(Some(ErrorKind::Other));
    fresh.write(|db| add(db, "x")).unwrap_err();
    disk.heal();
    check_settings(&mut fresh);
    check_settings(&mut open(&disk, ONE).unwrap());
}

fn check_settings(store: &mut Store) {
    let expected = [
        ("page_size", 4_096),
        ("auto_vacuum", 1),
        ("temp_store", 2),
        ("secure_delete", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
        ("foreign_keys", 1),
        ("query_only", 1),
        // Two pages are kept for migrations.
        ("max_page_count", 3 * 65_480 / 4_096 - 2),
    ];
    store
        .read(|db| {
            for (name, value) in expected {
                assert_eq!(db.pragma_query_value(None, name, |row| row.get::<_, i64>(0))?, value, "{name}");
            }
            let journal: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            assert_eq!(journal, "memory");
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_lies_beside_is_never_sealed_and_goes_with_the_memory_it_was_derived_from() {
    let (disk, mut store) = store();
    store.write(|db| add(db, "kept")).unwrap();
    let (before, content) = (disk.bytes(), store.bytes());
    let make = |beside: &Connection| Ok(beside.execute_batch("CREATE TABLE derived (id INTEGER PRIMARY KEY) STRICT")?);
    let is_there = |store: &mut Store| -> bool {
        let count = "SELECT count(*) FROM sqlite_schema";
        store.read_beside(|_, beside| Ok(beside.query_row(count, [], |row| row.get(0))?)).unwrap()
    };
    store.read_beside(|_, beside| make(beside)).unwrap();
    assert!(is_there(&mut store), "control: it is kept between two reads");
    assert!(store.bytes() == content && disk.bytes() == before);
    store.write(|db| add(db, "next")).unwrap();
    assert!(is_there(&mut store) && !store.bytes().windows(7).any(|part| part == b"derived"));
    // A commit that failed: memory is that of the last good half again.
    disk.fail_sync(Some(ErrorKind::Other));
    store.write(|db| add(db, "lost")).unwrap_err();
    disk.heal();
    assert!(!is_there(&mut store));
    // An error: nobody knows how far it came.
    store.read_beside(|_, beside| make(beside)).unwrap();
    let failed: Result<()> = store.read_beside(|_, _| Err(Error::Store));
    assert_eq!((failed, is_there(&mut store)), (Err(Error::Store), false));
    // It cannot write a file either, nor can the content be written while it is read.
    for sql in
        ["ATTACH DATABASE '/nowhere/leak' AS leak", "VACUUM INTO '/nowhere/leak'", "SELECT load_extension('leak')"]
    {
        assert!(store.read_beside(|_, beside| Ok(beside.execute_batch(sql)?)).is_err(), "{sql}");
    }
    assert_eq!(store.read_beside(|db, _| add(db, "sneaked in")), Err(Error::Store));
}

#[test]
fn no_statement_can_write_a_file_or_load_code() {
    let (_, mut store) = store();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("leak").display().to_string();
    for sql in [
        format!("ATTACH DATABASE '{target}' AS leak"),
        format!("VACUUM INTO '{target}'"),
        format!("SELECT load_extension('{target}')"),
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_master".into(),
    ] {
        assert!(store.read(|db| Ok(db.execute_batch(&sql)?)).is_err(), "{sql}");
        assert!(store.write(|db| Ok(db.execute_batch(&sql)?)).is_err(), "{sql}");
        assert!(notes(&mut store).is_empty());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // Control: an ordinary connection does write the file.
    Connection::open_in_memory().unwrap().execute_batch(&format!("VACUUM INTO '{target}'")).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn errors_say_nothing_of_the_content() {
    let (_, mut store) = store();
    let error =
        store.write(|db| Ok(db.execute("INSERT INTO note (nope) VALUES ('marker-tamarind')", [])?)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("tamarind"));
    // Control: the library's own error does.
    let raw = store.read(|db| Ok(db.prepare("SELECT tamarind FROM note").unwrap_err().to_string())).unwrap();
    assert!(raw.contains("tamarind"));
}

#[test]
fn migrations_run_once_forward_and_all_or_nothing() {
    let (disk, mut store) = store();
    store.write(|db| add(db, "old row")).unwrap();
    drop(store);
    let syncs = disk.syncs();
    let mut store = open(&disk, TWO).unwrap();
    assert_eq!(disk.syncs() - syncs, 1);
    let day: i64 = store.read(|db| Ok(db.query_row("SELECT day FROM note", [], |row| row.get(0))?)).unwrap();
    assert_eq!(day, 0);
    drop(store);
    // Up to date: nothing is written.
    let before = disk.bytes();
    open(&disk, TWO).unwrap();
    // Newer: refused untouched.
    assert_eq!(open(&disk, ONE).err(), Some(Error::NewerVersion));
    // A step that fails, and one that makes a lax table: the old content stays.
    for bad in ["CREATE TABLE extra (id INTEGER) STRICT; SELECT nonsense;", "CREATE TABLE lax (id INTEGER);"] {
        let steps = Box::leak(Box::new([TWO.0[0], TWO.0[1], ("003_bad", bad)]));
        assert_eq!(open(&disk, Migrations(steps)).err(), Some(Error::Store));
    }
    assert!(disk.bytes() == before);
    assert_eq!(notes(&mut open(&disk, TWO).unwrap()), ["old row"]);
}

#[test]
fn full_text_search_works_under_these_settings_in_khmer_too() {
    const STEPS: Migrations = Migrations(&[(
        "001_search",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
         CREATE VIRTUAL TABLE found USING fts5(text, content='note', content_rowid='id', tokenize='trigram');
         CREATE TRIGGER note_added AFTER INSERT ON note BEGIN
             INSERT INTO found (rowid, text) VALUES (new.id, new.text);
         END;",
    )]);
    let disk = fresh().0;
    let mut store = open(&disk, STEPS).unwrap();
    // "The river village" without spaces, as Khmer is written.
    store
        .write(|db| {
            add(db, "\u{1797}\u{17bc}\u{1798}\u{1798}\u{17b6}\u{178f}\u{17cb}\u{179f}\u{17d2}\u{1791}\u{17b9}\u{1784}")
        })
        .unwrap();
    let mut store = open(&disk, STEPS).unwrap();
    let hits = |store: &mut Store, word: &str| -> u32 {
        store
            .read(|db| Ok(db.query_row("SELECT count(*) FROM found WHERE found MATCH ?1", [word], |row| row.get(0))?))
            .unwrap()
    };
    assert_eq!(hits(&mut store, "\u{1798}\u{17b6}\u{178f}\u{17cb}"), 1);
    assert_eq!(hits(&mut store, "\u{1785}\u{17c1}\u{1780}"), 0);
}
