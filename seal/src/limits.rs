//! Every limit of this crate, with its reason.

/// Most recipients of one class: what a bundle may name.
pub use kapok_wire::sizes::RECIPIENTS_MAX;

/// Largest content of one part before compression, in bytes: a dozen narratives of the longest allowed length (20,000
/// characters of up to 4 bytes). What a stranger's packet inflates to stops here.
pub const CONTENT_MAX: usize = 1 << 20;

/// Largest deflated content that travels as a media item, in bytes. Deflate may grow what does not compress, by far
/// less than this margin.
pub const OVERFLOW_MAX: usize = CONTENT_MAX + (64 << 10);

/// Most chunks of one item, padding included: 2^31 chunks are 140 TB, and rounding up stays within an index of u32.
pub const CHUNKS_MAX: u32 = 1 << 31;

/// Largest secret behind a passphrase, in bytes: root keys and identities are far smaller.
pub const LOCKED_SECRET_MAX: usize = 16 << 10;

/// Largest passphrase-protected file that is looked at, in bytes: the secret, its tag and a header of one stanza.
pub const LOCKED_FILE_MAX: usize = LOCKED_SECRET_MAX + 1_024;

/// Highest work factor that is attempted: 2^20 takes 1 GiB of memory and some seconds. A file asking for more could
/// stop the desk's machine, so it is refused before any work.
pub const WORK_FACTOR_MAX: u8 = 20;
