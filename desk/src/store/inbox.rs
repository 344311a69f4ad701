//! The inbox: every pulled object as a sealed file of its own, under its id.
//!
//! Packets and chunks lie in two folders, so that opening reads all packets and looks chunks up by name. What is
//! damaged or contradicts another file is set aside and counted, never deleted. A database was rejected: plain files
//! are copied, checked and rescued with any tool, and hold nothing but what the server held.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use kapok_wire::pull::Record;
use kapok_wire::{Lane, ObjectId};

use crate::doing::Doing;
use crate::error::Error;
use crate::limits::{CURSOR_MAX, VARIANTS_MAX};
use crate::store::durable::{self, PARTIAL};
use crate::store::record::{self, RECORD_MAX};

const PACKETS: &str = "packets";
const CHUNKS: &str = "chunks";
const DAMAGED: &str = "damaged";
const CURSOR: &str = "cursor";
const SUFFIX: &str = ".sealed";

/// The folder of pulled objects.
#[derive(Clone, Debug)]
pub struct Inbox {
    root: PathBuf,
}

/// The last object that was stored: its place in the server's order, and its id, by which a later pull notices that
/// the order is another one (a server restored from a backup gives old numbers to new objects).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its place.
    pub sequence: u64,
    /// Its id.
    pub object: ObjectId,
}

/// What became of a batch of pulled records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Records written.
    pub new: usize,
    /// Records that were here already, byte for byte.
    pub known: usize,
    /// Files that were damaged and are whole again; the damaged ones are kept aside.
    pub repaired: usize,
}

impl Inbox {
    /// The inbox in a desk folder.
    #[must_use]
    pub(crate) fn at(desk: &Path) -> Self {
        Self { root: desk.join("inbox") }
    }

    /// Makes its folders.
    pub(crate) fn make(&self) -> Result<(), Error> {
        for dir in [self.root.clone(), self.root.join(PACKETS), self.root.join(CHUNKS), self.root.join(DAMAGED)] {
            match durable::create_private_dir(&dir) {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                other => other.map_err(Error::io(Doing::MakeInbox))?,
            }
        }
        durable::sync_dir(&self.root).map_err(Error::io(Doing::MakeInbox))
    }

