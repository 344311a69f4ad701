//! What stays on the device of a report that was finished: a neutral row, and less of it where people are watched more.
//!
//! | kept | code and day | form and note | the number |
//! |---|---|---|---|
//! | low | yes | yes | yes |
//! | elevated | yes | no | yes |
//! | severe | no | no | yes |
//!
//! The row opens nothing and quotes no answer; the note is the person's own words, and it is theirs to keep it harmless.
//! A row says that a report was made all the same, to whoever has the passphrase. So it can be forgotten at any time.

use std::collections::BTreeMap;
use std::fmt;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::drafts::{self, DraftHead, DraftId, NUMBER_BITS, number_of};
use super::outbox::sql_int;
use super::{Device, settings, undo};
use crate::error::{Error, Result};
use crate::policy::Profile;
use crate::time::Time;

/// Longest note, in characters: a line to recognise the report by, not a second report.
const MAX_NOTE: usize = 200;

/// A finished report's row in one vault; in another it means nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FinishedId(pub i64);

impl FinishedId {
    /// What a person calls it: 1 for the first finished report of its vault.
    #[must_use]
    pub fn number(self) -> i64 {
        number_of(self.0)
    }
}

impl fmt::Debug for FinishedId {
    /// Without what tells vaults apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FinishedId({})", self.number())
    }
}

/// What stays on the device after finish.
#[derive(Clone, PartialEq, Eq)]
pub struct FinishedView {
    /// Its row.
    pub id: FinishedId,
    /// The short code to tell the desk.
    pub code: String,
    /// Day it was finished, days since 1970.
    pub day: u64,
    /// The form it answered, if that was kept.
    pub form_id: Option<String>,
    /// The note that the person gave it, if there is one and it was kept.
    pub note: Option<String>,
}

impl fmt::Debug for FinishedView {
    /// The code identifies the report at the desk, and the note is free text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FinishedView([redacted])")
    }
}

impl Device {
    /// What stays of finished reports, oldest first. Reports of which only the number stays are not among them: see
    /// [`Self::finished_count`].
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn finished(&self) -> Result<Vec<FinishedView>> {
        let mut all = self.finished_before(None, u32::MAX)?;
        all.reverse();
        Ok(all)
    }

    /// The same in parts, newest first: the first `limit` of them, or those before a row that was got already.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn finished_before(&self, before: Option<FinishedId>, limit: u32) -> Result<Vec<FinishedView>> {
        self.with_vault(|vault| vault.read(|db| list(db, before, limit)))
    }

    /// How many reports were finished, as far as that was not forgotten.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn finished_count(&self) -> Result<u64> {
        self.with_vault(|vault| vault.read(|db| Ok(settings::counted(db)? + rows(db)?)))
    }

    /// Forgets rows of finished reports, in both copies inside the vault. The reports themselves are not touched: what waits is
    /// still sent, but the code to tell the desk is gone.
    ///
    /// # Errors
    /// [`Error::NoSuchRow`] with nothing forgotten; [`Error::Locked`]; [`Error::NotForgotten`].
    pub fn forget_finished(&self, these: &[FinishedId]) -> Result<()> {
        self.with_vault(|vault| {
            vault.write_forgetting(|db| {
                for row in these {
                    let gone = db.execute("DELETE FROM finished WHERE id = ?1", [row.0])?;
                    if gone != 1 {
                        return Err(Error::NoSuchRow);
                    }
                }
                Ok(())
            })
        })
    }

    /// Forgets all rows of finished reports and their number. What the outbox still says of reports that wait or were sent, without
    /// code or day, goes when room is needed there.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::NotForgotten`].
    pub fn forget_all_finished(&self) -> Result<()> {
        self.with_vault(|vault| {
            vault.write_forgetting(|db| {
                db.execute("DELETE FROM finished", [])?;
                settings::set_counted(db, 0)
            })
        })
    }

    /// The note by which the person will recognise the report once it is finished; empty if there is none.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn note(&self, draft: DraftId) -> Result<String> {
        self.with_vault(|vault| vault.read(|db| drafts::note(db, draft)))
    }

    /// Sets it; an empty one takes it back. It never leaves the device, and stays after finish only where
    /// [`super::Settings::kept_after_finish`] says so. A former note is in neither copy of the vault afterwards.
    ///
    /// # Errors
    /// [`Error::TextTooLong`] beyond 200 characters; [`Error::NoSuchDraft`], [`Error::Locked`], [`Error::VaultFull`] with the
    /// former note kept; [`Error::NotForgotten`]: the note is saved, but an older copy may remain.
    pub fn set_note(&self, draft: DraftId, note: &str, now: Time) -> Result<()> {
        let note = note.trim();
        if note.chars().count() > MAX_NOTE {
            return Err(Error::TextTooLong { limit: MAX_NOTE });
        }
        let region = self.open_region()?;
        let _stays = self.draft_stays();
        self.refuse_sealed(draft)?;
        self.with_region(region, |vault| {
            undo::with_room(vault, |vault, room| {
                vault.write_forgetting(|db| {
                    room.make(db)?;
                    drafts::set_note(db, draft, note, now)
                })
            })
        })
    }
}

