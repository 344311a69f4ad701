//! The index: folded texts and their trigrams, in memory beside the vault's content.
//!
//! It is never part of the content. In the content it would make every commit several times as large, and after an update
//! of the form pack its labels would be stale. Beside it, it costs its making at the first search after unlocking and goes
//! when the vault is locked.
//!
//! It need not be told of changes: a draft's revision says whether its page is stale, and SQLite's count of changes
//! whether there is anything to look for. So no way of changing a draft can forget to tell it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use kapok_report::{Answers, Pack};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::super::drafts::DraftId;
use super::super::finished::FinishedId;
use super::{HitPlace, fold, texts};
use crate::error::Result;

/// The transaction stays open until the index is whole, so that FTS5 writes no segment at the end of each step.
const SCHEMA: &str = "
    CREATE TABLE state (stamp INTEGER NOT NULL) STRICT;
    INSERT INTO state (stamp) VALUES (-1);
    -- Pages that are stale, or whose source is gone.
    CREATE TABLE todo (id INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE known (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL) STRICT;
    -- One page for each draft and each note of a finished report. Its texts stand on a line each, so that no match reaches
    -- from one into the next. Where in the page a trigram stands is not noted: a page is looked at anyway.
    CREATE VIRTUAL TABLE page USING fts5 (text, tokenize = 'trigram case_sensitive 1', detail = none, columnsize = 0);
    INSERT INTO page (page, rank) VALUES ('hashsize', 4194304);
    PRAGMA user_version = 1;
";

/// Page numbers of finished reports are those of their rows, put below all drafts: newest first is then drafts first.
const FINISHED: i64 = 1 << 62;
/// Bytes of text that one step indexes: the vault is locked out no longer than this takes.
const STEP: usize = 128 << 10;
/// Most trigrams asked for at once; what they find is looked at anyway.
const MOST_TRIGRAMS: usize = 64;
/// Shorter terms have no trigram. In Khmer they are common words.
const TRIGRAM: usize = 3;

/// Something that can be found, with its text as it is.
pub(super) struct Source {
    pub(super) place: HitPlace,
    pub(super) text: String,
}

/// Makes one step towards an index that is up to date; true if it is. After an error the index is of no use.
pub(super) fn step(db: &Connection, index: &Connection, pack: &Pack) -> Result<bool> {
    if index.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))? == 0 {
        index.execute_batch(SCHEMA)?;
    }
    let stamp = db.total_changes().cast_signed();
    if index.is_autocommit() {
        index.execute_batch("BEGIN")?;
    }
    if index.query_row("SELECT stamp FROM state", [], |row| row.get::<_, i64>(0))? != stamp {
        note_stale(db, index)?;
        index.execute("UPDATE state SET stamp = ?1", [stamp])?;
    }
    let mut bytes = 0;
    while bytes < STEP {
        let next = index.query_row("SELECT max(id) FROM todo", [], |row| row.get::<_, Option<i64>>(0))?;
        let Some(id) = next else { break };
        bytes += renew(db, index, pack, id)?;
        index.execute("DELETE FROM todo WHERE id = ?1", [id])?;
    }
    let done = index.query_row("SELECT count(*) = 0 FROM todo", [], |row| row.get(0))?;
    if done {
        index.execute_batch("COMMIT")?;
    }
    Ok(done)
}

/// Notes every page that differs from its source.
fn note_stale(db: &Connection, index: &Connection) -> Result<()> {
    let mut known = HashMap::new();
    let mut all = index.prepare("SELECT id, revision FROM known")?;
    for row in all.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))? {
        let (id, revision) = row?;
        known.insert(id, revision);
    }
    let mut note = index.prepare("INSERT OR IGNORE INTO todo (id) VALUES (?1)")?;
    let mut sources =
        db.prepare("SELECT id, revision FROM draft UNION ALL SELECT id - ?1, 0 FROM finished WHERE note <> ''")?;
    for row in sources.query_map([FINISHED], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))? {
        let (id, revision) = row?;
        if known.remove(&id) != Some(revision) {
            note.execute([id])?;
        }
    }
    for gone in known.keys() {
        note.execute([gone])?;
    }
    Ok(())
}

