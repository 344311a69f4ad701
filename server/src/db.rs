//! The database: one writer, one reader, migrations in one place.
//!
//! Every write goes through one connection behind a lock, so a plan made from reads on it stays true until it is
//! committed. `kapok-server desk add` opens the file from another process; SQLite's own lock orders the two.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::Error;
use crate::data::DataFolder;
use crate::limits::BUSY;

/// "kpk1" in ASCII: recognises our files.
const APPLICATION_ID: i32 = 0x6b70_6b31;
/// One file a version, in order, frozen once released.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/001_initial.sql")];
/// Set on every connection.
const PRAGMAS: [(&str, &str); 6] = [
    // Readers do not wait for the writer, and a commit is one flush.
    ("journal_mode", "WAL"),
    // The commit is on the disk before it returns; an answer may then say so.
    ("synchronous", "FULL"),
    // Nothing in a damaged file may call functions.
    ("trusted_schema", "OFF"),
    // No temporary files beside the database.
    ("temp_store", "MEMORY"),
    // A used invite or a removed client key does not linger in free pages.
    ("secure_delete", "ON"),
    // Damage shows as an error and not as a wrong row.
    ("cell_size_check", "ON"),
];

/// The server's database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Db {
    writer: Arc<Mutex<Connection>>,
    reader: Arc<Mutex<Connection>>,
}

impl Db {
    /// Opens the database, or makes it where nothing was stored yet.
    pub(crate) fn open(folder: &DataFolder) -> Result<Self, Error> {
        let path = folder.database();
        let length = std::fs::metadata(&path).map_or(0, |about| about.len());
        // No or an empty database beside objects is a loss, and is left as it is found.
        if length == 0 && folder.has_objects()? {
            return Err(Error::DatabaseDamaged(path));
        }
        // Made here, since SQLite would make it readable for everyone. An existing file is not even opened: closing it
        // again would drop the locks that SQLite holds on it in this process.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(Error::file(&path)(error)),
            _ => {}
        }
        let mut writer = connect(&path)?;
        migrate(&mut writer, &path)?;
        let reader = connect(&path)?;
        reader.pragma_update(None, "query_only", "ON")?;
        Ok(Self { writer: Arc::new(Mutex::new(writer)), reader: Arc::new(Mutex::new(reader)) })
    }

    /// Opens the database of a server that was started before, whether it runs or not.
    pub(crate) fn open_existing(data: &Path) -> Result<Self, Error> {
        Self::open(&DataFolder::existing(data)?)
    }

    /// Reads outside of any transaction.
    pub(crate) fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, Error> {
        Ok(f(&lock(&self.reader))?)
    }

    /// Reads and writes in one transaction, committed durably when this returns.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut writer = lock(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = f(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}

/// A panic elsewhere rolled its transaction back when it unwound, so the connection is good.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let damaged = |_| Error::DatabaseDamaged(path.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(damaged)?;
    connection.busy_timeout(BUSY).map_err(damaged)?;
    for (name, value) in PRAGMAS {
        connection.pragma_update(None, name, value).map_err(damaged)?;
    }
    Ok(connection)
}

/// Application id and schema version.
fn identity(connection: &Connection) -> Result<(i32, i32), rusqlite::Error> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((number("application_id")?, number("user_version")?))
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Error> {
    let damaged = |_| Error::DatabaseDamaged(path.to_owned());
    let current = i32::try_from(MIGRATIONS.len()).expect("a short list");
    // The usual case writes nothing: `desk list` shall not wait for the server's writer.
    if identity(connection).map_err(damaged)? == (APPLICATION_ID, current) {
        return Ok(());
    }
    // Immediate: of two processes that start at once, the second finds the work done.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(damaged)?;
    let (id, version) = identity(&transaction).map_err(damaged)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(damaged)?;
    let fresh = id == 0 && version == 0 && tables == 0;
    if !fresh && id != APPLICATION_ID {
        return Err(Error::DatabaseDamaged(path.to_owned()));
    }
    let done = usize::try_from(version).map_err(|_| Error::DatabaseDamaged(path.to_owned()))?;
    if done > MIGRATIONS.len() {
        return Err(Error::DatabaseNewer(path.to_owned()));
    }
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step).map_err(damaged)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(damaged)?;
    transaction.pragma_update(None, "user_version", current).map_err(damaged)?;
    transaction.commit().map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::folder;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_fresh_database_is_ours_private_and_opens_again() {
        let (_dir, folder) = folder();
        for _ in 0..2 {
            let db = Db::open(&folder).unwrap();
            assert_eq!(db.read(identity).unwrap(), (APPLICATION_ID, 1));
        }
        assert_eq!(std::fs::metadata(folder.database()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    fn page() -> std::path::PathBuf {
        std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/schema/server.sql")
    }

    /// Every statement of a fresh database, in order of name.
    fn fresh() -> String {
        let (_dir, folder) = folder();
        let all: Vec<String> = Db::open(&folder)
            .unwrap()
            .read(|db| {
                let all = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name";
                db.prepare(all)?.query_map([], |row| row.get(0))?.collect()
            })
            .unwrap();
        let ours = all.iter().filter(|sql| !sql.starts_with("CREATE TABLE sqlite_"));
        ours.map(|sql| format!("{sql};\n")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_schema_in_the_documentation_is_that_of_a_fresh_database() {
        assert_eq!(std::fs::read_to_string(page()).unwrap(), fresh(), "docs/schema/server.sql: write it again");
    }

    #[test]
    #[ignore = "writes the page"]
    fn write_schema() {
        std::fs::write(page(), fresh()).unwrap();
    }

    #[test]
    fn a_newer_or_foreign_database_is_refused_untouched() {
        for (id, version) in [(APPLICATION_ID, 2), (7, 1)] {
            let (_dir, folder) = folder();
            drop(Db::open(&folder).unwrap());
            let other = Connection::open(folder.database()).unwrap();
            other.pragma_update(None, "application_id", id).unwrap();
            other.pragma_update(None, "user_version", version).unwrap();
            drop(other);
            let before = std::fs::read(folder.database()).unwrap();
            match Db::open(&folder).err() {
                Some(Error::DatabaseNewer(_)) => assert_eq!(version, 2),
                Some(Error::DatabaseDamaged(_)) => assert_eq!(id, 7),
                other => panic!("{other:?}"),
            }
            assert_eq!(std::fs::read(folder.database()).unwrap(), before);
        }
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind() {
        let (_dir, folder) = folder();
        let db = Db::open(&folder).unwrap();
        let failed: Result<(), Error> = db.write(|tx| {
            tx.execute("INSERT INTO client_key (fingerprint) VALUES (?)", [[1u8; 32]])?;
            tx.execute("INSERT INTO client_key (fingerprint) VALUES (?)", [[1u8; 3]])?;
            Ok(())
        });
        assert!(matches!(failed, Err(Error::Database)));
        let count =
            |db: &Db| db.read(|c| c.query_row("SELECT count(*) FROM client_key", [], |row| row.get::<_, i64>(0)));
        assert_eq!(count(&db).unwrap(), 0);
    }
}
