//! Which objects go next, under which token, and what came of it.
//!
//! Order: packets before chunks, older reports before younger ones, chunks in their order. The attempt and the token
//! are written down *before* the first byte leaves, so that after a crash the same object goes out with the same id,
//! upload and token, and the server sees a repetition instead of a second report.

use kapok_wire::answer::Receipt;
use kapok_wire::sizes::OBJECTS_PER_UPLOAD;
use kapok_wire::token::Token;
use kapok_wire::{Digest, Lane, ObjectId, Problem, Remedy, TokenKeyId, UploadId, rng};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::{Error, Result};
use crate::vault::SlotNumber;

/// One object ready to send.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) object: ObjectId,
    pub(crate) lane: Lane,
    pub(crate) slot: SlotNumber,
    pub(crate) upload: UploadId,
    pub(crate) token: Token,
}

/// What came of one object.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// A receipt for exactly these bytes, verified by the caller.
    Receipted(Digest, Receipt),
    /// The server said no.
    Refused(Problem),
    /// No usable answer: the object waits on.
    Unanswered,
}

struct Row {
    report: i64,
    position: i64,
    object: ObjectId,
    lane: Lane,
    slot: SlotNumber,
    upload: Option<UploadId>,
}

pub(super) fn next(db: &Connection, text: bool, media: bool, max: u16) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for row in candidates(db, text, media, max)? {
        let upload = match row.upload {
            Some(upload) => upload,
            None => match assign(db, &row)? {
                Some(upload) => upload,
                // Out of tokens: what has one goes, the rest waits and the policy says NoToken.
                None => break,
            },
        };
        db.execute(
            "UPDATE object SET upload = ?1, attempts = attempts + 1 WHERE object = ?2",
            params![upload.0, row.object.0],
        )?;
        let token = token_of(db, upload)?;
        jobs.push(Job { object: row.object, lane: row.lane, slot: row.slot, upload, token });
    }
    Ok(jobs)
}

fn candidates(db: &Connection, text: bool, media: bool, max: u16) -> Result<Vec<Row>> {
    let mut query = db.prepare(
        "SELECT report, position, object, lane, slot, upload FROM object
         WHERE slot IS NOT NULL AND problem IS NULL AND ((lane = 0 AND ?1) OR (lane = 1 AND ?2))
         ORDER BY lane, report, position LIMIT ?3",
    )?;
    let rows = query.query_map(params![text, media, max], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get::<_, [u8; 16]>(2)?,
            row.get::<_, u8>(3)?,
            row.get(4).map(SlotNumber)?,
            row.get::<_, Option<[u8; 16]>>(5)?,
        ))
    })?;
    rows.map(|row| {
        let (report, position, object, lane, slot, upload) = row?;
        let lane = Lane::from_code(lane).ok_or(Error::Store)?;
        Ok(Row { report, position, object: ObjectId(object), lane, slot, upload: upload.map(UploadId) })
    })
    .collect()
}

/// The upload for `row`: the running one of its report and lane while that has room, else a new one with a new token.
fn assign(db: &Connection, row: &Row) -> Result<Option<UploadId>> {
    let running: Option<([u8; 16], i64)> = db
        .query_row(
            "SELECT object.upload, count(*) FROM object JOIN token ON token.upload = object.upload
             WHERE report = ?1 AND lane = ?2 AND position < ?3
             GROUP BY object.upload ORDER BY max(position) DESC LIMIT 1",
            params![row.report, row.lane.code(), row.position],
            |found| Ok((found.get(0)?, found.get(1)?)),
        )
        .optional()?;
    if let Some((upload, objects)) = running
        && objects < i64::from(OBJECTS_PER_UPLOAD)
        && row.lane == Lane::Media
    {
        return Ok(Some(UploadId(upload)));
    }
    let upload = UploadId(rng::bytes());
    let given = db.execute(
        "UPDATE token SET upload = ?1 WHERE nonce = (SELECT nonce FROM token WHERE upload IS NULL LIMIT 1)",
        [upload.0],
    )?;
    Ok((given == 1).then_some(upload))
}

fn token_of(db: &Connection, upload: UploadId) -> Result<Token> {
    let token = db.query_row("SELECT nonce, output, key FROM token WHERE upload = ?1", [upload.0], |row| {
        Ok(Token { nonce: row.get(0)?, output: row.get(1)?, key: TokenKeyId(row.get(2)?) })
    })?;
    Ok(token)
}

/// Stores outcomes and returns the slots that are free now.
pub(super) fn record(db: &Connection, outcomes: &[(Job, Outcome)]) -> Result<Vec<SlotNumber>> {
    let mut freed = Vec::new();
    for (job, outcome) in outcomes {
        match outcome {
            Outcome::Receipted(digest, receipt) => {
                let kept = [digest.0.as_slice(), &receipt.bytes].concat();
                let changed = db.execute(
                    "UPDATE object SET slot = NULL, receipt = ?1 WHERE object = ?2 AND slot = ?3",
                    params![kept, job.object.0, job.slot.0],
                )?;
                // A second receipt frees nothing: the slot may belong to somebody else by now.
                if changed == 1 {
                    freed.push(job.slot);
                }
            }
            Outcome::Refused(problem) => refuse(db, job, *problem)?,
            Outcome::Unanswered => {}
        }
    }
    Ok(freed)
}

fn refuse(db: &Connection, job: &Job, problem: Problem) -> Result<()> {
    match problem.remedy() {
        Remedy::RetryLater => {}
        // The upload is closed for what it has not carried yet; the next batch gives that another token.
        Remedy::NewToken => {
            db.execute("DELETE FROM token WHERE upload = ?1", [job.upload.0])?;
            db.execute("UPDATE object SET upload = NULL WHERE upload = ?1 AND slot IS NOT NULL", [job.upload.0])?;
        }
        Remedy::AskPerson => {
            let refused = "UPDATE object SET problem = ?1 WHERE object = ?2 AND slot IS NOT NULL";
            db.execute(refused, params![problem.code(), job.object.0])?;
        }
    }
    Ok(())
}

/// Whether a token is left, or a waiting object has one already.
pub(super) fn can_pay(db: &Connection) -> Result<bool> {
    Ok(db.query_row(
        "SELECT EXISTS (SELECT 1 FROM token WHERE upload IS NULL)
             OR EXISTS (SELECT 1 FROM object WHERE slot IS NOT NULL AND problem IS NULL AND upload IS NOT NULL)",
        [],
        |row| row.get(0),
    )?)
}

#[cfg(test)]
pub(super) fn tokens_left(db: &Connection) -> Result<u32> {
    Ok(db.query_row("SELECT count(*) FROM token WHERE upload IS NULL", [], |row| row.get(0))?)
}
