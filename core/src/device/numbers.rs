//! The table `setting`, which queue and record both have: numbers under a name.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::outbox::sql_int;
use crate::error::{Error, Result};

pub(super) fn get(db: &Connection, name: &str) -> Result<Option<u64>> {
    let value: Option<i64> =
        db.query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| row.get(0)).optional()?;
    value.map(|value| u64::try_from(value).map_err(|_| Error::Store)).transpose()
}

pub(super) fn set(db: &Connection, name: &str, value: u64) -> Result<()> {
    let value = sql_int(value)?;
    db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?1, ?2)", params![name, value])?;
    Ok(())
}
