//! The outbox as people and scripts see it: neutral, nothing about a report but its code and how far it is.

use std::fmt;

use kapok_wire::Problem;
use rusqlite::Connection;

use crate::error::Result;

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
#[derive(Clone, PartialEq, Eq)]
pub struct OutboxView {
    /// The short code to tell the desk; `None` if the vault no longer keeps it, or is locked.
    pub code: Option<String>,
    /// Day it was finished, days since 1970; `None` as above.
    pub day: Option<u64>,
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

impl fmt::Debug for OutboxView {
    /// Without code and day, which tell one report from the others at the desk.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut view = f.debug_struct("OutboxView");
        view.field("state", &self.state).field("objects", &self.objects).field("receipted", &self.receipted);
        view.field("attempts", &self.attempts).field("problem", &self.problem).finish_non_exhaustive()
    }
}

/// Of each report its mark, and the view without what only the vault knows.
pub(super) fn list(db: &Connection) -> Result<Vec<([u8; 16], OutboxView)>> {
    let mut query = db.prepare(
        "SELECT mark, count(object), count(receipt), coalesce(sum(attempts), 0), max(problem)
         FROM report JOIN object ON object.report = report.id GROUP BY report.id ORDER BY report.id",
    )?;
    let rows = query.query_map([], |row| {
        let (objects, receipted) = (row.get(1)?, row.get(2)?);
        let state = if receipted == objects { ReportState::ServerHasAll } else { ReportState::OnThisPhone };
        let problem = row.get::<_, Option<u16>>(4)?.and_then(Problem::from_code);
        let view = OutboxView { code: None, day: None, state, objects, receipted, attempts: row.get(3)?, problem };
        Ok((row.get(0)?, view))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_neither_code_nor_day() {
        let state = ReportState::OnThisPhone;
        let (code, day) = (Some("K7-PQ4".to_owned()), Some(20_780));
        let view = OutboxView { code, day, state, objects: 3, receipted: 1, attempts: 2, problem: None };
        let text = format!("{view:?}");
        assert!(!text.contains("K7-PQ4") && !text.contains("20780"), "{text}");
        assert!(text.contains("OnThisPhone"), "control: {text}");
    }
}
