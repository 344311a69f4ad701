//! A durable save against one flush, and the number of flushes counted by the kernel.

use std::fs;

use super::measure::{self, RUNS, fresh, median, number};
use crate::run::{Done, Failure};
use crate::table::Table;

const SAVES: usize = 200;

pub(crate) fn run() -> Done<Table> {
    let written = bytes_per_save()?;
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (folder, file) = (fresh("device")?, fresh("plain")?);
        let save = ["save", &folder.display().to_string(), &SAVES.to_string()].map(str::to_owned);
        let flush = ["fdatasync", &file.display().to_string(), &SAVES.to_string(), &written.bytes.to_string()]
            .map(str::to_owned);
        ours.push(number(&measure::run(&[], &save.each_ref().map(String::as_str))?, "median_ms")?);
        plain.push(number(&measure::run(&[], &flush.each_ref().map(String::as_str))?, "median_ms")?);
    }
    let (ours, plain) = (median(ours), median(plain));
    let mut table = Table::new(&["side", "median, ms", "bytes written", "flushes per save"]);
    let bytes = written.bytes.to_string();
    table.row([
        "kapok, one answer saved".into(),
        format!("{ours:.2}"),
        bytes.clone(),
        format!("{:.2}", written.flushes),
    ]);
    table.row(["one write and fdatasync".into(), format!("{plain:.2}"), bytes, "1".into()]);
    table.row(["ratio (exactly one flush)".into(), format!("{:.2}", ours / plain), String::new(), String::new()]);
    Ok(table)
}

struct Written {
    bytes: usize,
    flushes: f64,
}

/// What the kernel saw between the two marks that `kapok-measure save` prints.
fn bytes_per_save() -> Done<Written> {
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
        "trace=write,pwrite64,pwritev,fsync,fdatasync,msync,sync_file_range,sync,syncfs",
    ];
    measure::run(&wrapper, &["save", &folder.display().to_string(), &SAVES.to_string()])?;
    let text = fs::read_to_string(&trace)?;
    let saving: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("saving begins"))
        .take_while(|line| !line.contains("saving ends"))
        .collect();
    if saving.is_empty() {
        return Err(Failure::new("the trace does not show where saving begins"));
    }
    let bytes: usize = saving
        .iter()
        .filter(|line| line.contains("pwrite64("))
        .filter_map(|line| line.rsplit_once("= ")?.1.trim().parse::<usize>().ok())
        .sum();
    let flushes = saving.iter().filter(|line| line.contains("sync(") || line.contains("fdatasync(")).count();
    Ok(Written { bytes: bytes / SAVES, flushes: flushes as f64 / SAVES as f64 })
}
