//! A durable save against plain SQLite and one flush, turn by turn, and the number of flushes counted by the kernel.

use std::fs;

use serde_json::Value;

use super::measure::{self, RUNS, fresh, median, number};
use crate::run::{Done, Failure};
use crate::table::Table;

/// Saves in a run, and for each as many of each reference.
const SAVES: usize = 400;
const TRACED: usize = 200;
/// What an SQLCipher insert costs against one of plain SQLite.
const SQLCIPHER: f64 = 1.26;
/// Hundredths of a half at which a commit is measured.
const FULL: [usize; 3] = [10, 50, 90];
const SAVES_AT: usize = 100;
/// By what a side is told: if the two disagree, the machine was busy, and the quickest tenth is nearer to the truth.
const MEDIAN: &str = "median_ms";
const QUICK: &str = "p10_ms";
const MOMENTS: [&str; 2] = [MEDIAN, QUICK];

pub(crate) fn run() -> Done<Table> {
    let flushes = flushes_per_save()?;
    let mut turns = Vec::new();
    for _ in 0..RUNS {
        let (folder, file) = (fresh("device")?, plain_file()?);
        let words = ["save-beside", &folder.display().to_string(), &file, &SAVES.to_string()].map(str::to_owned);
        turns.push(measure::run(&[], &words.each_ref().map(String::as_str))?);
    }
    let first = turns.first().ok_or_else(|| Failure::new("nothing was measured"))?;
    let (bytes, row) = (number(first, "bytes")?, number(first, "row_bytes")?);
    let mut table = Table::new(&["side", "median, ms", "quickest tenth, ms", "bytes", "flushes per save"]);
    let bytes = format!("{bytes:.0}");
    for (name, side, bytes, flushes) in [
        ("kapok, one answer saved", "kapok", bytes.clone(), flushes),
        ("plain SQLite, a row inserted", "insert", format!("{row:.0}"), String::new()),
        ("plain SQLite, a row updated", "update", format!("{row:.0}"), String::new()),
        ("one write and fdatasync", "flush", bytes, String::new()),
    ] {
        let [middle, quick] = MOMENTS.map(|moment| of_all(&turns, |turn| of(turn, side, moment)));
        table.row([name.into(), format!("{:.2}", middle?), format!("{:.2}", quick?), bytes, flushes]);
    }
    for (name, side, factor) in [
        ("ratio to an insert × 1.26 (goal ≤ 1.5, exactly one flush)", "insert", SQLCIPHER),
        ("ratio to an update × 1.26", "update", SQLCIPHER),
        ("ratio to one write and fdatasync", "flush", 1.0),
    ] {
        let ratio = |turn: &Value, moment: &str| Ok(of(turn, "kapok", moment)? / of(turn, side, moment)? / factor);
        let [middle, quick] = MOMENTS.map(|moment| of_all(&turns, |turn| ratio(turn, moment)));
        table.row([name.into(), format!("{:.2}", middle?), format!("{:.2}", quick?), String::new(), String::new()]);
    }
    Ok(table)
}

/// The same save in vaults that are fuller.
pub(crate) fn fuller() -> Done<Table> {
    let mut table = Table::new(&[
        "half that is used",
        "drafts",
        "bytes",
        "save, median ms",
        "save, quickest tenth, ms",
        "write and fdatasync of them",
        "SQLite insert × 1.26",
        "ratio to the flush",
        "ratio to the insert",
    ]);
    for percent in FULL {
        let (folder, file) = (fresh("device")?, plain_file()?);
        let words = ["save-at", &folder.display().to_string(), &file, &percent.to_string(), &SAVES_AT.to_string()]
            .map(str::to_owned);
        let turn = measure::run(&[], &words.each_ref().map(String::as_str))?;
        let [ours, flush, insert] = ["kapok", "flush", "insert"].map(|side| of(&turn, side, QUICK));
        let (ours, flush, insert) = (ours?, flush?, insert? * SQLCIPHER);
        let median = of(&turn, "kapok", MEDIAN)?;
        table.row([
            format!("{percent} %"),
            format!("{:.0}", number(&turn, "drafts")?),
            format!("{:.0}", number(&turn, "bytes")?),
            format!("{median:.2}"),
            format!("{ours:.2}"),
            format!("{flush:.2}"),
            format!("{insert:.2}"),
            format!("{:.2}", ours / flush),
            format!("{:.2}", ours / insert),
        ]);
    }
    Ok(table)
}

/// The database of the reference, without what an earlier run left beside it.
fn plain_file() -> Done<String> {
    for name in ["plain.sqlite-wal", "plain.sqlite-shm", "plain.flat"] {
        fresh(name)?;
    }
    Ok(fresh("plain.sqlite")?.display().to_string())
}

fn of(turn: &Value, side: &str, moment: &str) -> Done<f64> {
    number(measure::part(turn, side)?, moment)
}

/// The median over all runs.
fn of_all(turns: &[Value], each: impl Fn(&Value) -> Done<f64>) -> Done<f64> {
    Ok(median(turns.iter().map(each).collect::<Done<_>>()?))
}

/// What the kernel saw between the two marks that `kapok-measure save` prints.
fn flushes_per_save() -> Done<String> {
    let (folder, trace) = (fresh("device")?, fresh("trace")?);
    let trace_name = trace.display().to_string();
    let wrapper = [
        "strace",
        "-f",
        "-o",
        &trace_name,
        "-s",
        "16",
        "-e",
        "trace=write,fsync,fdatasync,msync,sync_file_range,sync,syncfs",
    ];
    measure::run(&wrapper, &["save", &folder.display().to_string(), &TRACED.to_string()])?;
    let text = fs::read_to_string(&trace)?;
    let saving: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("saving begins"))
        .take_while(|line| !line.contains("saving ends"))
        .collect();
    if saving.is_empty() {
        return Err(Failure::new("the trace does not show where saving begins"));
    }
    let calls = ["sync(", "syncfs(", "sync_file_range("];
    let flushes = saving.iter().filter(|line| calls.iter().any(|call| line.contains(call))).count();
    Ok(format!("{:.2}", flushes as f64 / TRACED as f64))
}
