//! Sizes of the stripped programs.

use std::fs;

use super::measure::{fresh, program};
use crate::run::{Cmd, Done};
use crate::table::Table;

pub(crate) fn run() -> Done<Table> {
    let mut table = Table::new(&["program", "bytes"]);
    for name in ["kapok", "kapok-server", "kapok-desk"] {
        let stripped = fresh(name)?;
        Cmd::new("strip").arg("-o").arg(&stripped).arg(program(name)).capture()?;
        table.row([name.to_owned(), fs::metadata(&stripped)?.len().to_string()]);
    }
    Ok(table)
}
