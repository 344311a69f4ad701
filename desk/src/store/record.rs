//! One pulled object as a file: what the server said about it, the sealed area, a checksum.
//!
//! ```text
//! 0 version 1 | 1 lane | 2..8 zero | 8 sequence u64 BE | 16 hour u64 BE | 24 object id [16] | 40 sealed area | SHA-256
//! ```
//! The checksum tells a damaged disk from a forged object: age and the chunk cipher notice both, but only a damaged
//! file may be replaced by pulling again. Format: `docs/formats/desk-folder.md`.

use kapok_wire::pull::Record;
use kapok_wire::{Digest, Hour, Lane, ObjectId};

const VERSION: u8 = 1;
const HEAD: usize = 40;
const SUM: usize = 32;
/// Longest record file, in bytes.
pub(crate) const RECORD_MAX: usize = HEAD + kapok_wire::sizes::MEDIA_SEALED + SUM;

/// The bytes of the file.
pub(crate) fn encode(record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + record.sealed.len() + SUM);
    out.extend([VERSION, record.lane.code(), 0, 0, 0, 0, 0, 0]);
    out.extend(record.sequence.to_be_bytes());
    out.extend(record.hour.0.to_be_bytes());
    out.extend(record.object.0);
    out.extend(&record.sealed);
    let sum = Digest::of(&out);
    out.extend(sum.0);
    out
}

/// The record in a file; `None` if the file is damaged, cut, or not one of ours.
pub(crate) fn decode(mut bytes: Vec<u8>) -> Option<Record> {
    let at = bytes.len().checked_sub(SUM)?;
    let (content, sum) = bytes.split_at_checked(at)?;
    if Digest::of(content).0 != *sum {
        return None;
    }
    let (head, sealed) = content.split_at_checked(HEAD)?;
    let (fixed, rest) = head.split_first_chunk::<8>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (hour, object) = rest.split_first_chunk::<8>()?;
    let [VERSION, lane, 0, 0, 0, 0, 0, 0] = *fixed else { return None };
    let lane = Lane::from_code(lane)?;
    if sealed.len() != lane.sealed_len() {
        return None;
    }
    let (sequence, hour) = (u64::from_be_bytes(*sequence), Hour(u64::from_be_bytes(*hour)));
    let object = ObjectId(object.try_into().ok()?);
    bytes.truncate(at);
    bytes.drain(..HEAD);
    Some(Record { sequence, hour, lane, object, sealed: bytes })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn record(lane: Lane, id: u8) -> Record {
        let sealed = vec![id; lane.sealed_len()];
        Record { sequence: u64::from(id), hour: Hour(498_000), lane, object: ObjectId([id; 16]), sealed }
    }

    #[test]
    fn both_lanes_read_back() {
        for record in [record(Lane::Text, 1), record(Lane::Media, 2)] {
            assert_eq!(decode(encode(&record)), Some(record));
        }
    }

    #[test]
    fn the_committed_vector_still_reads() {
        let text = include_str!("../../vectors/record.json");
        let vector: serde_json::Value = serde_json::from_str(text).unwrap();
        let bytes = encode(&record(Lane::Text, 3));
        // Hexadecimal by the types that the wire writes: 32 bytes, the last 16, and they overlap by 8.
        let digest = |bytes: &[u8]| Digest(bytes.try_into().unwrap()).to_string();
        let object = ObjectId(bytes[HEAD - 16..HEAD].try_into().unwrap()).to_string();
        assert_eq!(vector["head"], digest(&bytes[..32]) + &object[16..]);
        assert_eq!(vector["sum"], digest(&bytes[bytes.len() - SUM..]));
        assert_eq!(bytes[HEAD..bytes.len() - SUM], [3; kapok_wire::sizes::TEXT_SEALED]);
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_noticed() {
        let bytes = encode(&record(Lane::Text, 1));
        for at in [0, 1, 7, 8, 23, 24, 39, 40, 9_000, bytes.len() - 1] {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            assert_eq!(decode(bad), None, "byte {at}");
            assert_eq!(decode(bytes[..at].to_vec()), None, "cut at {at}");
        }
        assert!(decode(bytes).is_some(), "control");
    }

    proptest! {
        #[test]
        fn random_files_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), zeros in 0_usize..70_000) {
            let mut content = [bytes, vec![0; zeros]].concat();
            let _ = decode(content.clone());
            // With a right checksum, so that the fields are reached.
            content.extend(Digest::of(&content).0);
            let _ = decode(content);
        }
    }
}
