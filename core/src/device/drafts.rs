//! Drafts: answers saved one by one, readable only while unlocked, forgotten at finish.

use std::fmt;

use kapok_report::{Answers, ReportId};
use kapok_wire::rng;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Device;
use super::outbox::{sql_int, sql_time};
use crate::error::{Error, Result};
use crate::time::Time;

/// A draft of one vault: in another it is no draft at all, so that what was written for one can never be saved in another that was
/// opened meanwhile. It never leaves the device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(pub i64);

/// The lower bits of an id count from 1, the higher ones are the vault's.
pub(super) const NUMBER_BITS: u32 = 20;

impl DraftId {
    /// What a person calls it: 1 for the first draft of its vault. [`Device::draft`] finds it again.
    #[must_use]
    pub fn number(self) -> i64 {
        number_of(self.0)
    }
}

/// The bits of an id that people see.
pub(super) fn number_of(id: i64) -> i64 {
    id & ((1 << NUMBER_BITS) - 1)
}

impl fmt::Debug for DraftId {
    /// Without what tells vaults apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DraftId({})", self.number())
    }
}

impl Device {
    /// The draft of the open vault that a person calls by this number.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn draft(&self, number: i64) -> Result<DraftId> {
        let all = self.with_vault(|vault| vault.read(ids))?;
        all.into_iter().find(|id| id.number() == number).ok_or(Error::NoSuchDraft)
    }
}

fn ids(db: &Connection) -> Result<Vec<DraftId>> {
    let mut query = db.prepare("SELECT id FROM draft")?;
    let ids = query.query_map([], |row| Ok(DraftId(row.get(0)?)))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// A draft in a list: nothing of its content is read for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftView {
    /// What its functions are called with; its number is in it.
    pub id: DraftId,
    /// The form it answers.
    pub form_id: String,
    /// When it was begun.
    pub created: Time,
    /// When an answer or attachment was last saved.
    pub updated: Time,
    /// Questions answered.
    pub answers: u32,
    /// Attachments.
    pub attachments: u32,
}

/// What finishing needs to know about a draft.
pub(super) struct DraftHead {
    pub(super) report_id: ReportId,
    pub(super) mark: [u8; 16],
    pub(super) form_id: String,
    pub(super) lang: String,
    answers: String,
    /// What the person wants to remember it by.
    pub(super) note: String,
    /// The latest time at which it was saved, as the device believed then.
    pub(super) updated: Time,
}

impl DraftHead {
    /// The answers. Only they can be beyond reading: whoever needs the rest is not stopped by them.
    pub(super) fn answers(&self) -> Result<Answers> {
        Answers::from_json(&self.answers).map_err(|_| Error::Store)
    }
}

pub(super) fn create(db: &Connection, form: (&str, u32), lang: &str, now: Time) -> Result<DraftId> {
    let now = sql_time(now);
    db.execute(
        "INSERT INTO draft (report_id, mark, form_id, form_version, lang, answers, answered, created, updated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7)",
        params![
            ReportId::from_random(rng::bytes()).as_bytes(),
            rng::bytes::<16>(),
            form.0,
            form.1,
            lang,
            Answers::new().to_json(),
            now
        ],
    )?;
    Ok(DraftId(db.last_insert_rowid()))
}

pub(super) fn list(db: &Connection) -> Result<Vec<DraftView>> {
    let mut query = db.prepare(
        "SELECT id, form_id, created, updated, answered,
                (SELECT count(*) FROM attachment WHERE draft = draft.id)
         FROM draft ORDER BY id",
    )?;
    let rows = query.query_map([], |row| {
        Ok(DraftView {
            id: DraftId(row.get(0)?),
            form_id: row.get(1)?,
            created: Time(row.get::<_, i64>(2)?.unsigned_abs()),
            updated: Time(row.get::<_, i64>(3)?.unsigned_abs()),
            answers: row.get(4)?,
            attachments: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn head(db: &Connection, draft: DraftId) -> Result<DraftHead> {
    let row = db
        .query_row(
            "SELECT report_id, mark, form_id, lang, answers, updated, note FROM draft WHERE id = ?1",
            [draft.0],
            |row| {
                let answers = row.get(4)?;
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, answers, row.get::<_, i64>(5)?, row.get(6)?))
            },
        )
        .optional()?;
    let (report_id, mark, form_id, lang, answers, updated, note) = row.ok_or(Error::NoSuchDraft)?;
    Ok(DraftHead {
        report_id: ReportId::from_bytes(report_id),
        mark,
        form_id,
        lang,
        answers,
        note,
        updated: Time(updated.unsigned_abs()),
    })
}

/// Notes that a draft changes, and gives its new revision.
pub(super) fn touch(db: &Connection, draft: DraftId, now: Time) -> Result<i64> {
    // The latest, not the last: a clock that was set back meanwhile shows at finish.
    let touched =
        "UPDATE draft SET updated = max(updated, ?1), revision = revision + 1 WHERE id = ?2 RETURNING revision";
    let revision = db.query_row(touched, params![sql_time(now), draft.0], |row| row.get(0)).optional()?;
    revision.ok_or(Error::NoSuchDraft)
}

/// Replaces the answers and gives the draft's new revision. For [`super::undo`], which keeps the way back.
pub(super) fn set_answers(db: &Connection, draft: DraftId, answers: &Answers, now: Time) -> Result<i64> {
    let revision = touch(db, draft, now)?;
    db.execute(
        "UPDATE draft SET answers = ?1, answered = ?2 WHERE id = ?3",
        params![answers.to_json(), sql_int(answers.iter().count() as u64)?, draft.0],
    )?;
    Ok(revision)
}

/// The answers as they are stored.
pub(super) fn stored_answers(db: &Connection, draft: DraftId) -> Result<String> {
    let answers = db.query_row("SELECT answers FROM draft WHERE id = ?1", [draft.0], |row| row.get(0)).optional()?;
    answers.ok_or(Error::NoSuchDraft)
}

/// The draft's note, without reading an answer.
pub(super) fn note(db: &Connection, draft: DraftId) -> Result<String> {
    let note = db.query_row("SELECT note FROM draft WHERE id = ?1", [draft.0], |row| row.get(0)).optional()?;
    note.ok_or(Error::NoSuchDraft)
}

pub(super) fn set_note(db: &Connection, draft: DraftId, note: &str, now: Time) -> Result<()> {
    touch(db, draft, now)?;
    db.execute("UPDATE draft SET note = ?1 WHERE id = ?2", params![note, draft.0])?;
    Ok(())
}

/// The draft's mark, without reading an answer.
pub(super) fn mark(db: &Connection, draft: DraftId) -> Result<[u8; 16]> {
    let mark = db.query_row("SELECT mark FROM draft WHERE id = ?1", [draft.0], |row| row.get(0)).optional()?;
    mark.ok_or(Error::NoSuchDraft)
}

/// Drops a draft with its answers, attachment keys and slots.
pub(super) fn delete(db: &Connection, draft: DraftId) -> Result<()> {
    let gone = db.execute("DELETE FROM draft WHERE id = ?1", [draft.0])?;
    if gone == 1 { Ok(()) } else { Err(Error::NoSuchDraft) }
}
