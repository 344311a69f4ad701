//! What SQLite gave back holds nothing, seen from outside: a parent searches the memory of a child that closed a database.
//!
//! Control: the same child with SQLite's own allocator, in which the same search finds it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "all of this is test code")]

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::process::{Command, Stdio};

use kapok_memory::Error;
use rusqlite::{Connection, ffi};

const MODE: &str = "KAPOK_CHILD";
const ROWS: u32 = 300;

/// Words that no program text holds: they come out of a sum, so they are nowhere but in the database.
fn canary() -> Vec<u8> {
    (0..16_u8).map(|at| b'a' + at.wrapping_mul(7) % 26).collect()
}

/// How often the canary stands in what the process can write to.
fn count(pid: u32) -> usize {
    let canary = canary();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let (mut found, mut total) = (0, 0);
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let [from, to] = [from, to].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = Vec::new();
        (&memory).seek(SeekFrom::Start(from)).unwrap();
        // Some mappings of the kernel cannot be read; the sum below notices if none could.
        let _ = (&memory).take(to - from).read_to_end(&mut bytes);
        found += bytes.windows(canary.len()).filter(|window| *window == canary).count();
        total += bytes.len();
    }
    assert!(total > 1 << 18, "the memory was not readable");
    found
}

/// Starts this program as a child, waits for each of its words and counts then.
fn counts(mode: &str) -> [usize; 2] {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(MODE, mode);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut orders = child.stdin.take().unwrap();
    let counts = ["opened", "closed"].map(|word| {
        assert!(lines.any(|line| line.ends_with(word)), "the child ended before it {word}");
        let found = count(child.id());
        orders.write_all(b"go on\n").unwrap();
        found
    });
    assert!(child.wait().unwrap().success());
    counts
}

/// Not a test by itself: what the child does.
#[test]
fn child() {
    let Ok(mode) = std::env::var(MODE) else { return };
    let wait = |word: &str| {
        println!("{word}");
        std::io::stdin().lines().next();
    };
    if mode == "own allocator" {
        give_sqlite_its_own_allocator();
        assert_eq!(kapok_memory::install(), Err(Error::OtherAllocator));
    } else {
        assert_eq!(kapok_memory::install(), Ok(()));
    }
    let db = Connection::open_in_memory().unwrap();
    let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB); CREATE INDEX i ON t (a);";
    db.execute_batch(sql).unwrap();
    // SQLite itself makes the words, so that no heap but its own ever holds them.
    let letters = "char(97 + (:at * 7) % 26)";
    let word = (0..16).map(|at| letters.replace(":at", &at.to_string())).collect::<Vec<_>>().join(" || ");
    let insert = format!("INSERT INTO t (a, b) SELECT {word} || :n, zeroblob(40) || {word}");
    for n in 0..ROWS {
        db.execute(&insert, [n]).unwrap();
    }
    let sorted = "SELECT max(upper(x) < x) FROM (SELECT a || hex(b) AS x FROM t ORDER BY b, a DESC)";
    db.query_row(sorted, [], |row| row.get::<_, i64>(0)).unwrap();
    db.execute("UPDATE t SET b = a || b, a = b WHERE id % 2", []).unwrap();
    db.execute("DELETE FROM t WHERE id % 3 = 0", []).unwrap();
    wait("opened");
    db.close().unwrap();
    wait("closed");
}

fn give_sqlite_its_own_allocator() {
    let default = ffi::sqlite3_mem_methods {
        xMalloc: None,
        xFree: None,
        xRealloc: None,
        xSize: None,
        xRoundup: None,
        xInit: None,
        xShutdown: None,
        pAppData: std::ptr::null_mut(),
    };
    // SAFETY: SQLite is not initialised and no other thread of this child uses it. An empty table means its own one.
    #[expect(unsafe_code, reason = "the control: what SQLite does without this crate")]
    let answer = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const default) };
    assert_eq!(answer, ffi::SQLITE_OK);
}

#[test]
fn nothing_of_a_closed_database_stays_and_with_sqlites_own_allocator_it_does() {
    let [opened, closed] = counts("wiping");
    println!("wiping: {opened} while open, {closed} after closing");
    assert!(opened >= ROWS as usize, "the search finds what is there: {opened}");
    assert_eq!(closed, 0);

    let [_, closed] = counts("own allocator");
    println!("SQLite's own allocator: {closed} after closing");
    assert!(closed > 10, "control: {closed}");
}
