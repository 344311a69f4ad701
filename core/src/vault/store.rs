//! A database that lives in memory and is durable in a region after every write.
//!
//! Two stores use it: the vault's (inside `vault.kpk`) and the queue's (`queue.kpk`). One writer; no file, network or callback
//! inside the closures. What `write` acknowledged survives a power cut.

use rusqlite::Connection;

use super::image::Image;
use super::migrate::Migrations;
use super::region::{Loaded, Region};
use super::{sqlite, stack};
use crate::device::MoveError;
use crate::error::{Error, Result};

/// An open store.
pub(crate) struct Store {
    region: Region,
    /// `None` after a failed commit, until it is loaded again from the last good half.
    db: Option<Connection>,
    /// What was derived from `db`, for reading it quickly. Never sealed, and dropped with it.
    beside: Option<Connection>,
    one_copy_bad: bool,
    /// Whether it may only be read for now.
    held: bool,
}

impl Store {
    /// Loads what was found and brings its schema up to date.
    pub(super) fn open(found: Loaded, migrations: Migrations) -> Result<Self> {
        // Also what the finding left on this stack: keys of slots and their ciphers.
        stack::wiped(|| Self::open_here(found, migrations))
    }

    fn open_here(found: Loaded, migrations: Migrations) -> Result<Self> {
        let Loaded { mut region, content, one_copy_bad } = found;
        let mut db = sqlite::load(&content, region.capacity())?;
        sqlite::set_writable(&db, true)?;
        let migrated = migrations.run(&mut db)?;
        sqlite::set_writable(&db, false)?;
        sqlite::reserve_room(&db, region.capacity())?;
        // A crash came between the two halves of forgetting: finish it now. If that fails, the next commit tries again;
        // not opening would turn somebody away for it.
        let _ = region.finish_forgetting(&content);
        drop(content);
        if migrated {
            sqlite::with_bytes(&mut db, |bytes| region.commit(bytes))??;
        }
        Ok(Self { region, db: Some(db), beside: None, one_copy_bad, held: false })
    }

    /// True if one half was found damaged or cut off at opening: the content is the last whole one.
    pub(crate) fn one_copy_was_bad(&self) -> bool {
        self.one_copy_bad
    }

    /// Number of the region it lies in.
    pub(crate) fn region(&self) -> u8 {
        self.region.number()
    }

    /// Tells one data key from the next.
    pub(crate) fn fingerprint(&self) -> [u8; 8] {
        self.region.fingerprint()
    }

    /// Reads. A statement that writes fails.
    pub(crate) fn read<T>(&mut self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        stack::wiped(|| query(self.loaded()?))
    }

    /// Reads with a database beside, empty at first, that is kept as long as the content stays in memory, and dropped after an
    /// error. It is never sealed.
    pub(crate) fn read_beside<T>(&mut self, query: impl FnOnce(&Connection, &Connection) -> Result<T>) -> Result<T> {
        stack::wiped(|| {
            self.loaded()?;
            let beside = match &mut self.beside {
                Some(beside) => beside,
                none => none.insert(sqlite::beside()?),
            };
            let read = query(self.db.as_ref().ok_or(Error::Store)?, beside);
            if read.is_err() {
                self.beside = None;
            }
            read
        })
    }

