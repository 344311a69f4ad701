//! One part of a packet: open, or closed for a reason that the desk can act on.

use kapok_seal::{Content, OverflowStub, SecretBytes};
use kapok_wire::{Digest, ObjectId};

use crate::error::Error;
use crate::limits::COMBINATIONS;
use crate::store::inbox::Inbox;

/// Why a part cannot be read here and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Sealed to keys that are not here.
    NoKey,
    /// It is long and travels as chunks, some of which were not pulled yet.
    Missing {
        /// Chunks that are not here.
        missing: usize,
        /// Chunks in all.
        of: usize,
    },
    /// Changed or cut after sealing.
    Damaged,
    /// Made by a newer version: update.
    Newer,
    /// It opens, but holds no report of ours.
    NotAReport,
    /// It opens, but belongs to another report than the part beside it.
    OtherReport,
}

/// A part and what it says.
#[derive(Debug)]
pub enum Part<T> {
    /// Open.
    Open {
        /// What it says.
        content: T,
        /// SHA-256 of its bytes, to tell copies from versions.
        digest: Digest,
    },
    /// Not open.
    Closed(Closed),
}

impl<T> Part<T> {
    /// What it says, if it is open.
    #[must_use]
    pub fn content(&self) -> Option<&T> {
        match self {
            Self::Open { content, .. } => Some(content),
            Self::Closed(_) => None,
        }
    }

    /// Why it is not open.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        match self {
            Self::Open { .. } => None,
            Self::Closed(why) => Some(*why),
        }
    }

    /// Digest of its bytes, if it is open.
    #[must_use]
    pub(crate) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Open { digest, .. } => Some(*digest),
            Self::Closed(_) => None,
        }
    }
}

/// What became of the trial on one part, before its chunks were looked for.
type Trial = Result<Option<Content>, kapok_seal::Error>;

/// The chunks that a part leads to.
pub(crate) fn chunk_ids(trial: &Trial) -> Vec<ObjectId> {
    match trial {
        Ok(Some(Content::Overflow(stub))) => [stub.content_ids(), stub.padding_ids()].concat(),
        _ => Vec::new(),
    }
}

/// Completes a part and reads it with `parse`.
pub(crate) fn complete<T>(
    trial: Trial,
    inbox: &Inbox,
    parse: impl FnOnce(&[u8]) -> Result<T, kapok_report::Error>,
) -> Result<Part<T>, Error> {
    let bytes = match trial {
        Ok(None) => return Ok(Part::Closed(Closed::NoKey)),
        Ok(Some(Content::Inline(bytes))) => bytes,
        Ok(Some(Content::Overflow(stub))) => match fetch(&stub, inbox)? {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Part::Closed(why)),
        },
        Err(error) => return Ok(Part::Closed(why(&error))),
    };
    // EXPOSE: to read the document.
    let bytes = bytes.expose();
    Ok(match parse(bytes) {
        Ok(content) => Part::Open { content, digest: Digest::of(bytes) },
        Err(kapok_report::Error::NewerDocument { .. }) => Part::Closed(Closed::Newer),
        Err(_) => Part::Closed(Closed::NotAReport),
    })
}

/// What a failure to open means to the desk.
pub(crate) fn why(error: &kapok_seal::Error) -> Closed {
    match error {
        kapok_seal::Error::UnknownVersion => Closed::Newer,
        _ => Closed::Damaged,
    }
}

/// Content that travels as chunks: at most 1 MiB, so it may lie in memory.
fn fetch(stub: &OverflowStub, inbox: &Inbox) -> Result<Result<SecretBytes, Closed>, Error> {
    let mut chunks = Vec::new();
    for id in stub.content_ids() {
        chunks.push(inbox.chunk(id)?);
    }
    let missing = chunks.iter().filter(|variants| variants.is_empty()).count();
    let spoiled = stub.content_ids().iter().zip(&chunks).any(|(id, found)| found.is_empty() && inbox.has_chunk(*id));
    if spoiled {
        // The next pull does not ask for what lies here already: to wait would be in vain.
        return Ok(Err(Closed::Damaged));
    }
    if missing > 0 {
        return Ok(Err(Closed::Missing { missing, of: chunks.len() }));
    }
    for combination in 0..COMBINATIONS {
        let areas = chunks.iter().filter_map(|variants| variants.get(combination).or_else(|| variants.first()));
        if let Ok(bytes) = stub.complete(areas.map(|record| record.sealed.as_slice())) {
            return Ok(Ok(bytes));
        }
    }
    Ok(Err(Closed::Damaged))
}
