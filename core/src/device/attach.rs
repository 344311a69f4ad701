//! Attachments: read once, hashed and sealed while they are read, written into pool slots chunk by chunk.
//!
//! What lies in the pool is already what goes on the wire, so finishing copies nothing and memory stays flat. The
//! attachment exists once its row is committed; whatever stops the reading before that leaves the draft as it was.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use kapok_report::limits::MAX_EVIDENCE;
use kapok_report::{EvidenceKind, EvidenceOrigin};
use kapok_seal::media::{ChunkSealer, ItemKey, ItemSummary, PushError, content_chunks};
use rusqlite::{Connection, params};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::drafts::{self, DraftId};
use super::outbox::{Outbox, sql_int, sql_time};
use super::slots::{Purpose, Reservation};
use super::{Device, undo};
use crate::error::{Error, Result};
use crate::time::Time;
use crate::vault::{POOL_SLOT, SlotNumber};

/// First bytes looked at to tell the type.
const SNIFF: usize = 4_096;

/// What the caller knows about an attachment.
#[derive(Clone)]
pub struct NewAttachment {
    /// The file's name as the person knows it; travels only with the identities.
    pub file_name: String,
    /// What it is; `None`: judged by its first bytes.
    pub kind: Option<EvidenceKind>,
    /// Where it came from.
    pub origin: EvidenceOrigin,
}

impl fmt::Debug for NewAttachment {
    /// A file's name can be a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewAttachment([redacted])")
    }
}

/// An attachment of an open draft.
#[derive(Clone, PartialEq, Eq)]
pub struct AttachmentView {
    /// Random id, the same in the report.
    pub evidence_id: Uuid,
    /// What it is.
    pub kind: EvidenceKind,
    /// Media type, judged by its first bytes.
    pub mime: String,
    /// Length of the original, in bytes.
    pub size: u64,
    /// SHA-256 of the original.
    pub sha256: [u8; 32],
}

impl fmt::Debug for AttachmentView {
    /// Length and hash of an original identify it, so they are not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentView([redacted])")
    }
}

/// An attachment as finishing needs it.
pub(super) struct Attachment {
    pub(super) view: AttachmentView,
    pub(super) key: ItemKey,
    pub(super) origin: EvidenceOrigin,
    pub(super) file_name: String,
    pub(super) slots: Vec<SlotNumber>,
}

impl Device {
    /// Attaches a file. Its name is kept, its path is not.
    ///
    /// # Errors
    /// [`Error::SourceFailed`] if the file cannot be read to its end, [`Error::SourceChanged`] if it became longer or
    /// shorter meanwhile, [`Error::PoolFull`], [`Error::VaultFull`], [`Error::TooManyAttachments`]; the draft is as
    /// before.
    pub fn attach_file(
        &self,
        draft: DraftId,
        path: &Path,
        kind: Option<EvidenceKind>,
        now: Time,
    ) -> Result<AttachmentView> {
        let mut file = File::open(path).map_err(|error| Error::source(&error))?;
        let about = file.metadata().map_err(|error| Error::source(&error))?;
        if !about.is_file() {
            return Err(Error::SourceFailed(ErrorKind::InvalidInput));
        }
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let meta = NewAttachment { file_name, kind, origin: EvidenceOrigin::ImportedFile };
        self.attach_stream(draft, &mut file, &meta, Some(about.len()), now)
    }

