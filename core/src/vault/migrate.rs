//! Schema steps: frozen SQL files, all in one transaction, never backwards.

use rusqlite::Connection;

use crate::error::{Error, Result};

/// The steps of one store, oldest first: `("001_start", include_str!("001_start.sql"))`. Step n leaves
/// `user_version = n`. A released step is never edited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migrations(pub(crate) &'static [(&'static str, &'static str)]);

impl Migrations {
    /// Brings `db` up to date; true if anything changed. A database of a newer release is refused untouched, and a step
    /// that fails leaves everything as it was.
    pub(crate) fn run(self, db: &mut Connection) -> Result<bool> {
        let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let wanted = u32::try_from(self.0.len()).map_err(|_| Error::Store)?;
        if found > wanted {
            return Err(Error::NewerVersion);
        }
        if found == wanted {
            return Ok(false);
        }
        let transaction = db.transaction()?;
        for (_, sql) in self.0.iter().skip(found as usize) {
            transaction.execute_batch(sql)?;
        }
        refuse_lax_tables(&transaction)?;
        transaction.pragma_update(None, "user_version", wanted)?;
        transaction.commit()?;
        Ok(true)
    }
}

/// Every table is `STRICT`: a number in a text column is a bug that must show at once. (Virtual tables have no such mode.)
fn refuse_lax_tables(db: &Connection) -> Result<()> {
    const LAX: &str = "SELECT count(*) FROM pragma_table_list \
        WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let lax: u32 = db.query_row(LAX, [], |row| row.get(0))?;
    if lax == 0 { Ok(()) } else { Err(Error::Store) }
}
