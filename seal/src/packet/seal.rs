//! Sealing both parts.

use kapok_wire::sizes::TEXT_SEALED;

use super::layout::{FRAME, Layout};
use super::overflow::{SealedItem, seal_item};
use super::part::{self, Fitted};
use crate::envelope::{overhead, seal_envelope, seal_to_length};
use crate::error::Error;
use crate::recipients::{ClassRecipients, Recipients};

/// A report, sealed: nothing in it opens without a desk's identity.
#[derive(Debug)]
pub struct SealedReport {
    /// The packet's sealed area.
    pub packet: Box<[u8; TEXT_SEALED]>,
    /// What did not fit: none for all but the longest reports, at most one item a part.
    pub overflow: Vec<SealedItem>,
}

/// Seals the two parts of a report, each to its class.
///
/// # Errors
/// [`Error::ContentTooLong`]; [`Error::SealFailed`] is a bug or a broken machine.
pub fn seal_packet(triage: &[u8], identities: &[u8], recipients: &ClassRecipients) -> Result<SealedReport, Error> {
    seal(triage, identities, recipients, Padding::On)
}

/// Off exists only for the test that shows that padding is what hides lengths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    On,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests only"))]
    Off,
}

pub(super) fn seal(
    triage: &[u8],
    identities: &[u8],
    recipients: &ClassRecipients,
    padding: Padding,
) -> Result<SealedReport, Error> {
    let layout = Layout::of(recipients)?;
    let mut overflow = Vec::new();
    let triage = seal_part(triage, &recipients.triage, layout.triage, padding, &mut overflow)?;
    let identities = seal_part(identities, &recipients.identities, layout.identities, padding, &mut overflow)?;

    let frame = Layout { triage: triage.len(), identities: identities.len() }.frame()?;
    let mut packet = Box::new([0; TEXT_SEALED]);
    // Random, not zero: today nothing is left over, but if it ever is, it shall not compress or stand out.
    kapok_wire::rng::fill(packet.as_mut_slice());
    let (frame_area, rest) = packet.split_at_mut(FRAME);
    frame_area.copy_from_slice(&frame);
    let (triage_area, rest) = rest.split_at_mut_checked(triage.len()).ok_or(Error::SealFailed)?;
    triage_area.copy_from_slice(&triage);
    rest.get_mut(..identities.len()).ok_or(Error::SealFailed)?.copy_from_slice(&identities);
    Ok(SealedReport { packet, overflow })
}

fn seal_part(
    content: &[u8],
    recipients: &Recipients,
    file_len: usize,
    padding: Padding,
    overflow: &mut Vec<SealedItem>,
) -> Result<Vec<u8>, Error> {
    let room = file_len.checked_sub(overhead(recipients)).ok_or(Error::SealFailed)?;
    let plaintext = match part::fit(content, room)? {
        Fitted::Inline(plaintext) => plaintext,
        Fitted::TooLong(deflated) => {
            let (stub, item) = seal_item(&deflated)?;
            overflow.push(item);
            part::encode_stub(&stub)?
        }
    };
    match padding {
        Padding::On => seal_to_length(recipients, &plaintext, file_len),
        Padding::Off => seal_envelope(recipients, &plaintext),
    }
}
