//! Finds compressed streams in any bytes and inflates them.
//!
//! zlib and gzip have heads. A raw deflate stream has none, but a block with its own code tables, which is what any
//! compressor makes of more than a few words, begins with a table of code lengths that must be complete; random bytes
//! pass that test once in some thousand places. Blocks with the built-in tables are looked for behind heads only:
//! any bytes begin one, and what they hold is too short to be worth the time.

use flate2::{Decompress, FlushDecompress, Status};

/// Most bytes inflated from one place.
const MOST: usize = 256 << 10;
/// Less than this is chance.
const LEAST: usize = 16;

/// Where streams begin and what they hold, as far as they inflate.
#[must_use]
pub fn inflated(bytes: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut found = Vec::new();
    let mut out = vec![0; MOST];
    for at in 0..bytes.len().saturating_sub(LEAST) {
        let rest = &bytes[at..];
        let start = match rest {
            [0x1f, 0x8b, 8, flags, ..] => gzip_body(rest, *flags),
            [0x78, level, ..] if u16::from_be_bytes([0x78, *level]).is_multiple_of(31) => Some(2),
            _ if complete_tables(rest) => Some(0),
            _ => None,
        };
        let content = start.and_then(|start| inflate(rest.get(start..)?, &mut out));
        found.extend(content.map(|content| (at, content)));
    }
    found
}

/// Length of a gzip head: fixed part, extra field, name, comment, checksum.
fn gzip_body(bytes: &[u8], flags: u8) -> Option<usize> {
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            at += 1 + bytes.get(at..)?.iter().position(|byte| *byte == 0)?;
        }
    }
    Some(at + if flags & 2 == 0 { 0 } else { 2 })
}

fn inflate(bytes: &[u8], out: &mut [u8]) -> Option<Vec<u8>> {
    let mut state = Decompress::new(false);
    let mut written = 0;
    // A damaged end does not matter: what came out before it can be read.
    while written < out.len() {
        let used = usize::try_from(state.total_in()).ok()?;
        let status = state.decompress(bytes.get(used..)?, &mut out[written..], FlushDecompress::None);
        let now = usize::try_from(state.total_out()).ok()?;
        if now == written || !matches!(status, Ok(Status::Ok)) {
            written = now;
            break;
        }
        written = now;
    }
    (written >= LEAST).then(|| out[..written].to_vec())
}

/// Whether a raw block with its own tables may begin here: type 2, counts in range, a complete code of code lengths.
fn complete_tables(bytes: &[u8]) -> bool {
    let Some(head) = bytes.get(..10) else { return false };
    let bits = head.iter().rev().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let take = |from: u32, count: u32| (bits >> from) as u32 & ((1 << count) - 1);
    if take(1, 2) != 2 || take(3, 5) > 29 || take(8, 5) > 29 {
        return false;
    }
    let lengths = (0..take(13, 4) + 4).map(|number| take(17 + 3 * number, 3));
    let weight: u32 = lengths.filter(|length| *length > 0).map(|length| 128 >> length).sum();
    weight == 128
}
