//! Where the two parts lie in the area.

use kapok_wire::sizes::TEXT_SEALED;

use crate::envelope::overhead;
use crate::error::Error;
use crate::recipients::ClassRecipients;

/// The only version.
const VERSION: u8 = 1;
/// Version and both lengths, in bytes.
pub(super) const FRAME: usize = 5;

/// Lengths of the two age files, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) triage: usize,
    pub(super) identities: usize,
}

impl Layout {
    /// The layout for these recipients: what their headers leave goes 5/8 to triage, 3/8 to identities. The narrative
    /// is the longest single answer, and it is in triage.
    pub(super) fn of(recipients: &ClassRecipients) -> Result<Self, Error> {
        let (triage, identities) = (overhead(&recipients.triage), overhead(&recipients.identities));
        let free = TEXT_SEALED.checked_sub(FRAME + triage + identities).ok_or(Error::SealFailed)?;
        let for_triage = free * 5 / 8;
        Ok(Self { triage: triage + for_triage, identities: identities + free - for_triage })
    }

    /// The first bytes of the area.
    pub(super) fn frame(self) -> Result<[u8; FRAME], Error> {
        let length = |len: usize| u16::try_from(len).map(u16::to_be_bytes).map_err(|_| Error::SealFailed);
        let ([a, b], [c, d]) = (length(self.triage)?, length(self.identities)?);
        Ok([VERSION, a, b, c, d])
    }
}

/// The two age files in `area`. What follows them is padding and means nothing.
pub(super) fn split(area: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    if area.len() != TEXT_SEALED {
        return Err(Error::WrongLength);
    }
    let ([version, a, b, c, d], rest) = area.split_first_chunk::<FRAME>().ok_or(Error::WrongLength)?;
    if *version != VERSION {
        return Err(Error::UnknownVersion);
    }
    let triage_len = usize::from(u16::from_be_bytes([*a, *b]));
    let identities_len = usize::from(u16::from_be_bytes([*c, *d]));
    let (triage, rest) = rest.split_at_checked(triage_len).ok_or(Error::Malformed)?;
    let identities = rest.get(..identities_len).ok_or(Error::Malformed)?;
    Ok((triage, identities))
}
