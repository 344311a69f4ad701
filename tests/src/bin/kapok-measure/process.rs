//! What the kernel says about this process: processor time and memory.

use std::fs;
use std::io;

/// Clock ticks a second in /proc: fixed at 100 on Linux for every architecture that Rust supports.
const TICKS: f64 = 100.0;

/// User and system time of this process so far, in seconds.
pub(crate) fn cpu_seconds() -> io::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold spaces; fields are counted after it: 14 and 15 of proc(5).
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |field: usize| after.split_whitespace().nth(field).and_then(|word| word.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).ok_or(io::ErrorKind::InvalidData)?;
    Ok((user + system) / TICKS)
}

/// Starts counting the peak anew.
pub(crate) fn reset_peak() -> io::Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

/// Resident memory now and at its peak since [`reset_peak`], in KiB.
pub(crate) fn memory_kib() -> io::Result<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    field("VmRSS:").zip(field("VmHWM:")).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Bytes that this process gave to the system for writing so far.
pub(crate) fn written() -> io::Result<u64> {
    let io = fs::read_to_string("/proc/self/io")?;
    let field = io.lines().find_map(|line| line.strip_prefix("wchar:")?.trim().parse().ok());
    field.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
