//! The media path against the age crate: megabytes per second of processor time, and memory.

use std::fs::File;
use std::io::{self, Read as _};

use super::measure::{self, RUNS, fresh, median, number};
use crate::run::Done;
use crate::table::Table;

const BYTES: u64 = 256 << 20;

pub(crate) fn run() -> Done<Table> {
    let source = fresh("source")?;
    // Random bytes: neither side gains from content.
    io::copy(&mut File::open("/dev/urandom")?.take(BYTES), &mut File::create(&source)?)?;
    let (mut ours, mut age, mut hashed) = (Side::default(), Side::default(), Side::default());
    for _ in 0..RUNS {
        let (folder, out) = (fresh("device")?, fresh("sealed.age")?);
        ours.add("seal-kapok", &source.display().to_string(), &folder.display().to_string())?;
        age.add("seal-age", &source.display().to_string(), &out.display().to_string())?;
        let out = fresh("sealed.age")?;
        hashed.add("seal-age-sha256", &source.display().to_string(), &out.display().to_string())?;
    }
    let mut table = Table::new(&["side", "MB per CPU second", "MB per second", "memory added, KiB"]);
    for (name, side) in [
        ("kapok: sealed, SHA-256 of the original in the same pass", &ours),
        ("age crate, X25519", &age),
        ("age crate, X25519, with SHA-256 in the same pass", &hashed),
    ] {
        table.row([
            name.to_owned(),
            whole(side.per_cpu()),
            whole(side.per_second()),
            whole(median(side.memory.clone())),
        ]);
    }
    for (name, side) in
        [("ratio to age (goal ≥ 1, memory ≤ 16384)", &age), ("ratio to age with SHA-256: the same work", &hashed)]
    {
        let ratio = ours.per_cpu() / side.per_cpu();
        table.row([name.to_owned(), format!("{ratio:.2}"), String::new(), String::new()]);
    }
    Ok(table)
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

#[derive(Default)]
struct Side {
    cpu: Vec<f64>,
    seconds: Vec<f64>,
    memory: Vec<f64>,
}

impl Side {
    fn add(&mut self, what: &str, source: &str, target: &str) -> Done {
        let value = measure::run(&[], &[what, source, target])?;
        self.cpu.push(number(&value, "cpu_seconds")?);
        self.seconds.push(number(&value, "seconds")?);
        self.memory.push(number(&value, "rss_added_kib")?);
        Ok(())
    }

    fn per_cpu(&self) -> f64 {
        BYTES as f64 / 1e6 / median(self.cpu.clone())
    }

    fn per_second(&self) -> f64 {
        BYTES as f64 / 1e6 / median(self.seconds.clone())
    }
}