    /// Where the next pull goes on. An unreadable mark counts as none: pulling everything again loses nothing.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        let text = durable::read_at_most(&self.root.join(CURSOR), CURSOR_MAX).unwrap_or_default();
        let (sequence, object) = str::from_utf8(&text).ok()?.trim_end().split_once(' ')?;
        Some(Mark { sequence: sequence.parse().ok()?, object: object.parse().ok()? })
    }

    /// Notes that everything up to `mark` is stored. Call after [`Self::store`] only.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::DiskFull`].
    pub fn set_mark(&self, mark: Mark) -> Result<(), Error> {
        let text = format!("{} {}\n", mark.sequence, mark.object);
        durable::replace(&self.root.join(CURSOR), text.as_bytes()).map_err(Error::io(Doing::MoveCursor))
    }

    /// Stores records durably; when this returns, the cursor may move past them.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::DiskFull`]. Records stored before the error stay.
    pub fn store(&self, records: &[Record]) -> Result<Stored, Error> {
        let mut stored = Stored::default();
        for record in records {
            self.store_one(record, &mut stored).map_err(Error::io(Doing::StoreObject))?;
        }
        for lane in [Lane::Text, Lane::Media] {
            durable::sync_dir(&self.dir(lane)).map_err(Error::io(Doing::StoreObject))?;
        }
        Ok(stored)
    }

    fn store_one(&self, record: &Record, stored: &mut Stored) -> std::io::Result<()> {
        for variant in 1..=VARIANTS_MAX {
            let path = self.path(record.lane, record.object, variant);
            match durable::read_at_most(&path, RECORD_MAX).map(record::decode) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    self.write(record, &path)?;
                    stored.new += 1;
                    return Ok(());
                }
                Ok(Some(old)) if old.object == record.object && old.lane == record.lane => {
                    if old.sealed == record.sealed {
                        stored.known += 1;
                        return Ok(());
                    }
                    // Another content under one id: a server must not do that, so both stay for a person to see.
                }
                // Damaged, unreadable, no file, or under a wrong name: what the server has is put in its place.
                Err(e) if durable::is_of_machine(&e) => return Err(e),
                _ => {
                    self.set_aside(&path)?;
                    self.write(record, &path)?;
                    stored.repaired += 1;
                    return Ok(());
                }
            }
        }
        // More contradictions than anybody will look at; the ones here are kept.
        stored.known += 1;
        Ok(())
    }

    fn write(&self, record: &Record, path: &Path) -> std::io::Result<()> {
        let partial = durable::partial_in(&self.dir(record.lane));
        let written =
            durable::write_synced(&partial, &record::encode(record)).and_then(|()| fs::rename(&partial, path));
        if written.is_err() {
            // Only this call knows the partial file; the first error is the one to tell.
            let _ = fs::remove_file(&partial);
        }
        written
    }

    fn set_aside(&self, path: &Path) -> std::io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let id = u32::from_be_bytes(kapok_wire::rng::bytes());
        let dir = self.root.join(DAMAGED);
        fs::rename(path, dir.join(format!("{name}.{id:08x}")))?;
        durable::sync_dir(&dir)
    }

    /// Takes away what an interrupted pull left half written. Only for the one writer.
    pub fn sweep(&self) {
        for lane in [Lane::Text, Lane::Media] {
            for name in names(&self.dir(lane)) {
                if name.starts_with(PARTIAL) {
                    // If it stays, it only takes room.
                    let _ = fs::remove_file(self.dir(lane).join(name));
                }
            }
        }
    }

    /// Hands every packet that reads to `each`, one at a time, and gives the number of files that do not read: one bad
    /// file must not hide every other report.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read or this machine opens no more files, and those of `each`.
    pub fn packets(&self, mut each: impl FnMut(Record) -> Result<(), Error>) -> Result<usize, Error> {
        let dir = self.dir(Lane::Text);
        let mut damaged = 0;
        for entry in fs::read_dir(&dir).map_err(Error::io(Doing::ReadPacket))? {
            let path = entry.map_err(Error::io(Doing::ReadPacket))?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PARTIAL)) {
                continue;
            }
            // A pipe would be waited for without end.
            if !path.is_file() {
                damaged += 1;
                continue;
            }
            match durable::read_at_most(&path, RECORD_MAX).map(record::decode) {
                Ok(Some(record)) if record.lane == Lane::Text => each(record)?,
                Err(e) if durable::is_of_machine(&e) => return Err(Error::io(Doing::ReadPacket)(e)),
                _ => damaged += 1,
            }
        }
        Ok(damaged)
    }

    /// The ids under which chunks lie here.
    #[must_use]
    pub fn chunk_ids(&self) -> HashSet<ObjectId> {
        names(&self.dir(Lane::Media)).iter().filter_map(|name| parse_id(name)).collect()
    }

    /// Everything stored under a chunk's id that reads: usually one sealed area.
    ///
    /// # Errors
    /// [`Error::Io`] if this machine opens no more files.
    pub fn chunk(&self, id: ObjectId) -> Result<Vec<Record>, Error> {
        let mut found = Vec::new();
        for variant in 1..=VARIANTS_MAX {
            match durable::read_at_most(&self.path(Lane::Media, id, variant), RECORD_MAX).map(record::decode) {
                Ok(Some(record)) if record.object == id && record.lane == Lane::Media => found.push(record),
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => break,
                Err(e) if durable::is_of_machine(&e) => return Err(Error::io(Doing::ReadChunk)(e)),
                Err(_) => {}
            }
        }
        Ok(found)
    }

    /// True if something lies under a chunk's id, readable or not.
    #[must_use]
    pub fn has_chunk(&self, id: ObjectId) -> bool {
        fs::symlink_metadata(self.path(Lane::Media, id, 1)).is_ok()
    }

    /// Files set aside as damaged.
    #[must_use]
    pub fn set_aside_count(&self) -> usize {
        names(&self.root.join(DAMAGED)).len()
    }

    fn dir(&self, lane: Lane) -> PathBuf {
        self.root.join(if lane == Lane::Text { PACKETS } else { CHUNKS })
    }

    fn path(&self, lane: Lane, id: ObjectId, variant: u32) -> PathBuf {
        let variant = if variant == 1 { String::new() } else { format!("-{variant}") };
        self.dir(lane).join(format!("{id}{variant}{SUFFIX}"))
    }
}

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}

fn parse_id(name: &str) -> Option<ObjectId> {
    name.strip_suffix(SUFFIX)?.get(..32)?.parse().ok()
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
