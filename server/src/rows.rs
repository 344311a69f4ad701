//! Numbers and hours as they lie in rows: SQLite knows signed numbers only, and ours are none.
//!
//! `stored_` makes the value of a row, the name without it reads one.

use kapok_wire::Hour;
use rusqlite::Row;

/// A number that was stored by [`stored_number`].
pub(crate) fn number(row: &Row<'_>, column: &str) -> Result<u64, rusqlite::Error> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

/// A number as a row holds it.
pub(crate) fn stored_number(number: u64) -> i64 {
    number.cast_signed()
}

/// An hour that was stored by [`stored_hour`].
pub(crate) fn hour(row: &Row<'_>, column: &str) -> Result<Hour, rusqlite::Error> {
    number(row, column).map(Hour)
}

/// An hour as a row holds it.
pub(crate) fn stored_hour(hour: Hour) -> i64 {
    stored_number(hour.0)
}
