//! Where output goes: results on stdout, everything said on the way on stderr.
//!
//! A closed pipe is no reason to stop or to panic: what a command does counts, not whether somebody still reads.

use std::io::{Write as _, stderr, stdout};

use kapok_core::report::harmless_json;
use serde_json::Value as Json;

/// A line of the result.
pub(crate) fn result(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

/// The one JSON document of a `--json` run.
pub(crate) fn document(value: &Json) {
    let _ = writeln!(stdout(), "{}", harmless_json(&format!("{value:#}")));
}

/// A line that is no result: a note, a warning, a question's heading, progress.
pub(crate) fn note(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

/// A number of bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    let in_units = |unit: u64, name| {
        let tenths = bytes / unit * 10 + bytes % unit * 10 / unit;
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    };
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => in_units(1 << 10, "KiB"),
        _ => in_units(1 << 20, "MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let all = [0, 1, 1_023, 1_024, 1_535, 1_048_576, 9_437_184, 5 << 30].map(size);
        assert_eq!(all, ["0 B", "1 B", "1023 B", "1.0 KiB", "1.4 KiB", "1.0 MiB", "9.0 MiB", "5120.0 MiB"]);
    }
}
