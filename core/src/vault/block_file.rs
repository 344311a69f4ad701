//! The narrow waist between the formats and the disk: read, write, flush, nothing else.
//!
//! Regions write through this trait so that tests can tear, drop and refuse writes at any sector. A rename, an
//! append or a length change cannot be expressed, so no format here can come to need one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use crate::error::{Error, Result};

/// What can be read at any place.
pub(crate) trait ReadAt: Send + Sync {
    /// Fills `buffer` from `offset`, or fails.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A file of fixed length.
pub(crate) trait BlockFile: ReadAt {
    /// Writes all of `bytes` at `offset`, or fails with an unknown part of them written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Returns once everything written before is on the medium.
    fn sync(&self) -> io::Result<()>;
}

/// A real file, locked against every other handle for as long as it lives.
#[derive(Debug)]
pub(crate) struct LockedFile(File);

impl LockedFile {
    /// Opens an existing file and takes the exclusive lock.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::lock(OpenOptions::new().read(true).write(true).open(path)?)
    }

    /// Opens or makes a file that only its owner can read, and takes the lock. The length is left as found.
    pub(crate) fn open_or_make(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        Self::lock(options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?)
    }

    /// Advisory (`flock`): it stops our own processes, not a hostile one. The kernel frees it when a process dies,
    /// so no stale lock can turn anyone away; a lock *file* was rejected for that reason and because it is a trace.
    fn lock(file: File) -> Result<Self> {
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::InUse),
            // Some systems' standard library has no lock. An app there is alone in its folder, and turning everybody away
            // would be worse.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(Self(file)),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    pub(crate) fn len(&self) -> Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    pub(crate) fn file(&self) -> &File {
        &self.0
    }
}

/// A file that is only looked at, without a lock: for what does not change while somebody has it open.
impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

impl ReadAt for LockedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }
}

impl BlockFile for LockedFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    /// `fdatasync` on Linux and Android; on Apple systems the standard library sends `F_FULLFSYNC`, which is what
    /// reaches the medium there.
    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
