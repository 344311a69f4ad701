//! The folder that a person names for originals: held by one program at a time, and cleared of what a killed one left.
//!
//! A program that is killed in the middle of an attachment leaves a file in plain text under a name that hides it. It is
//! the next extract into this folder that finds it, and then it goes. The folder belongs to the person and may hold
//! anything, so a file goes only if its name, its owner, its mode and its kind are all those of ours.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::doing::Doing;
use crate::error::Error;
use crate::store::durable;

/// A folder to write originals into. While it is held, no other desk writes there or takes anything away.
#[derive(Debug)]
pub struct ExtractDir {
    path: PathBuf,
    swept: usize,
    unfinished: Unfinished,
    _lock: Option<File>,
}

/// The file that is being written right now, for whoever ends the program in the middle of it.
#[derive(Clone, Debug, Default)]
pub struct Unfinished(Arc<Mutex<Option<PathBuf>>>);

impl Unfinished {
    /// Takes it away, if there is one.
    pub fn take_away(&self) {
        let path = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(path) = path {
            // If it stays, the next extract into this folder finds it.
            let _ = fs::remove_file(path);
        }
    }

    pub(crate) fn set(&self, path: Option<PathBuf>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = path;
    }
}

impl ExtractDir {
    /// Makes the folder if it is not there, for its owner only; holds it; takes away what an earlier extract left
    /// unfinished.
    ///
    /// # Errors
    /// [`Error::InUse`] if another program holds it; [`Error::Io`] if nothing can be written there.
    pub fn prepare(path: &Path) -> Result<Self, Error> {
        match durable::create_private_dir(path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            other => other.map_err(Error::io(Doing::MakeExtractFolder))?,
        }
        let lock = hold(path)?;
        // Without the lock a leftover cannot be told from what another program is just writing.
        let swept = if lock.is_some() { sweep(path).map_err(Error::io(Doing::WriteExtractFolder))? } else { 0 };
        Ok(Self { path: path.to_owned(), swept, unfinished: Unfinished::default(), _lock: lock })
    }

    /// Unfinished files that were taken away.
    #[must_use]
    pub fn swept(&self) -> usize {
        self.swept
    }

    /// What is being written into it, to be taken away by another thread if the program has to end at once.
    #[must_use]
    pub fn unfinished(&self) -> Unfinished {
        self.unfinished.clone()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The lock, or `None` where folders cannot be locked.
fn hold(path: &Path) -> Result<Option<File>, Error> {
    let Ok(dir) = File::open(path) else { return Ok(None) };
    match dir.try_lock() {
        Ok(()) => Ok(Some(dir)),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Takes away unfinished files of this user and counts them.
fn sweep(dir: &Path) -> io::Result<usize> {
    // What a file of ours looks like here: the system says who we are only to unsafe code.
    let probe = durable::partial_in(dir);
    let ours = durable::create_private(&probe)?.metadata().map(|ours| (ours.uid(), ours.mode() & 0o777));
    fs::remove_file(&probe)?;
    let (owner, mode) = ours?;
    let mut swept = 0;
    for entry in fs::read_dir(dir)?.filter_map(Result::ok) {
        // Of the name itself, so that a link is a link.
        let Ok(metadata) = fs::symlink_metadata(entry.path()) else { continue };
        let owner_only = mode & 0o077 == 0 && metadata.mode() & 0o777 == mode && metadata.uid() == owner;
        if durable::is_partial(&entry.file_name()) && metadata.is_file() && owner_only {
            fs::remove_file(entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn file(path: &Path, mode: u32) {
        fs::write(path, b"plain text").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_leftover_of_ours_goes_and_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        file(&at(".partial-0123456789abcdef"), 0o600);
        file(&at(".partial-00000000000000ff"), 0o600);
        // Each differs from ours in one thing only.
        file(&at(".partial-0123456789abcde"), 0o600);
        file(&at(".partial-0123456789ABCDEF"), 0o600);
        file(&at(".partial-0123456789abcdef.jpg"), 0o600);
        file(&at("partial-0123456789abcdef"), 0o600);
        file(&at(".partial-1111111111111111"), 0o644);
        file(&at(".partial-2222222222222222"), 0o640);
        file(&at("photo.jpg"), 0o600);
        symlink(at("photo.jpg"), at(".partial-3333333333333333")).unwrap();
        fs::create_dir(at(".partial-4444444444444444")).unwrap();
        assert_eq!(ExtractDir::prepare(dir.path()).unwrap().swept(), 2);
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        let expected = [
            ".partial-0123456789ABCDEF",
            ".partial-0123456789abcde",
            ".partial-0123456789abcdef.jpg",
            ".partial-1111111111111111",
            ".partial-2222222222222222",
            ".partial-3333333333333333",
            ".partial-4444444444444444",
            "partial-0123456789abcdef",
            "photo.jpg",
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn two_programs_do_not_extract_into_one_folder_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = ExtractDir::prepare(dir.path()).unwrap();
        file(&dir.path().join(".partial-0123456789abcdef"), 0o600);
        assert!(matches!(ExtractDir::prepare(dir.path()), Err(Error::InUse)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "what the first one writes stays");
        drop(first);
        assert_eq!(ExtractDir::prepare(dir.path()).unwrap().swept(), 1, "control");
    }
}
