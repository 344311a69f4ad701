//! The reference beside `kapok-measure`: plain SQLite and plain flushes. It links nothing of the core, so that SQLite has
//! its own memory functions here.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing its figures is what this program is for")]

use std::fs::File;
use std::io::stdin;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

type Trouble = Box<dyn std::error::Error>;

const USAGE: &str =
    "usage: kapok-measure-plain rows FILE ROWS ROW-BYTES FLUSHED-BYTES   (orders: insert, update, flush)
       kapok-measure-plain list FILE COUNT";
/// Half of a vault: the two places that are written by turns.
const HALF: u64 = 4 << 20;
/// More pages than the log holds before SQLite begins it anew: from then on it is written in place and does not grow, which
/// is SQLite at its quickest.
const WARM: u32 = 1_200;

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["rows", file, rows, row, flushed] => rows_and_flushes(Path::new(file), [rows, row, flushed]),
        ["list", file, count] => list(Path::new(file), count),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn rows_and_flushes(file: &Path, [rows, row, flushed]: [&str; 3]) -> Result<(), Trouble> {
    let (rows, row, flushed): (i64, usize, usize) = (rows.parse()?, row.parse()?, flushed.parse()?);
    let db = Connection::open(file)?;
    // As the vault's, with the durability that its commits have.
    for (name, value) in [("page_size", "4096"), ("journal_mode", "WAL"), ("synchronous", "FULL")] {
        db.pragma_update(None, name, value)?;
    }
    db.execute_batch(
        "CREATE TABLE draft (id INTEGER PRIMARY KEY, answers TEXT NOT NULL, updated INTEGER NOT NULL) STRICT",
    )?;
    let text = |number: usize| {
        let mut text = format!("{number:020}");
        text.extend(std::iter::repeat_n('x', row.saturating_sub(text.len())));
        text
    };
    for number in 0..rows {
        db.execute("INSERT INTO draft (id, answers, updated) VALUES (?1, ?2, 0)", params![number, text(0)])?;
    }
    let mut insert = db.prepare("INSERT INTO draft (answers, updated) VALUES (?1, ?2)")?;
    let mut update = db.prepare("UPDATE draft SET answers = ?1, updated = ?2 WHERE id = ?3")?;
    for number in 0..WARM {
        update.execute(params![text(number as usize), number, i64::from(number) % rows])?;
    }

    let plain = File::options().read(true).write(true).create(true).truncate(true).open(file.with_extension("flat"))?;
    let content = vec![7; flushed];
    for offset in [0, HALF] {
        plain.write_all_at(&content, offset)?;
    }
    plain.sync_all()?;

    for (order, number) in stdin().lines().zip(0_u32..) {
        let (order, text) = (order?, text(number as usize));
        let start = Instant::now();
        match order.as_str() {
            "insert" => drop(insert.execute(params![text, number])?),
            "update" => drop(update.execute(params![text, number, rows / 2])?),
            "flush" => {
                plain.write_all_at(&content, u64::from(number / 2 % 2) * HALF)?;
                plain.sync_data()?;
            }
            _ => return Err(USAGE.into()),
        }
        println!("{}", start.elapsed().as_nanos());
    }
    Ok(())
}

/// Opens the file and reads the newest 1,000 finished reports, again and again; prints the median in milliseconds.
fn list(file: &Path, count: &str) -> Result<(), Trouble> {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..count.parse::<usize>()? {
        let start = Instant::now();
        let db = Connection::open(file)?;
        let mut query = db.prepare("SELECT id, code, day, form_id, note FROM finished ORDER BY id DESC LIMIT 1000")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
        let rows: Vec<(i64, String, i64, String, String)> = rows.collect::<Result<_, _>>()?;
        times.push(start.elapsed());
        if rows.len() != 1_000 {
            return Err("the file holds fewer finished reports".into());
        }
    }
    times.sort();
    let median = times.get(times.len() / 2).ok_or("nothing was measured")?;
    println!("{{\"median_ms\":{}}}", median.as_secs_f64() * 1e3);
    Ok(())
}
