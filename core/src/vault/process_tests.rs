//! What only a second process shows: killing, locking, a full disk. The test binary runs itself as the child.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::container::{Container, NewVaults};
use super::device_key::NoDeviceKey;
use super::header::HalfFrames;
use super::kdf::KdfParams;
use super::migrate::Migrations;
use super::passphrase::Passphrase;
use super::pool::{PoolLayout, SlotPool};
use super::queue::QueueFile;
use super::store::Store;
use crate::error::{Error, Result};

const FOLDER: &str = "KAPOK_TEST_FOLDER";
const STEPS: Migrations = Migrations(&[(
    "001_start",
    "CREATE TABLE count (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, filler TEXT NOT NULL) STRICT;",
)]);

fn child(name: &str, folder: &Path, file_limit: Option<u32>) -> Child {
    let test = format!("vault::process_tests::{name}");
    let exe = std::env::current_exe().unwrap();
    // The signal that a limit sends is ignored, so that the write fails as on a full disk.
    let limit = file_limit.map_or(String::new(), |blocks| format!("trap '' XFSZ; ulimit -f {blocks};"));
    Command::new("sh")
        .args(["-c", &format!("{limit} exec \"$0\" \"$@\"")])
        .arg(exe)
        .args(["--ignored", "--exact", "--nocapture", &test])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Every line that a child printed with `said`.
fn said(child: &mut Child) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    // The harness prints the test's name without a line end before the first one.
    lines.filter_map(|line| line.split_once("child: ").map(|(_, rest)| rest.to_owned())).collect()
}

fn queue(folder: &Path) -> Result<Store> {
    QueueFile::open(&folder.join("queue.kpk"), &NoDeviceKey)?.record(STEPS)
}

fn highest(store: &mut Store) -> (i64, i64) {
    store
        .read(|db| {
            Ok(db.query_row("SELECT coalesce(max(n), 0), count(*) FROM count", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?)
        })
        .unwrap()
}

#[test]
#[ignore = "run by its parent test"]
fn child_counts_for_ever() {
    let Some(folder) = folder() else { return };
    let mut store = queue(&folder).unwrap();
    let (mut n, _) = highest(&mut store);
    let filler = "f".repeat(700);
    loop {
        n += 1;
        let add = |db: &rusqlite::Connection| {
            // Rows come and go, so that contents grow and shrink over the frame borders.
            if n % 200 == 0 {
                db.execute("DELETE FROM count", [])?;
            }
            Ok(db.execute("INSERT INTO count (n, filler) VALUES (?1, ?2)", (n, &filler))?)
        };
        if n % 7 == 0 { store.write_forgetting(add) } else { store.write(add) }.unwrap();
        println!("child: {n}");
    }
}

#[test]
fn killed_at_any_moment_the_last_acknowledged_write_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let half = HalfFrames::new(8).unwrap();
    drop(QueueFile::create(&folder.path().join("queue.kpk"), half, &NoDeviceKey).unwrap());
    let mut total = 0;
    for _ in 0..40 {
        let mut running = child("child_counts_for_ever", folder.path(), None);
        let pause = 30_000 + u64::from(u16::from_le_bytes(kapok_wire::rng::bytes())) * 2;
        std::thread::sleep(Duration::from_micros(pause));
        running.kill().unwrap();
        let acknowledged: Vec<i64> = said(&mut running).iter().map(|n| n.parse().unwrap()).collect();
        running.wait().unwrap();
        let (found, rows) = highest(&mut queue(folder.path()).unwrap());
        let last = acknowledged.last().copied().unwrap_or(total);
        assert!(found == last || found == last + 1, "acknowledged {last}, found {found}");
        assert!(
            rows == found % 200 + i64::from(found >= 200) || found < 200 && rows == found,
            "{rows} rows at {found}"
        );
        total = found;
    }
    assert!(total > 40, "the children wrote something: {total}");
}

#[test]
#[ignore = "run by its parent test"]
fn child_opens() {
    let Some(folder) = folder() else { return };
    println!("child: {:?}", queue(&folder).err());
    println!("child: {:?}", SlotPool::open(&folder.join("pool.kpk"), 4, PoolLayout::EveryFourth).err());
}

#[test]
fn a_second_process_is_told_that_the_file_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let half = HalfFrames::new(1).unwrap();
    let store = QueueFile::create(&folder.path().join("queue.kpk"), half, &NoDeviceKey).unwrap();
    let pool = SlotPool::create(&folder.path().join("pool.kpk"), 4).unwrap();
    assert_eq!(said(&mut child("child_opens", folder.path(), None)), ["Some(InUse)", "Some(InUse)"]);
    drop((store, pool));
    // Control: once it is closed here, it opens there.
    assert_eq!(said(&mut child("child_opens", folder.path(), None)), ["None", "None"]);
}

#[test]
#[ignore = "run by its parent test"]
fn child_creates() {
    let Some(folder) = folder() else { return };
    let passphrase = Passphrase::new(b"right".to_vec()).unwrap();
    let half = HalfFrames::new(64).unwrap();
    let vaults = NewVaults { first: &passphrase, further: &[], waiting: &[] };
    let made = Container::create(&folder.join("vault.kpk"), half, vaults, &NoDeviceKey, KdfParams::FLOOR);
    println!("child: {:?}", made.err());
}

#[test]
fn a_full_disk_while_creating_leaves_nothing_and_says_how_much_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    // 10 MiB in blocks of 512 bytes (some shells count 1,024, then it is 20 MiB); the vault wants 32 MiB.
    let lines = said(&mut child("child_creates", folder.path(), Some(20_480)));
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let missing: u64 =
        line.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty()).unwrap().parse().unwrap();
    assert!(line.starts_with("Some(DiskFull"), "{line}");
    let size = 2 * 4_096 + 8 * 64 * 65_536;
    assert!([size - (10 << 20), size - (20 << 20)].iter().any(|rest| missing.abs_diff(*rest) <= 1 << 20), "{missing}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // Control: without the limit it is made.
    assert_eq!(said(&mut child("child_creates", folder.path(), None)), ["None"]);
    assert_eq!(std::fs::metadata(folder.path().join("vault.kpk")).unwrap().len(), size);
    assert_eq!(
        Error::DiskFull { missing_bytes: 5 }.to_string(),
        "the disk is full; free at least 5 bytes and try again"
    );
}
