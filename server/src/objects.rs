//! Where sealed areas lie: append-only segment files, behind a trait that an object store can take over.
//!
//! Many small files were rejected: each would cost two flushes (file and folder) where a batch here costs one. Blobs
//! in SQLite were rejected: every byte would be written twice, through the WAL and again at the checkpoint.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::Error;
use crate::data::{DataFolder, sync_folder_of};
use crate::limits::SEGMENT_MAX;

/// Where an object's sealed area lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
}

/// A store of sealed areas.
pub(crate) trait Objects: Send + Sync {
    /// Stores all of `areas` and returns their places. They are durable when this returns; on an error none counts.
    fn put(&self, areas: &[&[u8]]) -> io::Result<Vec<Place>>;

    /// Reads `len` bytes at `place`.
    fn read(&self, place: Place, len: usize) -> io::Result<Vec<u8>>;
}

/// Segment files in a local folder.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Number of the newest segment.
    number: u32,
    /// Its open file and length. `None` after a failure: what the disk holds of it is then unknown, and after a
    /// failed flush the system may call lost pages clean, so nothing is ever appended to it again.
    open: Option<(File, u64)>,
}

impl Segments {
    /// Opens the folder. `known` has the acknowledged length of each segment, in order. Bytes behind it are left over
    /// from a crash between flush and commit; they stay, since cutting them off would destroy reports if a database
    /// from an older backup lay beside newer objects.
    pub(crate) fn open(folder: &DataFolder, known: &[(u32, u64)]) -> Result<Self, Error> {
        let mut segments = Self { folder: folder.objects(), state: Mutex::new(State { number: 0, open: None }) };
        let mut newest = State { number: 0, open: None };
        for (number, acknowledged) in known {
            let path = segments.path(*number);
            let damaged = |_| Error::ObjectsDamaged(path.clone());
            let file = OpenOptions::new().write(true).open(&path).map_err(damaged)?;
            let length = file.metadata().map_err(damaged)?.len();
            if length < *acknowledged {
                return Err(Error::ObjectsDamaged(path));
            }
            newest = State { number: *number, open: Some((file, length)) };
        }
        segments.state = Mutex::new(newest);
        Ok(segments)
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:08}.seg"))
    }

    /// The next segment whose number no file has: one left over from a failure is not touched.
    fn create(&self, state: &mut State) -> io::Result<File> {
        loop {
            state.number = state.number.checked_add(1).ok_or(io::ErrorKind::StorageFull)?;
            let path = self.path(state.number);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    sync_folder_of(&path)?;
                    return Ok(file);
                }
            }
        }
    }

    fn append(&self, state: &mut State, areas: &[&[u8]]) -> io::Result<Vec<Place>> {
        let (file, mut end) = match state.open.take() {
            Some((file, length)) if length < SEGMENT_MAX => (file, length),
            _ => (self.create(state)?, 0),
        };
        let mut places = Vec::with_capacity(areas.len());
        for area in areas {
            file.write_all_at(area, end)?;
            places.push(Place { segment: state.number, offset: end });
            end += area.len() as u64;
        }
        file.sync_data()?;
        state.open = Some((file, end));
        Ok(places)
    }
}

impl Objects for Segments {
    fn put(&self, areas: &[&[u8]]) -> io::Result<Vec<Place>> {
        // `append` takes the open file out first, so an error or a panic leaves `None`.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.append(&mut state, areas)
    }

    fn read(&self, place: Place, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        File::open(self.path(place.segment))?.read_exact_at(&mut bytes, place.offset)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::folder;

    #[test]
    fn what_was_put_reads_back_after_reopening() {
        let (_dir, folder) = folder();
        let segments = Segments::open(&folder, &[]).unwrap();
        let places = segments.put(&[&[1; 10], &[2; 20]]).unwrap();
        let again = Segments::open(&folder, &[(1, 30)]).unwrap();
        assert_eq!(again.read(places[1], 20).unwrap(), [2; 20]);
        assert_eq!(again.put(&[&[3; 5]]).unwrap(), [Place { segment: 1, offset: 30 }]);
    }

    #[test]
    fn a_tail_that_nobody_acknowledged_is_left_alone() {
        let (_dir, folder) = folder();
        let segments = Segments::open(&folder, &[]).unwrap();
        segments.put(&[&[1; 10]]).unwrap();
        let tail = segments.put(&[&[9; 10]]).unwrap()[0];
        let again = Segments::open(&folder, &[(1, 10)]).unwrap();
        let place = again.put(&[&[2; 10]]).unwrap()[0];
        assert_eq!(place, Place { segment: 1, offset: 20 });
        assert_eq!(again.read(place, 10).unwrap(), [2; 10]);
        assert_eq!(again.read(tail, 10).unwrap(), [9; 10]);
    }

    #[test]
    fn a_segment_that_no_row_knows_is_not_written_over() {
        let (_dir, folder) = folder();
        let unknown = Segments::open(&folder, &[]).unwrap().put(&[&[9; 10]]).unwrap()[0];
        let again = Segments::open(&folder, &[]).unwrap();
        assert_eq!(again.put(&[&[2; 10]]).unwrap(), [Place { segment: 2, offset: 0 }]);
        assert_eq!(again.read(unknown, 10).unwrap(), [9; 10]);
    }

    #[test]
    fn a_segment_shorter_than_acknowledged_is_an_error() {
        let (_dir, folder) = folder();
        let segments = Segments::open(&folder, &[]).unwrap();
        segments.put(&[&[1; 10]]).unwrap();
        assert!(matches!(Segments::open(&folder, &[(1, 11)]), Err(Error::ObjectsDamaged(_))));
        assert!(matches!(Segments::open(&folder, &[(2, 1)]), Err(Error::ObjectsDamaged(_))));
        assert!(Segments::open(&folder, &[(1, 10)]).is_ok(), "control");
    }

    #[test]
    fn after_a_failure_nothing_is_appended_to_the_same_segment() {
        let (_dir, folder) = folder();
        let segments = Segments::open(&folder, &[]).unwrap();
        let first = segments.put(&[&[1; 10]]).unwrap()[0];
        // A read-only handle makes the write fail as a bad disk would.
        let read_only = File::open(segments.path(1)).unwrap();
        segments.state.lock().unwrap().open = Some((read_only, 10));
        assert!(segments.put(&[&[2; 10]]).is_err());
        assert_eq!(segments.put(&[&[3; 10]]).unwrap(), [Place { segment: 2, offset: 0 }]);
        assert_eq!(segments.read(first, 10).unwrap(), [1; 10]);
    }
}
