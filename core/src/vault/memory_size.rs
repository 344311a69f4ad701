//! How much memory the device has, where the system tells it in a file: Linux and Android.

use std::fs;

/// Bytes of memory, or nothing where the system has no such file; then the host has to say.
pub(super) fn total_memory() -> Option<u64> {
    parse(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_read_from_the_line_that_names_it() {
        assert_eq!(parse("MemFree:  5 kB\nMemTotal:        2048 kB\nMemAvailable: 7 kB\n"), Some(2_097_152));
        for strange in ["", "MemTotal:", "MemTotal: x kB", "MemTotal: 5 MB", "MemTotal: 99999999999999999999 kB"] {
            assert_eq!(parse(strange), None, "{strange}");
        }
    }
}
