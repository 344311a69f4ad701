//! A real server under load from a process of its own, against plain inserts on the same disk.

use super::measure::{self, RUNS, fresh, median, number};
use crate::demo::stage::Stage;
use crate::demo::{invite, serve};
use crate::run::Done;
use crate::table::Table;

/// Packets a run: some seconds, and fewer than the tokens of one enrolment carry.
const PACKETS: usize = 2_000;

pub(crate) fn run() -> Done<Table> {
    let stage = Stage::at(measure::folder().join("intake"), "release")?;
    let server = serve(&stage, &["--answer-floor-ms", "0"])?;
    let mut plain = Vec::new();
    let (mut one, mut eight) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        plain.push(rate(&["sqlite", &fresh("plain.sqlite")?.display().to_string(), &PACKETS.to_string()])?);
        for (connections, rates) in [("1", &mut one), ("8", &mut eight)] {
            rates.push(rate(&["intake", &invite(&stage)?, connections, &PACKETS.to_string()])?);
        }
    }
    server.stop()?;
    let plain = median(plain);
    let mut table = Table::new(&["side", "packets per second", "ratio to SQLite"]);
    table.row(["SQLite, one insert a transaction".into(), format!("{plain:.0}"), "1.00".into()]);
    for (name, rates) in [("kapok-server, 1 connection", one), ("kapok-server, 8 connections (goal ≥ 0.6)", eight)] {
        let rate = median(rates);
        table.row([name.into(), format!("{rate:.0}"), format!("{:.2}", rate / plain)]);
    }
    Ok(table)
}

fn rate(words: &[&str]) -> Done<f64> {
    number(&measure::run(&[], words)?, "per_second")
}
