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
pub(crate) fn after(db: &Db, objects: &dyn Objects, after: u64) -> Result<Vec<u8>, Problem> {
    let found = find(db, after).map_err(|_| Problem::Storage)?;
    let mut records = Vec::new();
    // One byte for the version in front.
    let mut room = PULL_MAX - 1;
    for row in found {
        let Some(left) = room.checked_sub(Record::encoded_len(row.lane)) else { break };
        room = left;
        let sealed = objects.read(row.place, row.lane.sealed_len()).map_err(|error| {
            tracing::error!(kind = %error.kind(), "A stored object cannot be read; look at the disk.");
            Problem::Storage
        })?;
        records.push(Record { sequence: row.sequence, hour: row.hour, lane: row.lane, object: row.object, sealed });
    }
    encode_records(&records)
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
