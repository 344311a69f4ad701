//! Every limit of this crate, with its reason. Checked before anything is allocated for the content.

/// Largest answers file read, in bytes: the longest narrative (20,000 characters) in Khmer is 60,000 bytes, escaped 120,000.
pub const MAX_ANSWERS: usize = 1 << 20;
/// Largest triage or identities document read, in bytes. As [`MAX_ANSWERS`], with room for a manifest of attachments.
pub const MAX_DOCUMENT: usize = 1 << 20;
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
