//! The vault as a whole: unlocking after the slow hash, memory, and locking while it writes.

use super::measure::{self, fresh, number, part};
use crate::run::Done;
use crate::table::Table;

/// Finished reports in the vault.
const ROWS: [usize; 2] = [20_000, 40_000];
/// Each costs an unlock.
const LOCKS: usize = 200;
/// How full the vault is whose memory is measured, in hundredths of a half.
const FULL: &str = "90";

pub(crate) fn unlock() -> Done<Table> {
    let mut table = Table::new(&[
        "finished reports",
        "content, bytes",
        "unlock after the KDF, median ms",
        "list of 1,000, median ms",
        "both, median ms",
        "both, slowest tenth from",
        "plain SQLite file, opened and listed",
    ]);
    let mut both = Vec::new();
    for rows in ROWS {
        let (folder, copy) = (fresh("device")?, fresh("copy.sqlite")?);
        let words = ["unlock", &folder.display().to_string(), &copy.display().to_string(), &rows.to_string()]
            .map(str::to_owned);
        let turn = measure::run(&[], &words.each_ref().map(String::as_str))?;
        let time = |of: &str, name: &str| -> Done<f64> { number(part(&turn, of)?, name) };
        both.push(time("both", "median_ms")?);
        table.row([
            rows.to_string(),
            format!("{:.0}", number(&turn, "bytes")?),
            format!("{:.2}", time("unlock", "median_ms")?),
            format!("{:.2}", time("list", "median_ms")?),
            format!("{:.2}", time("both", "median_ms")?),
            format!("{:.2}", time("both", "p90_ms")?),
            format!("{:.2}", number(&turn, "plain_ms")?),
        ]);
    }
    let growth = both.iter().copied().reduce(|one, two| two / one).unwrap_or(f64::NAN);
    let mut cells = vec!["growth with twice as many (goal for both ≤ 20 ms)".to_owned()];
    cells.extend(["", "", ""].map(str::to_owned));
    cells.push(format!("× {growth:.2}"));
    cells.extend(["", ""].map(str::to_owned));
    table.row(cells);
    Ok(table)
}

pub(crate) fn memory() -> Done<Table> {
    let folder = fresh("device")?.display().to_string();
    measure::run(&[], &["fill", &folder, FULL])?;
    let said = measure::run(&[], &["memory", &folder])?;
    let idle = number(&said, "idle")?;
    let mut table = Table::new(&["state", "resident, KiB", "over idle, KiB", "highest over idle, KiB"]);
    table.row(["device open, locked: idle".into(), format!("{idle:.0}"), "0".into(), String::new()]);
    for (name, now, peak) in [
        ("unlocked (goal ≤ 24576)", "unlocked", "peak_unlock"),
        ("drafts listed, one answer saved (goal ≤ 24576)", "used", "peak_used"),
        ("after the first search, which makes an index", "searched", "peak_searched"),
        ("locked again", "locked", ""),
    ] {
        let now = number(&said, now)?;
        let peak = if peak.is_empty() { String::new() } else { format!("{:.0}", number(&said, peak)? - idle) };
        table.row([name.into(), format!("{now:.0}"), format!("{:.0}", now - idle), peak]);
    }
    Ok(table)
}

pub(crate) fn lock() -> Done<Table> {
    let folder = fresh("device")?.display().to_string();
    let said = measure::run(&[], &["lock", &folder, &LOCKS.to_string()])?;
    let mut table = Table::new(&["what", "times", "median, ms", "p99, ms"]);
    for (name, of) in [
        ("lock, while another thread saves (goal for p99 < 100)", "busy"),
        ("lock, while nothing is written", "quiet"),
        ("the saves meanwhile, with their flush", "save"),
    ] {
        let times = part(&said, of)?;
        table.row([
            name.into(),
            format!("{:.0}", number(times, "count")?),
            format!("{:.2}", number(times, "median_ms")?),
            format!("{:.2}", number(times, "p99_ms")?),
        ]);
    }
    let hits = number(&said, "while_committing")?;
    table.row(["of the first, a save was under way".into(), format!("{hits:.0}"), String::new(), String::new()]);
    Ok(table)
}
