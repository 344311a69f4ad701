//! The in-memory database: how it is set up, read from and turned into bytes.
//!
//! SQLite never sees a file: it works on memory that came out of a region. So there is no journal, no write-ahead log
//! and no temporary file for anyone to find. What it gives back is wiped by `kapok_memory`, so a closed database leaves nothing
//! in memory. Where it cannot be wiped, nothing is opened: a vault that stays readable after lock would be a false promise,
//! and it is the fault of a program, which its maker meets at the first start and no person meets later.

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

use crate::error::{Error, Result};

const PAGE: usize = 4_096;
/// Most pages kept for migrations.
const RESERVED_PAGES: usize = 16;

/// Settings, each with its reason. Order matters: the first two only work before the first table exists.
const PRAGMAS: [(&str, &str); 8] = [
    // The unit that "full" is counted in, whatever the library's default becomes.
    ("page_size", "4096"),
    // Free pages are given back at once, so commits stay as small as the content.
    ("auto_vacuum", "FULL"),
    // Sorting and temporary tables would otherwise go to a file.
    ("temp_store", "MEMORY"),
    // Deleted bytes are overwritten with zeros, else they would be sealed along.
    ("secure_delete", "ON"),
    // A schema may not call functions with side effects.
    ("trusted_schema", "OFF"),
    // Malformed pages are found when read, not when they crash something.
    ("cell_size_check", "ON"),
    // No row may point to nothing.
    ("foreign_keys", "ON"),
    // `read` may not write; `write` switches this off for its transaction.
    ("query_only", "ON"),
];

/// A database over `content`, or an empty one if there is none, that can never outgrow `capacity`.
pub(super) fn load(content: &[u8], capacity: usize) -> Result<Connection> {
    kapok_memory::install().map_err(|_| Error::MemoryNotWiped)?;
    let mut db = Connection::open_in_memory()?;
    if !content.is_empty() {
        db.deserialize_read_exact(MAIN_DB, content, content.len(), false)?;
    }
    for (name, value) in PRAGMAS {
        db.pragma_update(None, name, value)?;
    }
    // Full is refused by SQLite inside the transaction, before anything is lost.
    let pages = i64::try_from(capacity / PAGE).map_err(|_| Error::BadSize)?;
    let _: i64 = db.pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // `ATTACH` and `VACUUM INTO` are the two statements that could write a file.
    db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    // A value that cannot fit is refused before memory is taken for it.
    db.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(capacity).unwrap_or(i32::MAX))?;
    Ok(db)
}

/// An empty database in memory for what can be derived from another one. Neither can write a file.
pub(super) fn beside() -> Result<Connection> {
    let db = Connection::open_in_memory()?;
    for (name, value) in [("temp_store", "MEMORY"), ("trusted_schema", "OFF"), ("cell_size_check", "ON")] {
        db.pragma_update(None, name, value)?;
    }
    // What goes wrong in it is dropped as a whole.
    let _: String = db.pragma_update_and_check(None, "journal_mode", "OFF", |row| row.get(0))?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    Ok(db)
}

/// Keeps some pages from ordinary writes. Every later version brings tables, and a vault that was filled to its last page must
/// still open then: whoever is turned away cannot make room either.
pub(super) fn reserve_room(db: &Connection, capacity: usize) -> Result<()> {
    let pages = capacity / PAGE;
    let pages = i64::try_from(pages - (pages / 16).min(RESERVED_PAGES)).map_err(|_| Error::BadSize)?;
    // What is in use already stays: SQLite never sets the limit below it.
    let _: i64 = db.pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))?;
    Ok(())
}

pub(super) fn set_writable(db: &Connection, yes: bool) -> Result<()> {
    Ok(db.pragma_update(None, "query_only", if yes { "OFF" } else { "ON" })?)
}

/// Gives the database's bytes to `use_bytes`, without a copy once it has been loaded from a region.
pub(super) fn with_bytes<T>(db: &mut Connection, use_bytes: impl FnOnce(&[u8]) -> T) -> Result<T> {
    let bytes = db.serialize(MAIN_DB)?;
    Ok(use_bytes(&bytes))
}
