//! Files that a person names: a missing one is told by the argument that named it.

use std::io::ErrorKind;
use std::path::Path;

use kapok_desk::limits::NAMED_FILE_MAX;
use kapok_desk::{Doing, Error, read_at_most, write_new};

/// `result`, with a file that is not there told by `argument`. Its name stays out of errors: it may say something.
pub(super) fn named<T>(argument: &'static str, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| match error {
        Error::Io { kind: ErrorKind::NotFound, .. } => Error::NoFile { argument },
        other => other,
    })
}

/// A small file that `argument` names.
pub(super) fn read_named(argument: &'static str, path: &Path, what: Doing) -> Result<Vec<u8>, Error> {
    named(argument, read_at_most(path, NAMED_FILE_MAX).map_err(|error| Error::Io { what, kind: error.kind() }))
}

/// A new file that `argument` names; never over another one.
pub(super) fn write_named(argument: &'static str, path: &Path, what: Doing, bytes: &[u8]) -> Result<(), Error> {
    named(
        argument,
        write_new(path, bytes).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::OutputExists,
            ErrorKind::StorageFull => Error::DiskFull,
            kind => Error::Io { what, kind },
        }),
    )
}

/// Refuses a name that is taken, before anything is done that cannot be taken back. Links count, wherever they lead.
pub(super) fn free(path: &Path) -> Result<(), Error> {
    if path.symlink_metadata().is_ok() { Err(Error::OutputExists) } else { Ok(()) }
}
