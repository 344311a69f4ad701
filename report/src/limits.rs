//! Every limit of this crate, with its reason. Checked before anything is allocated for the content.

/// Largest answers file read, in bytes: the longest narrative (20,000 characters) in Khmer is 60,000 bytes, escaped 120,000.
pub const MAX_ANSWERS: usize = 1 << 20;
/// Largest triage or identities document written and read, in bytes: an answers file with every name spelt out and
/// a manifest of attachments. A report that is larger is refused on the phone, never only at the desk.
pub const MAX_DOCUMENT: usize = 4 << 20;
/// Deepest nesting of a value that is stored as it stands. What is deeper is kept as JSON text: parsers stop at 128
/// levels, and a report must not be unreadable because of one odd answer.
pub const MAX_DEPTH: usize = 16;
/// Largest file of a pack, in bytes: a list of 14,500 villages with labels is about 3 MiB.
pub const MAX_PACK_FILE: usize = 8 << 20;
/// Most files in a pack.
pub const MAX_PACK_FILES: usize = 1_000;
/// Most fields in a form: no person answers a thousand questions; ten thousand is an attack or a mistake.
pub const MAX_FIELDS: usize = 1_000;
/// Most items in a list: all villages of a country fit.
pub const MAX_ITEMS: usize = 50_000;
/// Most attachments in one report.
pub const MAX_EVIDENCE: usize = 200;
/// Longest note beside an answer, in characters.
pub const MAX_NOTE: usize = 500;
/// Longest text where the field states no limit of its own, in characters.
pub const MAX_TEXT: usize = 20_000;
/// Longest code in a list, in characters.
pub const MAX_CODE: usize = 40;
/// Furthest that a pack's local time may be from UTC, in minutes: the easternmost zone of the world is 14 hours ahead.
pub const MAX_UTC_OFFSET_MINUTES: u16 = 14 * 60;
