//! Finish: the draft becomes a sealed packet and chunks, and the device forgets how to open them.
//!
//! Order, so that no crash loses a report or makes two:
//! 1. packet, overflow and padding go into free slots and are flushed;
//! 2. the queue names them: **the commit point**;
//! 3. the vault forgets draft, keys and slots in both halves, and keeps the short code;
//! 4. the queue notes that the draft is forgotten, and drops the day.
//!
//! A crash before 2 leaves the draft untouched. A crash after 2 is noticed at the next unlock by the draft's mark, and steps
//! 3 and 4 are done then; the sealed report may have left meanwhile, which is what finishing asked for.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_report::{
    Attachment as Manifest, Body, ClockTrust, Envelope, EvidenceItem, EvidencePrivate, MediaKey, Moment, ShortCode,
    Warning,
};
use kapok_seal::media::{content_chunks, pad_chunk, padded_count};
use kapok_seal::{ClassRecipients, SealedItem, seal_packet};
use kapok_wire::sizes::MEDIA_SEALED;
use kapok_wire::{Digest, Lane, ObjectId, rng};
use rusqlite::Connection;

use super::attach::{self, Attachment};
use super::drafts::{self, DraftHead, DraftId};
use super::outbox::{NewObject, NewReport, Outbox};
use super::slots::{Purpose, Reservation};
use super::{Device, finished, settings, undo};
use crate::error::{Error, Result};
use crate::policy::Finished;
use crate::time::Time;
use crate::vault::SlotNumber;

const SECONDS_PER_DAY: u64 = 86_400;

/// A finished report.
#[derive(Clone)]
pub struct FinishedReport {
    /// The short code to tell the desk.
    pub code: String,
    /// What the desk will have to ask; none of it kept the report back.
    pub warnings: Vec<Warning>,
    /// The bundle has expired: sealed all the same, but a newer one should be fetched.
    pub bundle_expired: bool,
}

impl fmt::Debug for FinishedReport {
    /// The code identifies the report at the desk.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FinishedReport({} warnings, [redacted])", self.warnings.len())
    }
}

impl Device {
    /// Seals a draft to the organisation, puts it into the outbox and forgets it. The undo is not to call this: no key
    /// that opens the report is left on the device when it returns.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`], [`Error::EmptyReport`], [`Error::TextTooLong`], [`Error::PoolFull`],
    /// [`Error::VaultFull`]: the draft is as before. [`Error::NotForgotten`]: the report is in the outbox, and the next
    /// unlock ends the forgetting.
    pub fn finish(&self, draft: DraftId, now: Time) -> Result<FinishedReport> {
        let region = self.open_region()?;
        let _ends = self.draft_ends();
        let (open, outbox) = self.open_vault()?;
        if open != region {
            return Err(Error::Locked);
        }
        let bundle = outbox.bundle()?.ok_or(Error::NotEnrolled)?;
        if let Some(code) = self.end_if_sealed(draft)? {
            return Ok(FinishedReport { code, warnings: Vec::new(), bundle_expired: bundle.is_expired(now.0) });
        }
        let (head, attachments) = self
            .with_region(region, |vault| vault.read(|db| Ok((drafts::head(db, draft)?, attach::list(db, draft)?))))?;
        let (body, warnings) = self.body(&outbox, &head, &attachments, now)?;
        let recipients = ClassRecipients::of(bundle.content())?;
        let sealed = seal_packet(&body.triage.to_bytes(), &body.identities.to_bytes(), &recipients)?;

        let padding = padding(&attachments, &sealed.overflow)?;
        let overflow_chunks: usize = sealed.overflow.iter().map(|item| item.chunks().len()).sum();
        let mut slots = self.reserve((region, &outbox), 1 + overflow_chunks + padding.len(), Purpose::Finish)?;
        let mut objects = vec![store_packet(&mut slots, &sealed.packet)?];
        for (id, area) in sealed.overflow.iter().flat_map(SealedItem::chunks) {
            objects.push(store_chunk(&mut slots, id, area)?);
        }
        objects.extend(media_objects(&attachments));
        for (id, area) in &padding {
            objects.push(store_chunk(&mut slots, *id, area)?);
        }
        outbox.pool().sync()?;

        let code = ShortCode::of(&head.report_id).to_string();
        let day = now.0 / SECONDS_PER_DAY;
        let finished = Finished { at: now, seed: u64::from_be_bytes(rng::bytes()) };
        outbox.add(&NewReport { day, finished, mark: head.mark, objects })?;
        match self.forget(&outbox, draft, &head, &code, day) {
            // Locked from another thread after the commit point: the report is safe, the draft goes at the next unlock.
            Err(Error::Locked) => return Err(Error::NotForgotten),
            forgotten => forgotten?,
        }
        Ok(FinishedReport { code, warnings, bundle_expired: bundle.is_expired(now.0) })
    }

