//! The packet: both parts of a report in one area of constant size.
//!
//! What happened (triage) and whom it is about (identities) are sealed apart, to different people. Each part gets a
//! fixed share of the area, set by the recipients alone; what does not fit after compression travels as a media item,
//! and the part then holds that item's key. Rejected: one length for whatever came (tells how much somebody had to
//! say), sharing the room by need (tells how much of it was about people). Format: `docs/formats/packet.md`.

mod layout;
mod open;
mod overflow;
mod part;
mod seal;
#[cfg(test)]
mod tests;

pub use open::{Content, OpenedPacket, open_packet};
pub use overflow::{OverflowStub, SealedItem};
pub use seal::{SealedReport, seal_packet};