    /// Runs `change` in a transaction and returns after the result is durable. On any error nothing has changed.
    pub(crate) fn write<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.refuse_held()?;
        self.write_held(change)
    }

    /// As [`Store::write`], also while it is held.
    pub(crate) fn write_held<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        stack::wiped(|| self.write_with(change, Region::commit))
    }

    /// As [`Store::write`], and nothing that was there before can be read from the file any more.
    ///
    /// [`Error::NotForgotten`] is the one error after which the change *is* durable; calling again with an empty
    /// closure finishes the forgetting.
    pub(crate) fn write_forgetting<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.refuse_held()?;
        self.write_held_forgetting(change)
    }

    /// As [`Store::write_forgetting`], also while it is held.
    pub(crate) fn write_held_forgetting<T>(&mut self, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        // What is forgotten may have been derived into it.
        self.beside = None;
        stack::wiped(|| self.write_with(change, Region::commit_forgetting))
    }

    /// Lets it only be read, or lifts that: what was copied to another phone must not change here.
    pub(crate) fn hold(&mut self, yes: bool) {
        self.held = yes;
    }

    fn refuse_held(&self) -> Result<()> {
        if self.held { Err(MoveError::Moving.into()) } else { Ok(()) }
    }

    /// Bytes that the database may have at most.
    pub(crate) fn capacity(&self) -> usize {
        self.region.capacity()
    }

    /// The database as a value, brought to what `migrations` make of it.
    pub(crate) fn image(&mut self, migrations: Migrations) -> Result<Image> {
        let capacity = self.region.capacity();
        self.loaded()?;
        let db = self.db.as_mut().ok_or(Error::Store)?;
        sqlite::with_bytes(db, |bytes| Image::open(bytes, capacity, migrations))?
    }

    fn write_with<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> Result<T>,
        commit: impl FnOnce(&mut Region, &[u8]) -> Result<()>,
    ) -> Result<T> {
        // Taken out: on every early return memory is dropped, and loaded again from the last good half when needed.
        self.loaded()?;
        let Some(mut db) = self.db.take() else { return Err(Error::Store) };
        sqlite::set_writable(&db, true)?;
        let changed = in_transaction(&mut db, change);
        sqlite::set_writable(&db, false)?;
        let value = match changed {
            Ok(value) => value,
            Err(NotDone::RolledBack(error)) => {
                self.db = Some(db);
                return Err(error);
            }
            Err(NotDone::Unclear(error)) => return Err(error),
        };
        match sqlite::with_bytes(&mut db, |bytes| commit(&mut self.region, bytes))? {
            Ok(()) => {
                self.db = Some(db);
                Ok(value)
            }
            Err(Error::NotForgotten) => {
                self.db = Some(db);
                Err(Error::NotForgotten)
            }
            Err(error) => {
                // A flush that failed may have written all the same. What is in the file is made certain before anybody goes on
                // elsewhere with what was refused here; if that fails too, the next commit does it.
                let _ = self.region.reload().and_then(|content| self.region.commit(&content));
                Err(error)
            }
        }
    }

    /// Commits to the region so far.
    #[cfg(test)]
    pub(crate) fn commits(&self) -> u64 {
        self.region.generation()
    }

    /// The database as a region holds it.
    #[cfg(test)]
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        self.loaded().unwrap();
        sqlite::with_bytes(self.db.as_mut().unwrap(), <[u8]>::to_vec).unwrap()
    }

    fn loaded(&mut self) -> Result<&Connection> {
        if self.db.is_none() {
            // Derived from a content that was not kept.
            self.beside = None;
            let content = self.region.reload()?;
            let db = sqlite::load(&content, self.region.capacity())?;
            sqlite::reserve_room(&db, self.region.capacity())?;
            self.db = Some(db);
        }
        self.db.as_ref().ok_or(Error::Store)
    }
}

enum NotDone {
    /// Memory is as it was.
    RolledBack(Error),
    /// The closure ended the transaction itself, or SQLite did: memory cannot be trusted.
    Unclear(Error),
}

fn in_transaction<T>(db: &mut Connection, change: impl FnOnce(&Connection) -> Result<T>) -> Result<T, NotDone> {
    let transaction = db.transaction().map_err(|error| NotDone::Unclear(error.into()))?;
    let changed = change(&transaction);
    // A full database makes SQLite roll back by itself; statements after that would run outside any transaction.
    let intact = !transaction.is_autocommit();
    match changed {
        Ok(value) if intact => match transaction.commit() {
            Ok(()) => Ok(value),
            Err(error) => Err(NotDone::Unclear(error.into())),
        },
        Ok(_) => Err(NotDone::Unclear(Error::Store)),
        Err(error) if intact => match transaction.rollback() {
            Ok(()) => Err(NotDone::RolledBack(error)),
            Err(_) => Err(NotDone::Unclear(error)),
        },
        Err(error) => Err(NotDone::Unclear(error)),
    }
}
