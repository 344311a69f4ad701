//! Invites: registered by the desk as a hash, used once by a device, repeatable if the answer got lost.

use kapok_wire::enrol::EnrolRequest;
use kapok_wire::registration::InviteRegistration;
use kapok_wire::{Digest, Hour, Problem};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::db::Db;
use crate::rows;

struct Row {
    expires: Hour,
    used_by: Vec<u8>,
}

fn find(tx: &Transaction<'_>, hash: &[u8; 32]) -> Result<Option<Row>, rusqlite::Error> {
    tx.query_row("SELECT expires, body_hash FROM invite WHERE secret_hash = ?", [hash], |row| {
        Ok(Row { expires: rows::hour(row, "expires")?, used_by: row.get("body_hash")? })
    })
    .optional()
}

/// A refusal by rule, or the database's.
enum Refusal {
    Rule(Problem),
    Database,
}

impl From<rusqlite::Error> for Refusal {
    fn from(_: rusqlite::Error) -> Self {
        Self::Database
    }
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Rule(problem) => problem,
        Refusal::Database => {
            tracing::error!("The database failed on an invite; look at the disk.");
            Problem::Storage
        }
    }
}

/// Registers an invite. Again with the same expiry is success; with another one it is refused, since the printed
/// invite says when it ends.
pub(crate) fn register(db: &Db, invite: &InviteRegistration, now: Hour) -> Result<(), Problem> {
    db.write(|tx| match find(tx, &invite.secret_hash)? {
        Some(row) if row.expires == invite.expires => Ok(()),
        Some(_) => Err(Refusal::Rule(Problem::IdTaken)),
        None if invite.expires < now => Err(Refusal::Rule(Problem::InviteExpired)),
        None => {
            let insert = "INSERT INTO invite (secret_hash, expires) VALUES (?, ?)";
            tx.execute(insert, params![invite.secret_hash, rows::stored_hour(invite.expires)])?;
            Ok(())
        }
    })
    .map_err(problem)
}

/// Uses an invite for the enrolment `body`. The same body again is success, also after the expiry: it is the same
/// device whose answer got lost, and it gets nothing that it did not get before.
pub(crate) fn use_once(db: &Db, request: &EnrolRequest, body: &[u8], now: Hour) -> Result<(), Problem> {
    let (hash, body) = (request.secret.hash(), Digest::of(body).0);
    db.write(|tx| match find(tx, &hash)? {
        None => Err(Refusal::Rule(Problem::InviteUnknown)),
        Some(row) if row.used_by == body => Ok(()),
        Some(row) if !row.used_by.is_empty() => Err(Refusal::Rule(Problem::InviteUsed)),
        Some(row) if row.expires < now => Err(Refusal::Rule(Problem::InviteExpired)),
        Some(_) => {
            let used = "UPDATE invite SET body_hash = ?, used_hour = ? WHERE secret_hash = ?";
            tx.execute(used, params![body, rows::stored_hour(now), hash])?;
            Ok(())
        }
    })
    .map_err(problem)
}
