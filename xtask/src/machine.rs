//! The machine a number was measured on; a measurement without it says nothing.

use crate::run::Cmd;
use crate::table::Table;

/// Processor, cores, memory, kernel and compiler.
pub(crate) fn describe() -> Table {
    let mut table = Table::new(&["machine", ""]);
    let memory = first_value("/proc/meminfo", "MemTotal");
    for (name, value) in [
        ("processor", first_value("/proc/cpuinfo", "model name")),
        ("cores", cores()),
        ("memory", memory),
        ("kernel", said_by(Cmd::new("uname").words("-sr"))),
        ("compiler", said_by(Cmd::new("rustc").words("--version"))),
    ] {
        table.row([name.to_owned(), value]);
    }
    table
}

fn cores() -> String {
    std::thread::available_parallelism().map_or_else(|_| unknown(), |n| n.to_string())
}

fn first_value(file: &str, key: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key));
    line.and_then(|line| line.split_once(':')).map_or_else(unknown, |(_, value)| value.trim().to_owned())
}

fn said_by(cmd: Cmd) -> String {
    cmd.capture().map_or_else(|_| unknown(), |said| said.trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_has_a_compiler_and_cores() {
        let text = describe().to_string();
        assert!(text.contains("rustc 1.") && text.contains("cores"));
    }

    #[test]
    fn an_unreadable_source_is_unknown_and_not_a_failure() {
        assert_eq!(first_value("/no/such/file", "x"), "unknown");
    }
}
