//! One attachment: are all chunks here, do they open, and is the whole what the report recorded?
//!
//! Chunks stream through one buffer, so a video of gigabytes costs no more memory than a photo.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_report::EvidenceItem;
use kapok_seal::media::{ChunkOpener, ItemKey, content_chunks, padded_count};
use kapok_wire::{Digest, ObjectId};
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;
use crate::limits::{CHUNKS_MAX, GAP_MAX};
use crate::open::report::OpenedReport;
use crate::store::inbox::Inbox;

/// What is known about an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// All of it is here and its hash is the recorded one.
    HashOk,
    /// All chunks are here; the hash was not computed.
    Complete,
    /// Some chunks were not pulled yet.
    Missing {
        /// Chunks that are not here; those behind a gap of 1,024 are not looked for and count as missing.
        missing: u32,
        /// Chunks in all.
        of: u32,
    },
    /// A chunk is here but does not open.
    Damaged,
    /// Every chunk opens, but the whole is not what was recorded.
    HashMismatch,
    /// Its key is sealed to another class.
    KeySealed,
    /// What the report says about it cannot be true.
    Unusable,
}

impl Integrity {
    /// The word in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::HashOk => "hash_ok",
            Self::Complete => "complete",
            Self::Missing { .. } => "missing",
            Self::Damaged => "damaged",
            Self::HashMismatch => "hash_mismatch",
            Self::KeySealed => "key_sealed",
            Self::Unusable => "unusable",
        }
    }
}

/// An attachment of an opened report, with what is needed to open it.
pub struct Attachment<'a> {
    /// What the report says about it.
    pub item: &'a EvidenceItem,
    /// The file's name on the device: a stranger's text.
    pub name: Option<&'a str>,
    content: Result<Sealed, Integrity>,
}

struct Sealed {
    key: ItemKey,
    sha256: [u8; 32],
    chunks: u32,
    /// Chunks of zeros that follow, so that the report's number of chunks tells little.
    padding: u32,
}

impl std::fmt::Debug for Attachment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Attachment([redacted])")
    }
}

/// The attachments of a report, in its order. None if what happened is sealed, since that is where they are listed.
#[must_use]
pub fn attachments(report: &OpenedReport) -> Vec<Attachment<'_>> {
    let items = report.triage.content().map(|triage| triage.evidence.as_slice()).unwrap_or_default();
    let people = report.identities.content();
    let attachment = |item| {
        let private = people.and_then(|people| people.evidence.get(item_id(item)));
        let content = match (people, private) {
            (None, _) => Err(Integrity::KeySealed),
            (Some(_), None) => Err(Integrity::Unusable),
            // EXPOSE: the key opens this attachment here.
            (Some(_), Some(private)) => sealed(item, private.key.expose()).ok_or(Integrity::Unusable),
        };
        Attachment { item, name: private.and_then(|private| private.name.as_deref()), content }
    };
    let mut all: Vec<_> = items.iter().map(attachment).collect();
    let chunks = items.iter().filter_map(|item| content_chunks(item.size).ok()).fold(0, u32::saturating_add);
    let chunks = chunks.saturating_add(u32::try_from(report.chunks.len()).unwrap_or(u32::MAX));
    // A report is padded as a whole, and the padding continues its last attachment.
    if let Some(Ok(last)) = all.last_mut().map(|last| last.content.as_mut()) {
        last.padding = padded_count(chunks).saturating_sub(chunks).min(CHUNKS_MAX);
    }
    all
}

fn item_id(item: &EvidenceItem) -> &str {
    &item.evidence_id
}

fn sealed(item: &EvidenceItem, key: &str) -> Option<Sealed> {
    let bytes = Zeroizing::new(STANDARD.decode(key).ok()?);
    let mut array = Zeroizing::new([0; 32]);
    if bytes.len() != array.len() {
        return None;
    }
    array.copy_from_slice(&bytes);
    let chunks = content_chunks(item.size).ok().filter(|chunks| *chunks <= CHUNKS_MAX)?;
    let sha256: Digest = item.sha256.parse().ok()?;
    Some(Sealed { key: ItemKey::from_bytes(&array), sha256: sha256.0, chunks, padding: 0 })
}

impl Attachment<'_> {
    /// Whether its chunks are here, without opening them. `here` is [`Inbox::chunk_ids`].
    #[must_use]
    pub fn presence(&self, here: &HashSet<ObjectId>) -> Integrity {
        match &self.content {
            Err(why) => *why,
            Ok(sealed) => sealed.presence(here),
        }
    }

    /// Opens it and checks its hash; `sink` gets the original's bytes in order. They may be used only if the result
    /// is [`Integrity::HashOk`].
    ///
    /// # Errors
    /// [`Error::Io`] and those of `sink`.
    pub fn open(
        &self,
        inbox: &Inbox,
        here: &HashSet<ObjectId>,
        mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Integrity, Error> {
        let sealed = match &self.content {
            Err(why) => return Ok(*why),
            Ok(sealed) => sealed,
        };
        let presence = sealed.presence(here);
        if presence != Integrity::Complete {
            return Ok(presence);
        }
        let Ok(mut opener) = ChunkOpener::new(&sealed.key, self.item.size, sealed.sha256) else {
            return Ok(Integrity::Unusable);
        };
        while let Some(id) = opener.next_id() {
            let mut opened = false;
            for record in inbox.chunk(id)? {
                let mut area = Zeroizing::new(record.sealed);
                if let Ok(content) = opener.open_next(&mut area) {
                    sink(content)?;
                    opened = true;
                    break;
                }
                area.zeroize();
            }
            if !opened {
                return Ok(Integrity::Damaged);
            }
        }
        Ok(if opener.finish().is_ok() { Integrity::HashOk } else { Integrity::HashMismatch })
    }

    /// Ids of all its chunks, padding included, as many as the report claims: for tools. A desk asks for
    /// [`Self::ids_here`], which a stranger's claim cannot make long.
    #[must_use]
    pub fn ids(&self) -> Vec<ObjectId> {
        let Ok(sealed) = &self.content else { return Vec::new() };
        (0..sealed.chunks + sealed.padding).map(|index| sealed.key.object_id(index)).collect()
    }

    /// Those of its chunks that are here, padding included.
    #[must_use]
    pub fn ids_here(&self, here: &HashSet<ObjectId>) -> Vec<ObjectId> {
        let Ok(sealed) = &self.content else { return Vec::new() };
        sealed.found(here, sealed.chunks + sealed.padding).collect()
    }
}

impl Sealed {
    fn presence(&self, here: &HashSet<ObjectId>) -> Integrity {
        match u32::try_from(self.found(here, self.chunks).count()).ok().and_then(|found| self.chunks.checked_sub(found))
        {
            Some(0) => Integrity::Complete,
            Some(missing) => Integrity::Missing { missing, of: self.chunks },
            None => Integrity::Unusable,
        }
    }

    /// Ids of the first `count` chunks that are here, up to the first long gap.
    fn found<'a>(&'a self, here: &'a HashSet<ObjectId>, count: u32) -> impl Iterator<Item = ObjectId> + 'a {
        let mut gap = 0;
        let looked = (0..count).map_while(move |index| {
            let id = self.key.object_id(index);
            gap = if here.contains(&id) { 0 } else { gap + 1 };
            (gap <= GAP_MAX).then_some((gap == 0).then_some(id))
        });
        looked.flatten()
    }
}
