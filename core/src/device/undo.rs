//! Undo: the last saves of a draft can be taken back, after a restart too.
//!
//! Each save notes what it replaced, under the keys that it changed and no others: the answers as a whole would be stored
//! twenty times over, and every commit writes the whole content. The notes lie beside the draft and go with it. They are
//! the first to go when room is short: an answer is worth more than the way back from it.
//!
//! Attachments are not undone. They are added and deleted by commands of their own, which ask first, and what was deleted
//! is overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kapok_report::Answers;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Device;
use super::drafts::{self, DraftId};
use super::outbox::sql_time;
use crate::error::{Error, Result};
use crate::time::Time;
use crate::vault::Store;

/// Steps back that a draft keeps.
const STEPS: u32 = 20;
/// Bytes of former answers that a draft keeps, the last step aside: a long text that is changed a little twenty times
/// must not make every commit twenty times as large.
const BYTES: u32 = 64 << 10;

/// What an undo did.
#[derive(Clone, PartialEq, Eq)]
pub struct Undone {
    /// Keys of the questions whose answers are the former ones again.
    pub questions: Vec<String>,
    /// Steps back that are left.
    pub left: u32,
}

impl fmt::Debug for Undone {
    /// A key may come from a file that somebody wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Undone({} questions, {} left, [redacted])", self.questions.len(), self.left)
    }
}

impl Device {
    /// Takes the last save of answers back, for good: what it saved is in neither copy of the vault afterwards. `None` if there
    /// is nothing to take back. Attachments and the note stay as they are.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`]; [`Error::NotForgotten`]: it is undone, but an older copy may remain.
    pub fn undo(&self, draft: DraftId, now: Time) -> Result<Option<Undone>> {
        let region = self.open_region()?;
        let _stays = self.draft_stays();
        self.refuse_sealed(draft)?;
        self.with_region(region, |vault| match vault.read(|db| latest(db, draft))? {
            Some(_) => vault.write_forgetting(|db| undo(db, draft, now)),
            None => Ok(None),
        })
    }

    /// What [`Self::undo`] would do, for asking first.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn undoable(&self, draft: DraftId) -> Result<Option<Undone>> {
        self.with_vault(|vault| {
            vault.read(|db| {
                drafts::mark(db, draft)?;
                let Some((_, former)) = latest(db, draft)? else { return Ok(None) };
                let former: Former = serde_json::from_str(&former).map_err(|_| Error::Store)?;
                Ok(Some(Undone { questions: former.questions(), left: steps(db, draft)?.saturating_sub(1) }))
            })
        })
    }

    /// How many saves can be taken back.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn undo_steps(&self, draft: DraftId) -> Result<u32> {
        self.with_vault(|vault| {
            vault.read(|db| {
                drafts::mark(db, draft)?;
                steps(db, draft)
            })
        })
    }
}

/// Saves answers durably.
pub(super) fn save(vault: &mut Store, draft: DraftId, answers: &Answers, now: Time) -> Result<()> {
    with_room(vault, |vault, room| {
        vault.write(|db| {
            room.make(db)?;
            let before = drafts::stored_answers(db, draft)?;
            let revision = drafts::set_answers(db, draft, answers, now)?;
            if room.remember { note_step(db, draft, revision, &before, answers, now) } else { Ok(()) }
        })
    })
}

/// What a write may do about steps back when room is short.
#[derive(Clone, Copy)]
pub(super) struct Room {
    give_up: u32,
    remember: bool,
}

impl Room {
    /// Gives steps back up, the oldest first: the first thing that a write does.
    pub(super) fn make(self, db: &Connection) -> Result<()> {
        if self.give_up > 0 {
            db.execute(
                "DELETE FROM undo WHERE (draft, revision) IN (
                     SELECT draft, revision FROM undo ORDER BY saved, draft, revision LIMIT ?1
                 )",
                [self.give_up],
            )?;
        }
        Ok(())
    }
}

