//! What of the two databases moves: whole tables, row by row, so that a file of an older version is brought up to date
//! and nothing of the other phone's own keys comes along.

use std::collections::BTreeMap;

use kapok_wire::Lane;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::drafts::NUMBER_BITS;
use super::super::outbox::MOVING;
use super::error::MoveError;
use super::file::Slots;
use crate::error::{Error, Result};
use crate::vault::SlotNumber;

/// Tables of a vault that move; what points to another table comes after it.
pub(super) const VAULT: [&str; 6] = ["draft", "attachment", "attachment_slot", "undo", "finished", "settings"];
/// Tables of a vault that stay: keys of this phone, and shares of this vault's key.
#[cfg(test)]
pub(super) const VAULT_STAYS: [&str; 3] = ["queue_key", "moving", "recovery"];
/// Tables of a queue that move; of `setting` all but the move's own, of `secret` only what names networks.
pub(super) const QUEUE: [&str; 8] =
    ["organisation", "enrolment", "token", "report", "object", "setting", "network", "secret"];

/// Names of all tables.
pub(super) const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";

/// Slots that a vault's and a queue's rows name, and the new numbers they get.
pub(super) type Renumbered = BTreeMap<SlotNumber, SlotNumber>;

/// Takes from an image of a vault what stays: every table that is not named as one that moves.
pub(super) fn strip_vault(db: &Connection) -> Result<()> {
    let mut query = db.prepare(TABLES)?;
    let all = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    for table in all.iter().filter(|table| !VAULT.contains(&table.as_str())) {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}

/// Takes from an image of a queue what stays.
pub(super) fn strip_queue(db: &Connection) -> Result<()> {
    db.execute("DELETE FROM secret WHERE name <> 'network'", [])?;
    db.execute("DELETE FROM setting WHERE name = ?1", [MOVING])?;
    Ok(())
}

/// Forgets all that moves of a vault.
pub(super) fn wipe_vault(db: &Connection) -> Result<()> {
    for table in VAULT.iter().rev() {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    // How many drafts there ever were, but not whose numbers they are.
    db.execute("UPDATE sqlite_sequence SET seq = seq >> ?1 << ?1", [NUMBER_BITS])?;
    db.execute("INSERT INTO settings (only) VALUES (1)", [])?;
    Ok(())
}

/// Forgets all of a queue but its keys, and that a move is under way.
pub(super) fn wipe_queue(db: &Connection) -> Result<()> {
    for table in QUEUE.iter().rev().filter(|table| !matches!(**table, "setting" | "secret")) {
        db.execute(&format!("DELETE FROM {table}"), [])?;
    }
    db.execute("DELETE FROM setting WHERE name <> ?1", [MOVING])?;
    Ok(())
}

/// Puts the rows of an image into a vault.
pub(super) fn fill_vault(image: &Connection, db: &Connection, slots: &Renumbered) -> Result<()> {
    wipe_vault(db)?;
    db.execute("DELETE FROM settings", [])?;
    copy(&VAULT, image, db, slots)?;
    // New drafts go on with the numbers of those that moved.
    db.execute("DELETE FROM sqlite_sequence", [])?;
    copy(&["sqlite_sequence"], image, db, slots)
}

/// Puts the rows of an image into a queue.
pub(super) fn fill_queue(image: &Connection, db: &Connection, slots: &Renumbered) -> Result<()> {
    wipe_queue(db)?;
    db.execute("DELETE FROM secret WHERE name = 'network'", [])?;
    copy(&QUEUE, image, db, slots)
}

/// True if nothing was ever put into a vault and its queue, or all of it is gone.
pub(super) fn vault_is_empty(db: &Connection) -> Result<bool> {
    let rows = "SELECT (SELECT count(*) FROM draft) + (SELECT count(*) FROM finished) + (SELECT counted FROM settings)";
    Ok(db.query_row(rows, [], |row| row.get::<_, i64>(0))? == 0)
}

/// The same of a queue.
pub(super) fn queue_is_empty(db: &Connection) -> Result<bool> {
    let rows = "SELECT (SELECT count(*) FROM organisation) + (SELECT count(*) FROM enrolment)
        + (SELECT count(*) FROM token) + (SELECT count(*) FROM report)";
    Ok(db.query_row(rows, [], |row| row.get::<_, i64>(0))? == 0)
}

/// Slots that a vault's attachments lie in.
pub(super) fn vault_slots(db: &Connection) -> Result<Slots> {
    let mut query = db.prepare("SELECT slot FROM attachment_slot ORDER BY slot")?;
    let slots = query.query_map([], |row| Ok((Lane::Media, SlotNumber(row.get(0)?))))?;
    Ok(slots.collect::<Result<_, _>>()?)
}

/// Slots that waiting objects lie in.
pub(super) fn queue_slots(db: &Connection) -> Result<Slots> {
    let mut query = db.prepare("SELECT lane, slot FROM object WHERE slot IS NOT NULL ORDER BY slot")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, u8>(0)?, SlotNumber(row.get(1)?))))?;
    rows.map(|row| {
        let (lane, slot) = row?;
        Ok((Lane::from_code(lane).ok_or(Error::Store)?, slot))
    })
    .collect()
}

/// Copies all rows of `tables`, with the slots' new numbers.
fn copy(tables: &[&str], from: &Connection, to: &Connection, slots: &Renumbered) -> Result<()> {
    for table in tables {
        let mut query = from.prepare(&format!("SELECT * FROM {table}"))?;
        let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
        let marks = vec!["?"; columns.len()].join(", ");
        let mut insert = to.prepare(&format!("INSERT INTO {table} ({}) VALUES ({marks})", columns.join(", ")))?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let values = columns.iter().enumerate().map(|(at, column)| {
                let value: Value = row.get(at)?;
                if column == "slot" { renumbered(&value, slots) } else { Ok(value) }
            });
            insert.execute(params_from_iter(values.collect::<Result<Vec<_>>>()?))?;
        }
    }
    Ok(())
}

fn renumbered(value: &Value, slots: &Renumbered) -> Result<Value> {
    match value {
        Value::Integer(old) => {
            let old = u32::try_from(*old).map_err(|_| MoveError::FileDamaged)?;
            let new = slots.get(&SlotNumber(old)).ok_or(MoveError::FileDamaged)?;
            Ok(Value::Integer(i64::from(new.0)))
        }
        other => Ok(other.clone()),
    }
}
