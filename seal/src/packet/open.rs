//! Opening, from anywhere: every byte is hostile until its envelope opened, and after that it is still a stranger's,
//! since anybody can seal to a public key.

use kapok_wire::sizes::TEXT_SEALED;

use super::layout::split;
use super::overflow::OverflowStub;
use super::part::{self, Body};
use crate::deflate::inflate;
use crate::envelope::open_envelope;
use crate::error::Error;
use crate::identity::Identity;
use crate::secret::SecretBytes;

/// What one part holds.
#[derive(Debug)]
pub enum Content {
    /// The content itself.
    Inline(SecretBytes),
    /// It travels as a media item: fetch [`OverflowStub::content_ids`], then [`OverflowStub::complete`].
    Overflow(OverflowStub),
}

/// Both parts, each on its own: `None` if it is sealed to somebody else, an error if it is damaged. One damaged part
/// does not take the other with it.
#[derive(Debug)]
pub struct OpenedPacket {
    /// What happened.
    pub triage: Result<Option<Content>, Error>,
    /// Whom it is about.
    pub identities: Result<Option<Content>, Error>,
}

/// Opens a packet's sealed area with the identities of one class or of both.
///
/// The two parts prove nothing about each other: somebody may have sealed a new one beside an old one. Both bodies name
/// their report, and the caller compares.
///
/// # Errors
/// [`Error::WrongLength`], [`Error::UnknownVersion`], [`Error::Malformed`]: nothing in the area can be found.
pub fn open_packet(area: &[u8], identities: &[Identity]) -> Result<OpenedPacket, Error> {
    let (triage, people) = split(area)?;
    Ok(OpenedPacket { triage: open_part(triage, identities), identities: open_part(people, identities) })
}

fn open_part(file: &[u8], identities: &[Identity]) -> Result<Option<Content>, Error> {
    debug_assert!(file.len() < TEXT_SEALED);
    let Some(plaintext) = open_envelope(file, identities)? else { return Ok(None) };
    // EXPOSE: to read the part's own framing.
    match part::decode(plaintext.expose())? {
        Body::Inline(deflated) => Ok(Some(Content::Inline(SecretBytes::new(inflate(deflated)?)))),
        Body::Overflow(stub) => Ok(Some(Content::Overflow(stub))),
    }
}
