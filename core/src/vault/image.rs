//! A store's database as a value: taken out of one store, and read beside another.

use rusqlite::Connection;
use zeroize::Zeroizing;

use super::migrate::Migrations;
use super::sqlite;
use crate::error::Result;

/// A database that belongs to no region.
pub(crate) struct Image(Connection);

impl Image {
    /// Loads the bytes of a database that must not outgrow `capacity`, and brings it up to date.
    pub(crate) fn open(bytes: &[u8], capacity: usize, migrations: Migrations) -> Result<Self> {
        let mut db = sqlite::load(bytes, capacity)?;
        sqlite::set_writable(&db, true)?;
        migrations.run(&mut db)?;
        sqlite::set_writable(&db, false)?;
        Ok(Self(db))
    }

    /// Reads.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        query(&self.0)
    }

    /// Changes the image and nothing else.
    pub(crate) fn write(&mut self, change: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
        sqlite::set_writable(&self.0, true)?;
        change(&self.0)?;
        sqlite::set_writable(&self.0, false)
    }

    /// The database's bytes.
    pub(crate) fn bytes(&mut self) -> Result<Zeroizing<Vec<u8>>> {
        sqlite::with_bytes(&mut self.0, |bytes| Zeroizing::new(bytes.to_vec()))
    }
}
