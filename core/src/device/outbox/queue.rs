//! Reports and objects of the queue store.

use std::collections::BTreeSet;

use kapok_wire::{Lane, ObjectId};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Error, Result};
use crate::policy::Finished;
use crate::time::Time;
use crate::vault::SlotNumber;

/// One sealed object in a slot.
#[derive(Clone, Debug)]
pub(crate) struct NewObject {
    pub(crate) object: ObjectId,
    pub(crate) lane: Lane,
    pub(crate) slot: SlotNumber,
}

/// A finished report on its way into the queue.
#[derive(Debug)]
pub(crate) struct NewReport {
    pub(crate) day: u64,
    pub(crate) finished: Finished,
    pub(crate) mark: [u8; 16],
    pub(crate) objects: Vec<NewObject>,
}

pub(super) fn add(db: &Connection, report: &NewReport) -> Result<()> {
    db.execute(
        "INSERT INTO report (mark, day, finished, seed) VALUES (?1, ?2, ?3, ?4)",
        params![report.mark, sql_int(report.day)?, sql_time(report.finished.at), report.finished.seed.cast_signed()],
    )?;
    let id = db.last_insert_rowid();
    let mut insert =
        db.prepare("INSERT INTO object (object, report, lane, position, slot) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (position, object) in report.objects.iter().enumerate() {
        let position = i64::try_from(position).map_err(|_| Error::VaultFull)?;
        insert.execute(params![object.object.0, id, object.lane.code(), position, object.slot.0])?;
    }
    Ok(())
}

/// The report that has waited longest.
pub(super) fn oldest_waiting(db: &Connection) -> Result<Option<Finished>> {
    let row = db
        .query_row(
            "SELECT finished, seed FROM report WHERE finished IS NOT NULL AND seed IS NOT NULL ORDER BY finished LIMIT 1",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )
        .optional()?;
    Ok(row.map(|(at, seed)| Finished { at: Time(at.unsigned_abs()), seed: seed.cast_unsigned() }))
}

/// Forgets the exact time of reports of which nothing waits any more.
pub(super) fn forget_times(db: &Connection) -> Result<()> {
    db.execute(
        "UPDATE report SET finished = NULL, seed = NULL WHERE finished IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM object WHERE object.report = report.id AND object.slot IS NOT NULL)",
        [],
    )?;
    Ok(())
}

pub(super) fn used_slots(db: &Connection) -> Result<BTreeSet<SlotNumber>> {
    let mut query = db.prepare("SELECT slot FROM object WHERE slot IS NOT NULL")?;
    let slots = query.query_map([], |row| row.get(0).map(SlotNumber))?;
    Ok(slots.collect::<Result<_, _>>()?)
}

/// The day of a report whose draft is still to be forgotten.
pub(super) fn pending(db: &Connection, mark: &[u8; 16]) -> Result<Option<u64>> {
    let day = db
        .query_row("SELECT day FROM report WHERE mark = ?1 AND day IS NOT NULL", [mark], |row| row.get::<_, i64>(0))
        .optional()?;
    Ok(day.map(i64::unsigned_abs))
}

pub(super) fn settle(db: &Connection, mark: &[u8; 16]) -> Result<()> {
    db.execute("UPDATE report SET day = NULL WHERE mark = ?1", [mark])?;
    Ok(())
}

pub(super) fn any_pending(db: &Connection) -> Result<bool> {
    Ok(db.query_row("SELECT EXISTS (SELECT 1 FROM report WHERE day IS NOT NULL)", [], |row| row.get(0))?)
}

pub(super) fn settle_all(db: &Connection) -> Result<()> {
    db.execute("UPDATE report SET day = NULL WHERE day IS NOT NULL", [])?;
    Ok(())
}

pub(super) fn waiting(db: &Connection) -> Result<(u32, u32)> {
    let count = |lane: Lane| {
        db.query_row(
            "SELECT count(*) FROM object WHERE lane = ?1 AND slot IS NOT NULL AND problem IS NULL",
            [lane.code()],
            |row| row.get(0),
        )
    };
    Ok((count(Lane::Text)?, count(Lane::Media)?))
}

pub(super) fn any_refused(db: &Connection) -> Result<bool> {
    Ok(db.query_row("SELECT EXISTS (SELECT 1 FROM object WHERE problem IS NOT NULL)", [], |row| row.get(0))?)
}

pub(super) fn retry_refused(db: &Connection) -> Result<()> {
    db.execute("UPDATE object SET problem = NULL WHERE problem IS NOT NULL", [])?;
    Ok(())
}

/// SQLite's integers are signed; ours are counts that never reach the sign bit.
pub(crate) fn sql_int(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| Error::Store)
}

/// A time as SQLite takes it. A clock beyond it stops nobody: what is not the time can be any time.
pub(crate) fn sql_time(time: Time) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}