    /// Ends what a crash interrupted after the commit point.
    pub(super) fn end_interrupted_finish(&self) -> Result<()> {
        let Some(outbox) = self.sound_outbox()? else { return Ok(()) };
        if !outbox.any_pending()? {
            return Ok(());
        }
        let drafts = self.with_vault(|vault| vault.read(drafts::list))?;
        drafts.iter().try_for_each(|draft| self.end_if_sealed(draft.id).map(drop))?;
        // A crash between the last two steps leaves a mark whose draft is forgotten already.
        outbox.settle_all()
    }

    /// The same at unlocking. The vault is open: whoever is told of an error would not get at the drafts for it. What is
    /// left of a finish can neither be changed nor sent twice, and the next unlock or finish ends it.
    pub(super) fn end_interrupted_finish_or_later(&self) -> Result<()> {
        match self.end_interrupted_finish() {
            Err(Error::Locked) => Err(Error::Locked),
            _ => Ok(()),
        }
    }

    /// If a finish of this draft reached the queue but could not end, ends it now and gives the report's code. The
    /// draft's slots belong to the report from then on.
    pub(super) fn end_if_sealed(&self, draft: DraftId) -> Result<Option<String>> {
        let head = self.with_vault(|vault| vault.read(|db| drafts::head(db, draft)))?;
        let Some(outbox) = self.sound_outbox()? else { return Ok(None) };
        let Some(day) = outbox.pending(&head.mark)? else { return Ok(None) };
        let code = ShortCode::of(&head.report_id).to_string();
        self.forget(&outbox, draft, &head, &code, day)?;
        Ok(Some(code))
    }

    /// [`Error::NoSuchDraft`] if the draft is a sealed report already: what is added to it would be forgotten.
    pub(super) fn refuse_sealed(&self, draft: DraftId) -> Result<()> {
        let mark = self.with_vault(|vault| vault.read(|db| drafts::mark(db, draft)))?;
        let Some(outbox) = self.sound_outbox()? else { return Ok(()) };
        if outbox.pending(&mark)?.is_some() { Err(Error::NoSuchDraft) } else { Ok(()) }
    }

    fn forget(&self, outbox: &Outbox, draft: DraftId, head: &DraftHead, code: &str, day: u64) -> Result<()> {
        let delete = |db: &Connection| match drafts::mark(db, draft) {
            Ok(mark) if mark == head.mark => drafts::delete(db, draft),
            // Another vault is open by now.
            Ok(_) | Err(Error::NoSuchDraft) => Err(Error::Locked),
            Err(error) => Err(error),
        };
        self.with_vault(|vault| {
            let kept = undo::with_room(vault, |vault, room| {
                vault.write_forgetting(|db| {
                    room.make(db)?;
                    delete(db)?;
                    finished::add(db, head, code, day)
                })
            });
            match kept {
                // Not even room for the row: that the draft is forgotten counts for more than its code.
                Err(Error::VaultFull) => vault.write_forgetting(|db| {
                    delete(db)?;
                    settings::set_counted(db, settings::counted(db)? + 1)
                }),
                kept => kept,
            }
        })?;
        outbox.settle(&head.mark)
    }

