//! Makes a file that has its full size and random content from its first second.
//!
//! A file that grows, or has zero or sparse parts, tells how much of it is used. It is made under a second name and
//! renamed when it is complete and flushed, so a crash never leaves half a file under the real name; the
//! leftover is reused by the next attempt. (The rule "no rename" is about commits: nothing is replaced here.)
//!
//! One file may become longer later, on a person's word: the pool ([`lengthen`]).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::block_file::{BlockFile, LockedFile};
use crate::error::{Error, Result};

/// Bytes written per call. A slot of the pool: the system caches a file in pieces as large as they were written, and a
/// later write into a larger piece costs a walk through all of it (measured: a quarter of the time of attaching).
const STEP: usize = super::POOL_SLOT;

/// Makes `path` with `size` random bytes, lets `format` write into it, flushes file and folder.
///
/// Whatever fails, the partial file is removed and nothing has the real name.
pub(crate) fn make(
    path: &Path,
    size: u64,
    format: impl FnOnce(&Arc<LockedFile>) -> Result<()>,
) -> Result<Arc<LockedFile>> {
    refuse_existing(path)?;
    let partial = with_suffix(path, ".new");
    let file = Arc::new(LockedFile::open_or_make(&partial)?);
    // Asked again under the lock: another process may have finished meanwhile, and then this very file is its vault.
    let made = refuse_existing(path).and_then(|()| {
        file.file().set_len(0)?;
        fill(&file, 0, size)?;
        format(&file)?;
        file.file().sync_all().map_err(|error| Error::writing(&error, size))?;
        fs::rename(&partial, path)?;
        sync_folder_of(path)
    });
    match made {
        Ok(()) => Ok(file),
        // Whatever has the partial name now is not ours.
        Err(Error::AlreadyExists) => Err(Error::AlreadyExists),
        Err(error) => {
            // The first error is the one to tell; if removing fails too, the next attempt reuses the leftover.
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

/// Appends random bytes until `file`, of `before` bytes, has `after`; durable when this returns. What another try left beyond
/// `before` is written anew or taken away.
pub(crate) fn lengthen(file: &LockedFile, before: u64, after: u64) -> Result<()> {
    fill(file, before, after)?;
    file.file().set_len(after).map_err(|error| Error::writing(&error, after - before))?;
    file.file().sync_all().map_err(|error| Error::writing(&error, after - before))
}

/// Takes away what lies beyond `len`; durable when this returns.
pub(crate) fn shorten(file: &LockedFile, len: u64) -> Result<()> {
    file.file().set_len(len)?;
    Ok(file.file().sync_all()?)
}

/// Writes random bytes from `start` up to `end`.
fn fill(file: &LockedFile, start: u64, end: u64) -> Result<()> {
    let mut buffer = Zeroizing::new(vec![0; STEP]);
    let mut offset = start;
    while offset < end {
        let left = end - offset;
        let step = usize::try_from(left).map_or(STEP, |left| left.min(STEP));
        let Some(part) = buffer.get_mut(..step) else { return Err(Error::BadSize) };
        kapok_wire::rng::fill(part);
        file.write_at(offset, part).map_err(|error| Error::writing(&error, left))?;
        offset += step as u64;
    }
    Ok(())
}

/// [`Error::AlreadyExists`] if anything has this name, a dangling link included.
pub(crate) fn refuse_existing(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(Error::AlreadyExists),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Flushes the entry of the file at `path`, without which a new file may vanish in a power cut.
pub(crate) fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok(File::open(folder)?.sync_all()?)
}

/// Renames a damaged file to `NAME.aside-N`, the first N that is free, and returns the new name.
///
/// Never called by opening: whether a damaged file is given up is a person's decision.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf> {
    // The lock is held during the rename, so a vault that is open somewhere is not moved from under it.
    let _held = LockedFile::open(path)?;
    for number in 1..=u32::MAX {
        let target = with_suffix(path, &format!(".aside-{number}"));
        match refuse_existing(&target) {
            Ok(()) => {
                fs::rename(path, &target)?;
                sync_folder_of(path)?;
                return Ok(target);
            }
            Err(Error::AlreadyExists) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::AlreadyExists)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
