//! The outbox as people and scripts see it: neutral, nothing about a report but its code and how far it is.

use kapok_wire::Problem;
use rusqlite::Connection;

use crate::error::{Error, Result};

/// How far a finished report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportState {
    /// At least one object still waits on this device.
    OnThisPhone,
    /// Verified receipts cover every object.
    ServerHasAll,
    /// The desk has said that it opened the report. Nothing sets it yet: the desk's word travels in the mailbox, which
    /// is still to come.
    DeskOpened,
}

/// One finished report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxView {
    /// The short code to tell the desk.
    pub code: String,
    /// Day it was finished, days since 1970.
    pub day: u64,
    /// How far it is.
    pub state: ReportState,
    /// Sealed objects it consists of: packets and chunks.
    pub objects: u32,
    /// Objects that verified receipts cover.
    pub receipted: u32,
    /// Attempts at sending, over all objects.
    pub attempts: u32,
    /// A refusal that a person has to look at.
    pub problem: Option<Problem>,
}

pub(super) fn list(db: &Connection) -> Result<Vec<OutboxView>> {
    let mut query = db.prepare(
        "SELECT code, day, count(object), count(receipt), coalesce(sum(attempts), 0), max(problem)
         FROM report JOIN object ON object.report = report.id GROUP BY report.id ORDER BY report.id",
    )?;
    let rows = query.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get::<_, Option<u16>>(5)?))
    })?;
    rows.map(|row| {
        let (code, day, objects, receipted, attempts, problem) = row?;
        let state = if receipted == objects { ReportState::ServerHasAll } else { ReportState::OnThisPhone };
        let day = u64::try_from(day).map_err(|_| Error::Store)?;
        let problem = problem.and_then(Problem::from_code);
        Ok(OutboxView { code, day, state, objects, receipted, attempts, problem })
    })
    .collect()
}