    fn body(
        &self,
        outbox: &Outbox,
        head: &DraftHead,
        attachments: &[Attachment],
        now: Time,
    ) -> Result<(Body, Vec<Warning>)> {
        let at = now.in_calendar();
        let moment = Moment::from_unix(at.0.cast_signed(), self.pack.utc_offset_minutes()).map_err(|_| Error::Store)?;
        let mut envelope = Envelope::new(head.report_id, moment, &head.lang);
        if at != now || now < outbox.latest_time()?.unwrap_or_default().max(head.updated) {
            envelope.clock_trust = ClockTrust::Suspect;
        }
        let manifest = attachments.iter().map(manifest).collect::<Result<Vec<_>>>()?;
        Ok(Body::build(&self.pack, &head.form_id, &head.answers()?, &envelope, &manifest)?)
    }
}

fn store_packet(slots: &mut Reservation<'_>, packet: &[u8; kapok_wire::sizes::TEXT_SEALED]) -> Result<NewObject> {
    let slot = slots.take()?;
    slots.outbox().put_packet(slot, packet)?;
    Ok(NewObject { object: ObjectId(rng::bytes()), lane: Lane::Text, slot })
}

fn store_chunk(slots: &mut Reservation<'_>, object: ObjectId, area: &[u8; MEDIA_SEALED]) -> Result<NewObject> {
    let slot = slots.take()?;
    slots.outbox().put_chunk(slot, area)?;
    Ok(NewObject { object, lane: Lane::Media, slot })
}

/// Content chunks of all attachments: they lie in their slots already.
pub(super) fn media_objects(attachments: &[Attachment]) -> impl Iterator<Item = NewObject> {
    attachments.iter().flat_map(|attachment| {
        attachment.slots.iter().zip(0..).map(|(slot, index): (&SlotNumber, u32)| NewObject {
            object: attachment.key.object_id(index),
            lane: Lane::Media,
            slot: *slot,
        })
    })
}

type Chunk = (ObjectId, Box<[u8; MEDIA_SEALED]>);

/// Chunks that bring the report's media objects to a Padmé number. They continue the last attachment, so that the desk
/// can tell them from lost ones; a report without attachments has no media but overflow, which is padded already.
fn padding(attachments: &[Attachment], overflow: &[SealedItem]) -> Result<Vec<Chunk>> {
    let Some(last) = attachments.last() else { return Ok(Vec::new()) };
    let chunks = attachments.iter().map(|attachment| attachment.slots.len()).sum::<usize>()
        + overflow.iter().map(|item| item.chunks().len()).sum::<usize>();
    let chunks = u32::try_from(chunks).map_err(|_| Error::Store)?;
    let first = content_chunks(last.view.size)?;
    (0..padded_count(chunks) - chunks)
        .map(|extra| {
            let mut area = Box::new([0; MEDIA_SEALED]);
            let id = pad_chunk(&last.key, first + extra, &mut area)?;
            Ok((id, area))
        })
        .collect()
}

fn manifest(attachment: &Attachment) -> Result<Manifest> {
    let view = &attachment.view;
    // EXPOSE: the key goes into the sealed report, the only place where it will exist from now on.
    let key = MediaKey::from_base64(STANDARD.encode(attachment.key.expose()));
    let name = Some(attachment.file_name.clone()).filter(|name| !name.is_empty());
    Ok(Manifest {
        item: EvidenceItem {
            evidence_id: view.evidence_id.to_string(),
            kind: view.kind,
            mime: view.mime.clone(),
            size: view.size,
            sha256: Digest(view.sha256).to_string(),
            origin: attachment.origin,
            chunks: content_chunks(view.size)?,
            rest: BTreeMap::new(),
        },
        private: EvidencePrivate { name, key, rest: BTreeMap::new() },
    })
}
