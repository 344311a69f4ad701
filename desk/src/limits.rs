//! Every limit of the desk, with its reason. Lengths of formats are in `kapok_wire::sizes`, those of age files in
//! `kapok_seal::limits`.
//!
//! Whoever has an invite can send reports, and a server can answer anything: memory and time that a stranger's bytes
//! may cost are bounded here.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Fewest characters of a new passphrase, in Unicode form NFKC: a stop for accidents. Strength comes from several words
/// (`docs/howto/keys.md`).
pub const PASSPHRASE_MIN: usize = 8;
/// Longest passphrase, in bytes: a descriptor that never ends must not fill the memory.
pub const PASSPHRASE_MAX: usize = 4_096;
/// Longest small file that a person names (a card, a public key), in bytes: the longest of them is a card.
pub const NAMED_FILE_MAX: usize = kapok_wire::sizes::CARD_MAX;
/// Longest argument that may be the name of a public key's file, in bytes; a longer one is a key itself.
pub const KEY_ARGUMENT_MAX: usize = 1_024;
/// Days that a bundle may be valid. After ten years nobody remembers who has its root keys.
pub const VALID_DAYS: RangeInclusive<u64> = 1..=3_660;
/// Hours that an invite may be valid: a year, and a day for leap years. A printed invite that works longer is forgotten.
pub const INVITE_HOURS: RangeInclusive<u64> = 1..=8_784;
/// Longest label of a phone, in characters: a name and a word, not a story.
pub const PHONE_LABEL_MAX: usize = 80;

/// Length of every record of a phone as a sealed file, in bytes: the longest label in the longest header, three post-quantum
/// recipients, takes two thirds of it.
pub(crate) const PHONE_FILE: usize = 8_192;
/// Longest key file, in bytes: what sealing opens at all.
pub(crate) const KEY_FILE_MAX: usize = kapok_seal::limits::LOCKED_FILE_MAX;
/// Key files that are looked at: far more than the nine of a full organisation.
pub(crate) const KEY_FILES_MAX: usize = 64;
/// Longest file that marks a desk folder, in bytes: one number.
pub(crate) const MARK_MAX: usize = 1_024;
/// Longest file of the cursor, in bytes: a number and an id.
pub(crate) const CURSOR_MAX: usize = 64;
/// Longest certificate or key file of the desk's TLS identity, in bytes; ours have under 1 KiB.
pub(crate) const IDENTITY_FILE_MAX: usize = 16 << 10;
/// Files of one id that are looked at: the first, and what contradicted it later.
pub(crate) const VARIANTS_MAX: u32 = 8;

/// Ways to combine contradicting chunks of a long text: more than a misbehaving server ever needed.
pub(crate) const COMBINATIONS: usize = 4;
/// Most chunks of an attachment that are looked for: 16 GiB, more than phones record. A stranger's report may claim
/// any size, and looking for each of its chunks takes time.
pub(crate) const CHUNKS_MAX: u32 = 1 << 18;
/// Chunks looked for in vain before all that follow count as missing. Devices send chunks in order, so an attachment that
/// is on its way has one gap, at its end; without this one hostile report of 200 attachments kept a desk busy for minutes.
pub(crate) const GAP_MAX: u32 = 1_024;

/// Numbers tried for an attachment's name that is taken.
pub(crate) const NUMBERS_MAX: u32 = 10_000;
/// Longest name of an attachment, in bytes of UTF-8: leaves room for a number within the 255 that file systems allow.
pub(crate) const NAME_MAX: usize = 200;
/// Longest extension that is kept when a name is cut, dot included, in bytes.
pub(crate) const EXTENSION_MAX: usize = 17;

/// How long a connection may take to come up: slow lines and Tor-like detours included.
pub(crate) const CONNECT: Duration = Duration::from_secs(30);
/// How long the server may stay silent within an answer.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);