    /// Attaches what `source` gives until its end, for example while it is being recorded.
    ///
    /// `size` is the length in bytes if it is known beforehand: lack of room is then noticed before reading.
    ///
    /// # Errors
    /// As [`Self::attach_file`].
    pub fn attach_stream(
        &self,
        draft: DraftId,
        source: &mut dyn Read,
        meta: &NewAttachment,
        size: Option<u64>,
        now: Time,
    ) -> Result<AttachmentView> {
        // A recording can outlast its vault: locked meanwhile, and another one opened, must not get it.
        let (region, outbox) = self.open_vault()?;
        let so_far = self.with_region(region, |vault| vault.read(|db| list(db, draft)))?;
        // A report takes no more, and refusing it only at its end would leave a draft that nothing can finish.
        if so_far.len() >= MAX_EVIDENCE {
            return Err(Error::TooManyAttachments { limit: MAX_EVIDENCE });
        }
        let wanted = size.map_or(Ok(1), content_chunks).map_err(Error::Seal)?;
        // Finish will want room for a packet, and for padding, which goes by the chunks of all attachments together.
        let before = so_far.iter().map(|attachment| attachment.slots.len()).sum();
        let key = ItemKey::make();
        let mut intake =
            Intake { slots: self.reserve((region, &outbox), wanted as usize, Purpose::Attach { before })? };
        let (summary, mime) = intake.run(source, &key)?;
        if size.is_some_and(|expected| expected != summary.size) {
            return Err(Error::SourceChanged);
        }
        intake.slots.outbox().pool().sync()?;
        let attachment = Attachment {
            view: AttachmentView {
                evidence_id: Uuid::new_v4(),
                kind: meta.kind.unwrap_or_else(|| EvidenceKind::of_mime(mime)),
                mime: mime.to_owned(),
                size: summary.size,
                sha256: summary.sha256,
            },
            key,
            origin: meta.origin,
            file_name: meta.file_name.clone(),
            slots: intake.slots.taken().to_vec(),
        };
        let _stays = self.draft_stays();
        self.refuse_sealed(draft)?;
        self.with_region(region, |vault| {
            undo::with_room(vault, |vault, room| {
                vault.write(|db| {
                    room.make(db)?;
                    insert(db, draft, &attachment, now)
                })
            })
        })?;
        Ok(attachment.view)
    }

    /// Deletes an attachment of an open draft for good: both copies of its key in the vault, then its slots.
    ///
    /// # Errors
    /// [`Error::NoSuchAttachment`], [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn remove_attachment(&self, draft: DraftId, evidence_id: Uuid, now: Time) -> Result<()> {
        let region = self.open_region()?;
        let _ends = self.draft_ends();
        self.refuse_sealed(draft)?;
        // Until the slots are overwritten nobody else gets them, or what the new owner wrote would be destroyed.
        let _unclaimed = self.reserved.hold();
        let outbox = self.sound_outbox()?;
        let attachments = self.with_region(region, |vault| vault.read(|db| list(db, draft)))?;
        let attachment = attachments
            .into_iter()
            .find(|attachment| attachment.view.evidence_id == evidence_id)
            .ok_or(Error::NoSuchAttachment)?;
        let forgotten =
            self.with_region(region, |vault| vault.write_forgetting(|db| delete(db, draft, evidence_id, now)));
        overwrite_after(outbox.as_deref(), forgotten, &attachment.slots)
    }

    /// The attachments of an open draft.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::NoSuchDraft`].
    pub fn attachments(&self, draft: DraftId) -> Result<Vec<AttachmentView>> {
        let found = self.with_vault(|vault| vault.read(|db| list(db, draft)))?;
        Ok(found.into_iter().map(|attachment| attachment.view).collect())
    }
}

/// Overwrites the slots of what was deleted, also if the forgetting still has to be ended, and as many as go. Without an
/// outbox they stay, under keys that are forgotten.
///
/// # Errors
/// The first of `forgotten` and the slots.
pub(super) fn overwrite_after(outbox: Option<&Outbox>, forgotten: Result<()>, slots: &[SlotNumber]) -> Result<()> {
    if !matches!(forgotten, Ok(()) | Err(Error::NotForgotten)) {
        return forgotten;
    }
    let Some(outbox) = outbox else { return forgotten };
    slots.iter().fold(forgotten, |sofar, slot| sofar.and(outbox.pool().refill_random(*slot)))
}

/// One attachment on its way into the pool.
struct Intake<'a> {
    slots: Reservation<'a>,
}

impl Intake<'_> {
    fn run(&mut self, source: &mut dyn Read, key: &ItemKey) -> Result<(ItemSummary, &'static str)> {
        let mut first = Zeroizing::new(Vec::with_capacity(SNIFF));
        Read::take(&mut *source, SNIFF as u64).read_to_end(&mut first).map_err(|error| Error::source(&error))?;
        let mime = sniff(&first);
        let mut sealer = ChunkSealer::new(key);
        sealer.push(&first, |chunk| self.store(chunk.slot)).map_err(flatten)?;
        loop {
            let read = match source.read(sealer.space()) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::source(&error)),
            };
            if let Some(chunk) = sealer.advance(read).map_err(Error::Seal)? {
                self.store(chunk.slot)?;
            }
        }
        let summary = sealer.finish(|chunk| self.store(chunk.slot)).map_err(flatten)?;
        Ok((summary, mime))
    }

    fn store(&mut self, content: &[u8; POOL_SLOT]) -> Result<()> {
        let slot = self.slots.take()?;
        self.slots.outbox().pool().write_slot(slot, content)
    }
}