/// Writes; while the vault is too full for it, again with half as many steps back, at last with none and without noting another.
pub(super) fn with_room<T>(vault: &mut Store, write: impl Fn(&mut Store, Room) -> Result<T>) -> Result<T> {
    let first = write(vault, Room { give_up: 0, remember: true });
    if !matches!(first, Err(Error::VaultFull)) {
        return first;
    }
    let all: u32 = vault.read(|db| Ok(db.query_row("SELECT count(*) FROM undo", [], |row| row.get(0))?))?;
    let mut kept = all / 2;
    while kept > 0 {
        match write(vault, Room { give_up: all - kept, remember: true }) {
            Err(Error::VaultFull) => kept /= 2,
            other => return other,
        }
    }
    write(vault, Room { give_up: all, remember: false })
}

/// Former answers: `[]` stands for "there was none", so that it differs from every value.
#[derive(Default, Serialize, Deserialize)]
struct Former {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, Vec<Json>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, Vec<Json>>,
}

impl Former {
    fn questions(&self) -> Vec<String> {
        self.fields.keys().chain(self.extra.keys()).cloned().collect()
    }
}

/// The stored form of [`Answers`], taken apart.
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    fields: BTreeMap<String, Json>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    extra: BTreeMap<String, Json>,
}

fn note_step(db: &Connection, draft: DraftId, revision: i64, before: &str, answers: &Answers, now: Time) -> Result<()> {
    // What cannot be read cannot be brought back either; that must not stop anybody from answering anew.
    let Ok(before) = serde_json::from_str::<Stored>(before) else { return Ok(()) };
    let after = stored(&answers.to_json())?;
    let former =
        Former { fields: replaced(&before.fields, &after.fields), extra: replaced(&before.extra, &after.extra) };
    if former.fields.is_empty() && former.extra.is_empty() {
        return Ok(());
    }
    let former = serde_json::to_string(&former).map_err(|_| Error::Store)?;
    db.execute(
        "INSERT INTO undo (draft, revision, saved, former) VALUES (?1, ?2, ?3, ?4)",
        params![draft.0, revision, sql_time(now), former],
    )?;
    db.execute(
        "DELETE FROM undo WHERE draft = ?1 AND revision < ?2 AND revision IN (
             SELECT revision FROM (
                 SELECT revision, row_number() OVER newest AS place,
                        sum(length(CAST(former AS BLOB))) OVER newest AS bytes
                 FROM undo WHERE draft = ?1 WINDOW newest AS (ORDER BY revision DESC)
             ) WHERE place > ?3 OR bytes > ?4
         )",
        params![draft.0, revision, STEPS, BYTES],
    )?;
    Ok(())
}

fn replaced(before: &BTreeMap<String, Json>, after: &BTreeMap<String, Json>) -> BTreeMap<String, Vec<Json>> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    changed.map(|key| (key.clone(), before.get(key).cloned().into_iter().collect())).collect()
}

fn undo(db: &Connection, draft: DraftId, now: Time) -> Result<Option<Undone>> {
    let Some((revision, former)) = latest(db, draft)? else { return Ok(None) };
    let former: Former = serde_json::from_str(&former).map_err(|_| Error::Store)?;
    let mut answers = stored(&drafts::stored_answers(db, draft)?)?;
    let questions = former.questions();
    restore(&mut answers.fields, former.fields);
    restore(&mut answers.extra, former.extra);
    let answers = serde_json::to_string(&answers).map_err(|_| Error::Store)?;
    drafts::set_answers(db, draft, &Answers::from_json(&answers).map_err(|_| Error::Store)?, now)?;
    db.execute("DELETE FROM undo WHERE draft = ?1 AND revision = ?2", params![draft.0, revision])?;
    Ok(Some(Undone { questions, left: steps(db, draft)? }))
}

fn restore(answers: &mut BTreeMap<String, Json>, former: BTreeMap<String, Vec<Json>>) {
    for (key, value) in former {
        match value.into_iter().next() {
            Some(value) => answers.insert(key, value),
            None => answers.remove(&key),
        };
    }
}

fn stored(answers: &str) -> Result<Stored> {
    serde_json::from_str(answers).map_err(|_| Error::Store)
}

fn latest(db: &Connection, draft: DraftId) -> Result<Option<(i64, String)>> {
    let newest = "SELECT revision, former FROM undo WHERE draft = ?1 ORDER BY revision DESC LIMIT 1";
    Ok(db.query_row(newest, [draft.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn steps(db: &Connection, draft: DraftId) -> Result<u32> {
    Ok(db.query_row("SELECT count(*) FROM undo WHERE draft = ?1", [draft.0], |row| row.get(0))?)
}
