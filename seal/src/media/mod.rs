//! Attachments as chunks of one size, under a key of their own.
//!
//! ```text
//! ItemKey ─┬─ HKDF "kapok/2026-11/media/chunk-key"          ─▶ chunk key (ChaCha20-Poly1305, nonce = index)
//!          └─ HKDF "kapok/2026-11/media/object-id" ‖ index  ─▶ id of chunk `index`
//! ```
//! Whoever holds the item key (the phone while the draft is open, then only the desk) can list and open an item's
//! chunks; to everybody else they are unrelated objects. Rejected: age for media (its header would show on the first
//! chunk, and it is slower), a random nonce per chunk (an index cannot repeat under a key that seals one item, and
//! binds the order for free). Format: `docs/formats/media-chunk.md`.

mod chunk;
mod key;
mod opener;
mod padme;
mod sealer;

pub use chunk::open_chunk;
pub use key::ItemKey;
pub use opener::ChunkOpener;
pub use padme::{content_chunks, padded_count};
pub use sealer::{ChunkSealer, ItemSummary, PushError, SealedChunk, pad_chunk};

use kapok_wire::sizes::MEDIA_SEALED;

/// Length of the tag at the end of a chunk, in bytes.
pub const TAG_LEN: usize = 16;

/// Content that one chunk carries, in bytes.
pub const CHUNK_CONTENT: usize = MEDIA_SEALED - TAG_LEN;
