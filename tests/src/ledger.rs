//! What server and desk hold, counted, so that a report lost or doubled is a number and not an impression.

use std::collections::BTreeMap;
use std::path::Path;

use kapok_core::report::{Answers, Pack};
use kapok_desk::{Folder, Index, Integrity, Keyring, Link, attachments};
use kapok_report::Body;
use kapok_wire::pull::Record;
use kapok_wire::{Digest, Lane};
use rusqlite::{Connection, OpenFlags};

use crate::story;
use crate::world::DESK_PASSPHRASE;

/// Everything that the server hands to a desk.
///
/// # Panics
/// If it cannot be pulled.
pub async fn stored(link: &Link) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let page = link.pull(all.last().map_or(0, |record| record.sequence)).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// What is counted at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stock {
    /// Objects.
    pub objects: usize,
    /// Packets among them.
    pub packets: usize,
    /// Different sealed areas: fewer than objects if something was stored twice under two ids.
    pub areas: usize,
    /// Spent tokens.
    pub tokens: usize,
    /// Different uploads that they opened.
    pub uploads: usize,
    /// Objects that they paid for.
    pub paid: usize,
}

impl Stock {
    /// Counts the records of a server and its token table.
    ///
    /// # Panics
    /// If its database cannot be read.
    #[must_use]
    pub fn count(records: &[Record], data: &Path) -> Self {
        let areas: BTreeMap<_, _> = records.iter().map(|record| (Digest::of(&record.sealed).0, ())).collect();
        let database =
            Connection::open_with_flags(data.join("kapok.sqlite"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let sum = "SELECT count(*), count(DISTINCT upload), coalesce(sum(count), 0) FROM token";
        let number = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(|n| usize::try_from(n).unwrap());
        let (tokens, uploads, paid) =
            database.query_row(sum, [], |row| Ok((number(row, 0)?, number(row, 1)?, number(row, 2)?))).unwrap();
        let packets = records.iter().filter(|record| record.lane == Lane::Text).count();
        Self { objects: records.len(), packets, areas: areas.len(), tokens, uploads, paid }
    }

    /// Whether every object is there once, and every token opened one upload and paid for what it carried.
    #[must_use]
    pub fn each_once(&self) -> bool {
        self.areas == self.objects && self.paid == self.objects && self.uploads == self.tokens
    }
}

/// A report as the desk sees it.
#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    /// Its code.
    pub code: String,
    /// The number that its story has, all of its answers checked.
    pub number: u64,
    /// Packets that say it.
    pub copies: usize,
    /// Name and content of each attachment, its hash checked.
    pub files: Vec<(String, Vec<u8>)>,
    /// The keys of the attachments, as they lie in the report.
    pub keys: Vec<String>,
}

/// Opens everything in the desk's inbox.
///
/// # Panics
/// If something does not open, is not whole, or says something else than its story.
#[must_use]
pub fn cases(desk: &Folder) -> Vec<Case> {
    let inbox = desk.inbox();
    let mut keys = Keyring::unlock(desk, DESK_PASSPHRASE.to_vec().into()).unwrap();
    let index = Index::read(&inbox, &mut keys).unwrap();
    assert_eq!((index.unopened.as_slice(), index.damaged_files), (&[][..], 0));
    let here = inbox.chunk_ids();
    let (mut out, pack) = (Vec::new(), Pack::builtin());
    for report in &index.reports {
        assert!(!report.contradicted, "two reports contradict each other");
        let files = attachments(report).into_iter().map(|attachment| {
            let mut content = Vec::new();
            let keep = |bytes: &[u8]| {
                content.extend_from_slice(bytes);
                Ok(())
            };
            assert_eq!(attachment.open(&inbox, &here, keep).unwrap(), Integrity::HashOk);
            (attachment.name.unwrap_or_default().to_owned(), content)
        });
        let files = files.collect();
        let (triage, identities) = (report.triage.content().unwrap(), report.identities.content().unwrap());
        let keys = identities.evidence.values().map(|private| private.key.expose().to_owned()).collect();
        let body = Body { triage: triage.clone(), identities: identities.clone() };
        let number = number(&pack, &body);
        out.push(Case { code: report.code().to_string(), number, copies: report.copies, files, keys });
    }
    out
}

/// Which story a report tells: every answer of it is compared.
fn number(pack: &Pack, body: &Body) -> u64 {
    let narrative = body.answer("narrative");
    let text = narrative.get().and_then(serde_json::Value::as_str).expect("a narrative");
    let number = text.split_once(". ").expect("a number").0.parse().expect("a number");
    let told: Answers = story::answers(pack, number);
    for (key, answer) in told.iter() {
        assert_eq!(body.answer(key).get(), answer.get(), "{key} of report {number}");
    }
    number
}
