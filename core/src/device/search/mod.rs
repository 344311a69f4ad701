//! Search in drafts and notes, in Khmer and English, as long as the vault is open.
//!
//! Found are words in answers, the words of chosen codes in every language of the pack, remarks, notes and names of
//! attached files. All words of the search must stand in one draft, in any order and anywhere in it, because Khmer has no
//! spaces to tell where a word begins. See [`index`] for where the texts lie meanwhile.

mod fold;
mod index;
mod snippet;
#[cfg(test)]
mod tests;
mod texts;

use std::fmt;
use std::ops::{ControlFlow, Range};

use kapok_report::Pack;
use rusqlite::Connection;
use uuid::Uuid;

use self::fold::Folded;
use super::Device;
use super::drafts::DraftId;
use super::finished::FinishedId;
use crate::error::Result;

/// Where something was found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HitPlace {
    /// In an answer, or in the remark beside it.
    Answer {
        /// The draft.
        draft: DraftId,
        /// Key of the question.
        question: String,
    },
    /// In a draft's note.
    Note(DraftId),
    /// In the name of an attached file.
    FileName {
        /// The draft.
        draft: DraftId,
        /// The attachment.
        evidence_id: Uuid,
    },
    /// In the note of a finished report.
    Finished(FinishedId),
}

impl fmt::Debug for HitPlace {
    /// A question's key may come from a file that somebody wrote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HitPlace([redacted])")
    }
}

/// One place in which words of the search stand.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where.
    pub place: HitPlace,
    /// The text around it, on one line, with `…` where it was cut. No letter is cut.
    pub snippet: String,
    /// What was found in the snippet, in characters, from left to right; at least one.
    pub marks: Vec<Range<usize>>,
}

impl fmt::Debug for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hit([redacted])")
    }
}

impl Device {
    /// Looks for words in all drafts and notes: drafts first, the newest first, at most `limit` places, and each question of a
    /// draft once. An empty search finds nothing.
    ///
    /// The first search after unlocking reads everything once and takes its time, which grows with the content; others wait
    /// for a small part of it at most, and [`Self::lock`] ends it.
    ///
    /// # Errors
    /// [`super::Error::Locked`].
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Hit>> {
        let terms = fold::terms(text);
        loop {
            let found = self.with_vault(|vault| {
                vault.read_beside(|db, beside| {
                    let whole = index::step(db, beside, &self.pack)?;
                    whole.then(|| find(db, beside, &self.pack, &terms, limit)).transpose()
                })
            })?;
            // Between two steps the vault is let go, so that somebody can lock it.
            if let Some(hits) = found {
                return Ok(hits);
            }
        }
    }
}

/// At most `limit` places, by an index that is up to date.
fn find(db: &Connection, index: &Connection, pack: &Pack, terms: &[String], limit: usize) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    if terms.is_empty() || limit == 0 {
        return Ok(hits);
    }
    index::find(index, terms, |page| {
        let (_, sources) = index::sources(db, pack, page)?.unwrap_or_default();
        hits.extend(hits_of(&sources, terms));
        Ok(if hits.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    hits.truncate(limit);
    Ok(hits)
}

/// The places of one page, the first text of each. Where all words stand in one text, texts with only some of them are left
/// out: whoever looks for "the market" means no other "the".
fn hits_of(sources: &[index::Source], terms: &[String]) -> Vec<Hit> {
    let folded: Vec<Folded<'_>> = sources.iter().map(|source| Folded::of(&source.text)).collect();
    let together = folded.iter().any(|text| text.has_all(terms));
    let mut hits: Vec<Hit> = Vec::new();
    for (source, folded) in sources.iter().zip(folded) {
        if hits.iter().any(|hit| hit.place == source.place) || (together && !folded.has_all(terms)) {
            continue;
        }
        let found = folded.find(terms);
        if !found.is_empty() {
            let (snippet, marks) = snippet::around(&folded, &found);
            hits.push(Hit { place: source.place.clone(), snippet, marks });
        }
    }
    hits
}
