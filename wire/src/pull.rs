//! What the desk pulls: sealed objects in the order in which the server stored them.

use crate::bytes::Reader;
use crate::sizes::{PAGE, PULL_MAX};
use crate::{Hour, Lane, ObjectId, Problem};

const VERSION: u8 = 1;
const RECORD_HEAD: usize = 1 + 8 + 8 + 16;

/// One stored object, as the desk gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Position in the server's order: the next pull asks for what comes after it.
    pub sequence: u64,
    /// When it was stored.
    pub hour: Hour,
    /// Packet or media chunk.
    pub lane: Lane,
    /// The object's id.
    pub object: ObjectId,
    /// The sealed area.
    pub sealed: Vec<u8>,
}

impl Record {
    /// Length in a pull answer, in bytes.
    #[must_use]
    pub fn encoded_len(lane: Lane) -> usize {
        RECORD_HEAD + lane.sealed_len()
    }
}

/// Joins records to one answer, padded to whole pages so that its length tells little.
///
/// # Errors
/// [`Problem::Malformed`] if a sealed area has not its lane's length or the records are longer than [`PULL_MAX`].
pub fn encode_records(records: &[Record]) -> Result<Vec<u8>, Problem> {
    let mut out = vec![VERSION];
    for record in records {
        if record.sealed.len() != record.lane.sealed_len() {
            return Err(Problem::Malformed);
        }
        // 0 ends the list, so lanes count from one here.
        out.push(record.lane.code() + 1);
        out.extend(record.sequence.to_be_bytes());
        out.extend(record.hour.0.to_be_bytes());
        out.extend(record.object.0);
        out.extend(&record.sealed);
    }
    if out.len() > PULL_MAX {
        return Err(Problem::Malformed);
    }
    out.resize(out.len().div_ceil(PAGE) * PAGE, 0);
    Ok(out)
}

/// Reads what [`encode_records`] wrote.
///
/// # Errors
/// [`Problem::Malformed`] for any other shape.
pub fn decode_records(bytes: &[u8]) -> Result<Vec<Record>, Problem> {
    if bytes.is_empty() || bytes.len() > PULL_MAX || !bytes.len().is_multiple_of(PAGE) {
        return Err(Problem::Malformed);
    }
    decode_fields(bytes).ok_or(Problem::Malformed)
}

fn decode_fields(bytes: &[u8]) -> Option<Vec<Record>> {
    let mut r = Reader::new(bytes);
    if r.u8()? != VERSION {
        return None;
    }
    let mut records = Vec::new();
    while let Some(kind) = r.u8() {
        let Some(code) = kind.checked_sub(1) else {
            return r.rest_is_zero().then_some(records);
        };
        let lane = Lane::from_code(code)?;
        records.push(Record {
            lane,
            sequence: r.u64()?,
            hour: Hour(r.u64()?),
            object: ObjectId(r.array()?),
            sealed: r.take(lane.sealed_len())?.to_vec(),
        });
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(lane: Lane, sequence: u64) -> Record {
        let sealed = vec![sequence as u8; lane.sealed_len()];
        Record { sequence, hour: Hour(7), lane, object: ObjectId([3; 16]), sealed }
    }

    #[test]
    fn records_of_both_lanes_read_back_in_order() {
        for records in [vec![], vec![record(Lane::Text, 1)], vec![record(Lane::Media, 1), record(Lane::Text, 2)]] {
            let bytes = encode_records(&records).unwrap();
            assert_eq!(bytes.len() % PAGE, 0);
            assert_eq!(decode_records(&bytes).unwrap(), records);
        }
    }

    /// One packet: only the places of its fields matter here.
    fn page_of_the_vector() -> Vec<u8> {
        encode_records(&[record(Lane::Text, 3)]).unwrap()
    }

    #[test]
    #[ignore = "writes the vector once"]
    fn write_vector() {
        crate::vectors::write_hex("pull", "page_sha256", &crate::Digest::of(&page_of_the_vector()).0);
    }

    #[test]
    fn the_committed_vector_still_holds() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/pull.json")).unwrap();
        let expected = crate::vectors::hex(vectors["page_sha256"].as_str().unwrap());
        assert_eq!(crate::Digest::of(&page_of_the_vector()).0.to_vec(), expected);
    }

    #[test]
    fn more_than_sixteen_pages_are_refused() {
        let records: Vec<_> = (0..17).map(|i| record(Lane::Media, i)).collect();
        assert_eq!(encode_records(&records), Err(Problem::Malformed));
        assert!(encode_records(&records[..16]).is_ok(), "control");
    }

    proptest! {
        #[test]
        fn random_pages_never_panic(seed in proptest::collection::vec(any::<u8>(), 1..256)) {
            let mut bytes: Vec<u8> = seed.iter().copied().cycle().take(PAGE).collect();
            let _ = decode_records(&bytes);
            bytes[0] = 1;
            let _ = decode_records(&bytes);
        }
    }
}