fn flatten(error: PushError<Error>) -> Error {
    match error {
        PushError::Seal(error) => Error::Seal(error),
        PushError::Sink(error) => error,
    }
}

/// The media type by the first bytes; unknown content is kept as bytes.
fn sniff(first: &[u8]) -> &'static str {
    match infer::get(first) {
        Some(kind) => kind.mime_type(),
        None if !first.is_empty() && std::str::from_utf8(first).is_ok() => "text/plain",
        None => "application/octet-stream",
    }
}

fn insert(db: &Connection, draft: DraftId, attachment: &Attachment, now: Time) -> Result<()> {
    drafts::touch(db, draft, now)?;
    let view = &attachment.view;
    db.execute(
        "INSERT INTO attachment (draft, evidence_id, item_key, kind, mime, origin, file_name, size, sha256, added)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            draft.0,
            view.evidence_id.into_bytes(),
            // EXPOSE: kept in the vault until finish seals it into the report and forgets it here.
            attachment.key.expose(),
            view.kind.code(),
            view.mime,
            origin_code(attachment.origin)?,
            attachment.file_name,
            sql_int(view.size)?,
            view.sha256,
            sql_time(now),
        ],
    )?;
    let id = db.last_insert_rowid();
    let mut insert = db.prepare("INSERT INTO attachment_slot (attachment, position, slot) VALUES (?1, ?2, ?3)")?;
    for (slot, position) in attachment.slots.iter().zip(0_u32..) {
        insert.execute(params![id, position, slot.0])?;
    }
    Ok(())
}

/// Drops an attachment with its key and slots.
fn delete(db: &Connection, draft: DraftId, evidence_id: Uuid, now: Time) -> Result<()> {
    drafts::touch(db, draft, now)?;
    let gone = "DELETE FROM attachment WHERE draft = ?1 AND evidence_id = ?2";
    match db.execute(gone, params![draft.0, evidence_id.into_bytes()])? {
        1 => Ok(()),
        _ => Err(Error::NoSuchAttachment),
    }
}

fn origin_code(origin: EvidenceOrigin) -> Result<String> {
    match serde_json::to_value(origin) {
        Ok(serde_json::Value::String(code)) => Ok(code),
        _ => Err(Error::Store),
    }
}

pub(super) fn list(db: &Connection, draft: DraftId) -> Result<Vec<Attachment>> {
    drafts::head(db, draft)?;
    let mut query = db.prepare(
        "SELECT id, evidence_id, item_key, kind, mime, origin, file_name, size, sha256
         FROM attachment WHERE draft = ?1 ORDER BY id",
    )?;
    let rows = query.query_map([draft.0], |row| {
        let kind = EvidenceKind::from_code(&row.get::<_, String>(3)?).unwrap_or(EvidenceKind::Other);
        let view = AttachmentView {
            evidence_id: Uuid::from_bytes(row.get(1)?),
            kind,
            mime: row.get(4)?,
            size: row.get::<_, i64>(7)?.unsigned_abs(),
            sha256: row.get(8)?,
        };
        let key = ItemKey::from_bytes(&Zeroizing::new(row.get::<_, [u8; 32]>(2)?));
        Ok((row.get::<_, i64>(0)?, view, key, row.get::<_, String>(5)?, row.get::<_, String>(6)?))
    })?;
    rows.map(|row| {
        let (id, view, key, origin, file_name) = row?;
        let origin = serde_json::from_value(origin.into()).map_err(|_| Error::Store)?;
        Ok(Attachment { view, key, origin, file_name, slots: slots_of(db, id)? })
    })
    .collect()
}

fn slots_of(db: &Connection, attachment: i64) -> Result<Vec<SlotNumber>> {
    let mut query = db.prepare("SELECT slot FROM attachment_slot WHERE attachment = ?1 ORDER BY position")?;
    let slots = query.query_map([attachment], |row| row.get(0).map(SlotNumber))?;
    Ok(slots.collect::<Result<_, _>>()?)
}

/// Slots that attachments of drafts occupy.
pub(super) fn used_slots(db: &Connection) -> Result<BTreeSet<SlotNumber>> {
    let mut query = db.prepare("SELECT slot FROM attachment_slot")?;
    let slots = query.query_map([], |row| row.get(0).map(SlotNumber))?;
    Ok(slots.collect::<Result<_, _>>()?)
}