/// Replaces a page by what its source says now, and gives the page's length.
fn renew(db: &Connection, index: &Connection, pack: &Pack, id: i64) -> Result<usize> {
    if index.execute("DELETE FROM known WHERE id = ?1", [id])? == 1 {
        index.prepare_cached("DELETE FROM page WHERE rowid = ?1")?.execute([id])?;
    }
    let Some((revision, sources)) = sources(db, pack, id)? else { return Ok(0) };
    let mut page = String::new();
    for source in &sources {
        page.push_str(&fold::fold(&source.text));
        page.push('\n');
    }
    index.prepare_cached("INSERT INTO known (id, revision) VALUES (?1, ?2)")?.execute([id, revision])?;
    index.prepare_cached("INSERT INTO page (rowid, text) VALUES (?1, ?2)")?.execute(params![id, page])?;
    Ok(page.len())
}

/// Calls `each` with the pages in which all terms stand, newest first, until it breaks.
pub(super) fn find(
    index: &Connection,
    terms: &[String],
    mut each: impl FnMut(i64) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let trigrams = trigrams(terms);
    let mut query = if trigrams.is_empty() {
        index.prepare("SELECT rowid, text FROM page ORDER BY rowid DESC")?
    } else {
        index.prepare("SELECT rowid, text FROM page WHERE page MATCH ?1 ORDER BY rowid DESC")?
    };
    let mut rows = if trigrams.is_empty() { query.query([])? } else { query.query([trigrams])? };
    while let Some(row) = rows.next()? {
        let page = row.get_ref(1)?.as_str().unwrap_or_default();
        if terms.iter().all(|term| page.contains(term.as_str())) && each(row.get(0)?)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// All trigrams of all terms, as FTS5 wants them asked for.
fn trigrams(terms: &[String]) -> String {
    let mut asked: Vec<String> = Vec::new();
    for term in terms {
        let letters: Vec<char> = term.chars().collect();
        for three in letters.windows(TRIGRAM).take(MOST_TRIGRAMS.saturating_sub(asked.len())) {
            let three: String = three.iter().collect();
            asked.push(format!("\"{}\"", three.replace('"', "\"\"")));
        }
    }
    asked.join(" AND ")
}

/// What the source of a page says now, with its revision; `None` if it is gone.
pub(super) fn sources(db: &Connection, pack: &Pack, id: i64) -> Result<Option<(i64, Vec<Source>)>> {
    if id < 0 {
        let row = id + FINISHED;
        let mut note = db.prepare_cached("SELECT note FROM finished WHERE id = ?1 AND note <> ''")?;
        let note: Option<String> = note.query_row([row], |row| row.get(0)).optional()?;
        return Ok(note.map(|text| (0, vec![Source { place: HitPlace::Finished(FinishedId(row)), text }])));
    }
    let draft = DraftId(id);
    let mut head = db.prepare_cached("SELECT form_id, answers, note, revision FROM draft WHERE id = ?1")?;
    let head = head.query_row([id], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
    });
    let Some((form_id, answers, note, revision)) = head.optional()? else { return Ok(None) };
    // Answers that cannot be read must not hide those that can.
    let answers = Answers::from_json(&answers).unwrap_or_default();
    let answers = texts::of_answers(pack, &form_id, &answers).into_iter();
    let mut all: Vec<Source> =
        answers.map(|(question, text)| Source { place: HitPlace::Answer { draft, question }, text }).collect();
    if !note.is_empty() {
        all.push(Source { place: HitPlace::Note(draft), text: note });
    }
    let mut files = db.prepare_cached(
        "SELECT evidence_id, file_name FROM attachment WHERE draft = ?1 AND file_name <> '' ORDER BY id",
    )?;
    for row in files.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (evidence_id, text) = row?;
        all.push(Source { place: HitPlace::FileName { draft, evidence_id: Uuid::from_bytes(evidence_id) }, text });
    }
    Ok(Some((revision, all)))
}
