//! Numbers and hours as they lie in rows: SQLite knows signed numbers only, and ours are none.

use kapok_wire::Hour;
use rusqlite::Row;

/// A number that was stored with `cast_signed`.
pub(crate) fn number(row: &Row<'_>, column: &str) -> Result<u64, rusqlite::Error> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

/// An hour that was stored by [`stored`].
pub(crate) fn hour(row: &Row<'_>, column: &str) -> Result<Hour, rusqlite::Error> {
    number(row, column).map(Hour)
}

/// An hour as a row holds it.
pub(crate) fn stored(hour: Hour) -> i64 {
    hour.0.cast_signed()
}
