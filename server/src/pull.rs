//! What the desk pulls: stored objects in order, as many as one answer holds.

use kapok_wire::pull::{Record, encode_records};
use kapok_wire::sizes::PULL_MAX;
use kapok_wire::{Hour, Lane, ObjectId, Problem};

use crate::db::Db;
use crate::limits::PULL_ROWS;
use crate::objects::{Objects, Place};
use crate::rows;

struct Row {
    sequence: u64,
    object: ObjectId,
    lane: Lane,
    hour: Hour,
    place: Place,
}

/// The answer to a pull of what comes after `after`.
///
/// What the disk does not give out is left out, so that one bad place does not keep all that lies behind it from the
/// desk. The desk sees the gap, since numbers have none otherwise. If there is nothing to give because of it, the answer
/// is a failure: an empty one would say that all was pulled.
pub(crate) fn after(db: &Db, objects: &dyn Objects, after: u64) -> Result<Vec<u8>, Problem> {
    let (mut records, mut unreadable, mut after) = (Vec::new(), 0_usize, after);
    // One byte for the version in front.
    let mut room = PULL_MAX - 1;
    while records.is_empty() {
        let found = find(db, after).map_err(|_| Problem::Storage)?;
        let Some(last) = found.last() else { break };
        after = last.sequence;
        for row in found {
            let Some(left) = room.checked_sub(Record::encoded_len(row.lane)) else { break };
            match objects.read(row.place, row.lane.sealed_len()) {
                Ok(sealed) => {
                    room = left;
                    let Row { sequence, object, lane, hour, .. } = row;
                    records.push(Record { sequence, hour, lane, object, sealed });
                }
                Err(error) if of_one_place(&error) => unreadable += 1,
                Err(error) => {
                    tracing::error!(kind = %error.kind(), "Stored objects cannot be read; look at the disk.");
                    return Err(Problem::Storage);
                }
            }
        }
    }
    if unreadable > 0 {
        tracing::error!(unreadable, "Stored objects cannot be read and were not given to the desk; look at the disk.");
        if records.is_empty() {
            return Err(Problem::Storage);
        }
    }
    encode_records(&records)
}

/// True for a bad place on the disk (EIO, which Rust has no stable name for) or a file that was cut. A file that is not
/// there or may not be read says more about the folder, and one open file too many nothing about the object: then
/// nothing is left out, since the desk would go on behind it.
fn of_one_place(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::UnexpectedEof || error.raw_os_error() == Some(5)
}

fn find(db: &Db, after: u64) -> Result<Vec<Row>, crate::Error> {
    db.read(|connection| {
        let mut query = connection.prepare_cached(
            "SELECT sequence, object, lane, hour, segment, offset FROM object
             WHERE sequence > ? ORDER BY sequence LIMIT ?",
        )?;
        let row = |row: &rusqlite::Row<'_>| {
            let lane = Lane::from_code(row.get("lane")?);
            Ok(Row {
                sequence: rows::number(row, "sequence")?,
                object: ObjectId(row.get("object")?),
                lane: lane.ok_or(rusqlite::Error::InvalidQuery)?,
                hour: rows::hour(row, "hour")?,
                place: Place { segment: row.get("segment")?, offset: rows::number(row, "offset")? },
            })
        };
        // A number past every row finds none.
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        query.query_map(rusqlite::params![after, PULL_ROWS.cast_signed()], row)?.collect()
    })
}

/// The acknowledged length of each segment, in order.
pub(crate) fn segments(db: &Db) -> Result<Vec<(u32, u64)>, crate::Error> {
    db.read(|connection| {
        let mut all = connection.prepare("SELECT segment, length FROM segment ORDER BY segment")?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get("segment")?, rows::number(row, "length")?));
        all.query_map([], row)?.collect()
    })
}
