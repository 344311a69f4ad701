//! The one bundle this server hands out. It need not be trusted for it: devices check the signatures themselves.
//!
//! The rules here protect devices from a mistake at the desk and from a stolen client key: the first publication pins
//! the root keys for ever, and numbers never go down.

use kapok_wire::bundle::{Bundle, RootHashes, UntrustedBundle};
use kapok_wire::sizes::PAGE;
use kapok_wire::{Problem, note};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::db::Db;

struct Row {
    roots: RootHashes,
    note: String,
}

fn stored(connection: &Connection) -> Result<Option<Row>, rusqlite::Error> {
    connection
        .query_row("SELECT roots, note FROM bundle WHERE only = 1", [], |row| {
            let bytes: [u8; 96] = row.get("roots")?;
            let mut roots = [[0; 32]; 3];
            for (root, bytes) in roots.iter_mut().zip(bytes.chunks_exact(32)) {
                root.copy_from_slice(bytes);
            }
            Ok(Row { roots: RootHashes(roots), note: row.get("note")? })
        })
        .optional()
}

/// The root keys that a bundle claims, before anything is verified.
fn claimed_roots(bytes: &[u8]) -> Option<RootHashes> {
    let end = bytes.iter().rposition(|byte| *byte != 0)?;
    let text = std::str::from_utf8(bytes.get(..=end)?).ok()?;
    let (signed, _) = note::verify(text, &[]).ok()?;
    let (_, json) = signed.split_once('\n')?;
    serde_json::from_str::<Bundle>(json).ok()?.root_hashes().ok()
}

enum Refusal {
    Rule,
    Database,
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::Database
    }
}

/// Publishes a bundle (a padded note). The same one again is success.
pub(crate) fn publish(db: &Db, bytes: &[u8], now: u64) -> Result<(), Problem> {
    let untrusted = UntrustedBundle::from_bytes(bytes).map_err(|_| Problem::BundleRefused)?;
    let published = db.write(|tx| {
        let current = stored(tx)?;
        let roots = match &current {
            Some(row) => row.roots,
            None => claimed_roots(bytes).ok_or(Refusal::Rule)?,
        };
        let in_force = match &current {
            // Ours, checked when it was published; if it no longer parses the file is damaged.
            Some(row) => {
                let old = UntrustedBundle::from_bytes(row.note.as_bytes()).and_then(|b| b.verify_undated(&roots));
                Some(old.map_err(|_| Refusal::Database)?)
            }
            None => None,
        };
        let verified = untrusted.verify(&roots, in_force.as_ref(), now).map_err(|_| Refusal::Rule)?;
        tx.execute(
            "INSERT INTO bundle (only, roots, note) VALUES (1, ?, ?)
             ON CONFLICT (only) DO UPDATE SET note = excluded.note",
            params![roots.0.concat(), verified.note()],
        )?;
        Ok(())
    });
    published.map_err(|refusal| match refusal {
        Refusal::Rule => Problem::BundleRefused,
        Refusal::Database => {
            tracing::error!("The database failed on a bundle; look at the disk.");
            Problem::Storage
        }
    })
}

/// The published bundle as a page.
pub(crate) fn serve(db: &Db) -> Result<Vec<u8>, Problem> {
    let row = db.read(stored).map_err(|_| Problem::Storage)?.ok_or(Problem::NotFound)?;
    let mut page = row.note.into_bytes();
    page.resize(PAGE, 0);
    Ok(page)
}
