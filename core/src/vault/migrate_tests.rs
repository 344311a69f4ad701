//! Migration of a real old vault: content that the first version wrote, kept as `vectors/vault-schema-1.db`.
//!
//! The file is a vault's content without its container: made by `Device` before the second step existed, with two drafts
//! (answers and an attachment each), two finished reports and a draft that was deleted. It is never made again.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use proptest::prelude::*;
use rusqlite::Connection;

use super::fault_file::FaultFile;
use super::frame::FRAME;
use super::migrate::Migrations;
use super::region_tests::{fresh, load};
use super::store::Store;
use crate::device::VAULT_STEPS;
use crate::error::{Error, Result};

const FIRST: Migrations = Migrations(&[VAULT_STEPS.0[0]]);

fn old_content() -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/vault-schema-1.db")).unwrap()
}

/// A disk with the old vault, in both halves.
pub(super) fn old_disk() -> FaultFile {
    let (disk, mut region) = fresh();
    region.commit_forgetting(&old_content()).unwrap();
    disk
}

pub(super) fn open(disk: &FaultFile, steps: Migrations) -> Result<Store> {
    Store::open(load(disk)?, steps)
}

fn version(db: &Connection) -> Result<u32> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// What every version of the schema can be asked for.
pub(super) fn check(store: &mut Store) {
    store
        .read(|db| {
            let mut drafts = db.prepare("SELECT id, lang, answered, answers FROM draft ORDER BY id")?;
            let drafts = drafts.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            let drafts: Vec<(i64, String, u32, String)> = drafts.collect::<Result<_, _>>()?;
            for ((id, lang, answered, answers), (number, name)) in
                drafts.iter().zip([(1, "Example Rabbit"), (2, "ទន្សាយ គំរូ")])
            {
                assert_eq!((*id, lang.as_str(), *answered), (number, "km", 1));
                let answers = kapok_report::Answers::from_json(answers).unwrap();
                assert!(answers.get("person.names").get().unwrap().to_string().contains(name));
            }
            assert_eq!(drafts.len(), 2);
            let attached = "SELECT group_concat(file_name || size, ',' ORDER BY id) FROM attachment";
            let attached: String = db.query_row(attached, [], |row| row.get(0))?;
            assert_eq!(attached, "រូប 0.jpg70000,រូប 1.jpg70000");
            let slots: u32 = db.query_row("SELECT count(*) FROM attachment_slot", [], |row| row.get(0))?;
            assert_eq!(slots, 4);
            let finished = "SELECT group_concat(code || day || form_id, ',' ORDER BY id) FROM finished";
            let finished: String = db.query_row(finished, [], |row| row.get(0))?;
            assert_eq!(finished, "KQ-H7Q20775detention_quick,X4-DXN20775detention_quick");
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_first_versions_vault_opens_with_all_it_held_and_takes_what_is_new() {
    let disk = old_disk();
    check(&mut open(&disk, FIRST).unwrap());
    let syncs = disk.syncs();
    let mut store = open(&disk, VAULT_STEPS).unwrap();
    assert_eq!(disk.syncs() - syncs, 1, "all steps are one commit");
    check(&mut store);
    let steps = u32::try_from(VAULT_STEPS.0.len()).unwrap();
    assert_eq!(store.read(version), Ok(steps));
    store
        .write(|db| {
            let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            assert_eq!(sound, "ok");
            db.execute("UPDATE draft SET note = 'new', revision = revision + 1 WHERE id = 1", [])?;
            db.execute("INSERT INTO undo (draft, revision, saved, former) VALUES (1, 1, 0, '{}')", [])?;
            assert_eq!(db.query_row("SELECT kept FROM settings", [], |row| row.get(0)), Ok("low".to_owned()));
            Ok(())
        })
        .unwrap();
    drop(store);
    // The next draft's number is one that was never given: the third was deleted in the old version.
    let mut store = open(&disk, VAULT_STEPS).unwrap();
    let next = "SELECT seq + 1 FROM sqlite_sequence WHERE name = 'draft'";
    assert_eq!(store.read(|db| Ok(db.query_row(next, [], |row| row.get::<_, i64>(0))?)), Ok(6));
    check(&mut store);
}

#[test]
fn a_migrated_vault_has_the_schema_of_a_fresh_one() {
    // Columns that a step added stand at the end of the statement in both, because a fresh file makes the same steps.
    let schema = |store: &mut Store| -> Vec<String> {
        store
            .read(|db| {
                let mut all = db.prepare("SELECT type || name || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")?;
                let all = all.query_map([], |row| row.get(0))?;
                Ok(all.collect::<Result<_, _>>()?)
            })
            .unwrap()
    };
    let migrated = schema(&mut open(&old_disk(), VAULT_STEPS).unwrap());
    assert_eq!(migrated, schema(&mut open(&fresh().0, VAULT_STEPS).unwrap()));
    assert!(migrated.len() > schema(&mut open(&old_disk(), FIRST).unwrap()).len(), "control: something was added");
}

#[test]
fn a_migration_that_the_disk_cuts_short_leaves_the_old_vault_and_runs_the_next_time() {
    let cut_writes = (0..FRAME).step_by(4_096).map(Some);
    for cut_write in cut_writes.chain([None]) {
        let disk = old_disk();
        match cut_write {
            Some(after) => disk.fail_write_after(after, ErrorKind::Other),
            None => disk.fail_sync(Some(ErrorKind::Other)),
        }
        assert!(matches!(open(&disk, VAULT_STEPS).err(), Some(Error::Io(_) | Error::DiskFull { .. })));
        // The power goes as well: nothing that was not flushed arrives.
        let cut = disk.after_power_cut(|_| false);
        check(&mut open(&cut, FIRST).unwrap());
        check(&mut open(&cut, VAULT_STEPS).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_power_cut_during_a_migration_leaves_the_old_or_the_new_vault_whole(kept in proptest::collection::vec(any::<bool>(), 300)) {
        let disk = old_disk();
        disk.ignore_sync(true);
        drop(open(&disk, VAULT_STEPS).unwrap());
        let cut = disk.after_power_cut(|sector| kept[sector % kept.len()]);
        check(&mut open(&cut, VAULT_STEPS).unwrap());
    }
}

#[test]
fn a_step_that_fails_at_any_statement_leaves_the_old_vault_untouched() {
    let disk = old_disk();
    let before = disk.bytes();
    let mut tried = 0;
    for (step, (name, sql)) in VAULT_STEPS.0.iter().enumerate().skip(1) {
        for (end, _) in sql.match_indices(';') {
            let broken = format!("{} SELECT nonsense FROM nowhere;", &sql[..=end]);
            let mut steps = VAULT_STEPS.0[..step].to_vec();
            steps.push((name, Box::leak(broken.into_boxed_str())));
            assert_eq!(open(&disk, Migrations(Box::leak(steps.into_boxed_slice()))).err(), Some(Error::Store));
            assert!(disk.bytes() == before);
            tried += 1;
        }
    }
    assert!(tried >= 6, "control: {tried}");
    check(&mut open(&disk, FIRST).unwrap());
    check(&mut open(&disk, VAULT_STEPS).unwrap());
    assert!(disk.bytes() != before, "control: a migration writes");
}

#[test]
fn a_vault_of_a_newer_version_is_refused_untouched() {
    let disk = old_disk();
    let newer = u32::try_from(VAULT_STEPS.0.len()).unwrap() + 1;
    let set = |version: u32| {
        let mut store = open(&disk, FIRST).unwrap();
        store.write(|db| Ok(db.pragma_update(None, "user_version", version)?)).unwrap();
    };
    set(newer);
    let before = disk.bytes();
    assert_eq!(open(&disk, VAULT_STEPS).err(), Some(Error::NewerVersion));
    assert!(disk.bytes() == before);
}

#[test]
fn what_is_no_database_is_refused_untouched_and_never_replaced_by_an_empty_one() {
    let (disk, mut region) = fresh();
    let mut torn = old_content();
    torn[..100].fill(0x5a);
    let mut torn_later = old_content();
    torn_later[4_096..8_192].fill(0x5a);
    for (content, opens) in [(vec![0x5a; 9_000], false), (torn, false), (torn_later, true), (old_content(), true)] {
        region.commit_forgetting(&content).unwrap();
        let before = disk.bytes();
        let opened = open(&disk, FIRST);
        assert_eq!(opened.is_ok(), opens, "control: the last one is sound");
        assert!(disk.bytes() == before);
        assert!(*load(&disk).unwrap().content == content);
    }
}

#[test]
fn a_vault_that_is_full_to_the_last_page_still_opens_after_an_update() {
    const NOTE: &str = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;";
    const ONE: Migrations = Migrations(&[("001_start", NOTE)]);
    const TWO: Migrations = Migrations(&[
        ("001_start", NOTE),
        ("002_more", "CREATE TABLE day (id INTEGER PRIMARY KEY, day INTEGER NOT NULL) STRICT;"),
    ]);
    let (disk, _) = fresh();
    let fill = |store: &mut Store| {
        let add = "INSERT INTO note (text) VALUES (?1)";
        while store.write(|db| Ok(db.execute(add, ["x".repeat(900)])?)).is_ok() {}
    };
    let mut store = open(&disk, ONE).unwrap();
    fill(&mut store);
    drop(store);
    open(&disk, TWO).unwrap();

    // Control: without the reserve the same vault turns its owner away.
    let (disk, _) = fresh();
    let mut store = open(&disk, ONE).unwrap();
    store.read(|db| Ok(db.pragma_update(None, "max_page_count", 3 * 65_480 / 4_096)?)).unwrap();
    let add = "INSERT INTO note (text) VALUES (?1)";
    let mut kept = 0;
    while store.write(|db| Ok(db.execute(add, ["x".repeat(900)])?)).is_ok() {
        kept += 1;
    }
    assert!(kept > 100);
    drop(store);
    assert_eq!(open(&disk, TWO).err(), Some(Error::VaultFull));
}