/// Adds what the settings say should stay of a report. `head` may be of a draft that is deleted already.
pub(super) fn add(db: &Connection, head: &DraftHead, code: &str, day: u64) -> Result<()> {
    let (form_id, note) = match settings::get(db)?.kept_after_finish {
        Profile::Low => (head.form_id.as_str(), head.note.as_str()),
        Profile::Elevated => ("", ""),
        Profile::Severe => return settings::set_counted(db, settings::counted(db)? + 1),
    };
    db.execute(
        "INSERT INTO finished (id, code, day, form_id, note, mark) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![next_id(db)?, code, sql_int(day)?, form_id, note, head.mark],
    )?;
    Ok(())
}

/// After the last one, or the first in the numbers that are this vault's own.
fn next_id(db: &Connection) -> Result<i64> {
    let last: Option<i64> = db.query_row("SELECT max(id) FROM finished", [], |row| row.get(0))?;
    let drafts = "SELECT seq FROM sqlite_sequence WHERE name = 'draft'";
    let drafts: Option<i64> = db.query_row(drafts, [], |row| row.get(0)).optional()?;
    let own = drafts.unwrap_or_default() >> NUMBER_BITS << NUMBER_BITS;
    Ok(last.unwrap_or(own) + 1)
}

/// Code and day of finished reports, by the marks they bear in the queue.
pub(super) fn by_mark(db: &Connection) -> Result<BTreeMap<[u8; 16], (String, u64)>> {
    let mut query = db.prepare("SELECT mark, code, day FROM finished WHERE mark IS NOT NULL")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs()))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Takes from the rows what `kept` does not allow.
pub(super) fn reduce(db: &Connection, kept: Profile) -> Result<()> {
    match kept {
        Profile::Low => {}
        Profile::Elevated => {
            db.execute("UPDATE finished SET form_id = '', note = ''", [])?;
        }
        Profile::Severe => {
            settings::set_counted(db, settings::counted(db)? + rows(db)?)?;
            db.execute("DELETE FROM finished", [])?;
        }
    }
    Ok(())
}

fn rows(db: &Connection) -> Result<u64> {
    Ok(db.query_row("SELECT count(*) FROM finished", [], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

fn list(db: &Connection, before: Option<FinishedId>, limit: u32) -> Result<Vec<FinishedView>> {
    let mut query =
        db.prepare("SELECT id, code, day, form_id, note FROM finished WHERE id < ?1 ORDER BY id DESC LIMIT ?2")?;
    let before = before.map_or(i64::MAX, |row| row.0);
    let rows = query.query_map(params![before, limit], |row| {
        let kept = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(FinishedView {
            id: FinishedId(row.get(0)?),
            code: row.get(1)?,
            day: row.get::<_, i64>(2)?.unsigned_abs(),
            form_id: kept(row.get(3)?),
            note: kept(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
