//! Sealing and opening: what a phone locks and only a desk can read.
//!
//! - [`Recipient`], [`Identity`]: age keys, post-quantum (`age1pq1…`) or X25519 (`age1…`), never mixed.
//! - [`seal_packet`], [`open_packet`]: a report's two parts in one area of constant size.
//! - [`media`]: attachments as chunks of constant size, hashed and sealed in one pass.
//! - [`StreamSealer`], [`StreamOpener`]: one age file that is too large for memory.
//! - [`lock_with_passphrase`], [`unlock_with_passphrase`]: secrets of the desk at rest.
//!
//! No file, no socket, no clock. Everything that opens takes hostile input: bounded, typed errors, no panic.
//! Formats: `docs/formats/packet.md` and `docs/formats/media-chunk.md`, with vectors in `seal/vectors/`.
//! Keys and randomness inside an age file are drawn by the `age` crate itself, from the operating system; all other
//! randomness is `kapok_wire::rng`.

mod bech;
mod deflate;
mod envelope;
mod error;
mod identity;
pub mod limits;
mod locked;
mod low_order;
pub mod media;
mod packet;
mod pq;
mod recipient;
mod recipients;
mod secret;
mod stream;

pub use envelope::{open_envelope, seal_envelope, seal_to_length};
pub use error::Error;
pub use identity::Identity;
pub use locked::{WORK_FACTOR, lock_with_passphrase, unlock_with_passphrase};
pub use packet::{Content, OpenedPacket, OverflowStub, SealedItem, SealedReport, open_packet, seal_packet};
pub use recipient::Recipient;
pub use recipients::{ClassRecipients, Recipients};
pub use secret::SecretBytes;
pub use stream::{StreamOpener, StreamSealer};
