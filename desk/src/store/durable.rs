//! Files that are whole or not there, readable by their owner only.
//!
//! Everything the desk keeps goes through here: written beside its place, flushed, moved, folder flushed. A plain
//! `fs::write` was rejected: after power loss it leaves an empty file where a key should be.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Prefix of files that are not whole yet. Nothing with this name is ever read.
pub(crate) const PARTIAL: &str = ".partial-";

/// Makes a file that must not exist yet, for its owner only.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options.mode(0o600).open(path)
}

/// Makes a folder for its owner only; parents must exist.
pub(crate) fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

/// Writes a file in one step, in place of an older one. Durable when this returns.
///
/// # Errors
/// The system's; the older file is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = parent(path);
    let partial = partial_in(dir);
    let written = write_synced(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // What is left is a partial file, which nothing reads; the first error is the one to tell.
        let _ = fs::remove_file(&partial);
    }
    written?;
    sync_dir(dir)
}

/// Writes a new file and never over another one. Durable when this returns.
///
/// # Errors
/// The system's; nothing new is then left.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // This call made the file, so it may take it away.
        let _ = fs::remove_file(path);
    }
    written?;
    sync_dir(parent(path))
}

/// Writes and flushes a file without making its name durable: for many files before one [`sync_dir`].
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

/// Makes names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// A fresh name for a file that is not whole yet.
pub(crate) fn partial_in(dir: &Path) -> PathBuf {
    let id = u64::from_be_bytes(kapok_wire::rng::bytes());
    dir.join(format!("{PARTIAL}{id:016x}"))
}

/// True for a name that [`partial_in`] makes.
pub(crate) fn is_partial(name: &OsStr) -> bool {
    let id = name.to_str().and_then(|name| name.strip_prefix(PARTIAL)).unwrap_or_default();
    id.len() == 16 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Reads a file of at most `max` bytes; a longer one is an error, not a part of it.
///
/// # Errors
/// The system's; [`io::ErrorKind::FileTooLarge`].
pub fn read_at_most(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// True if the system had no room for one more open file or its bytes: then every file would fail, so it says nothing
/// about this one. The numbers are those of ENOMEM, ENFILE and EMFILE, the same on Linux, macOS and the BSDs; Rust has
/// no stable name for all of them.
pub(crate) fn is_of_machine(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory || matches!(error.raw_os_error(), Some(12 | 23 | 24))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_never_written_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_new(&path, b"first").unwrap();
        assert_eq!(write_new(&path, b"second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        replace(&path, b"third").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_names_made_for_unfinished_files_are_known_again() {
        for _ in 0..100 {
            assert!(is_partial(partial_in(Path::new("a")).file_name().unwrap()));
        }
        assert!(!is_partial(OsStr::new(PARTIAL)) && !is_partial(OsStr::new("photo.jpg")));
    }

    #[test]
    fn a_file_past_the_limit_is_refused_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_new(&path, &[7; 10]).unwrap();
        assert_eq!(read_at_most(&path, 10).unwrap().len(), 10);
        assert_eq!(read_at_most(&path, 9).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn files_and_folders_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let sub = dir.path().join("d");
        create_private_dir(&sub).unwrap();
        replace(&sub.join("a"), b"x").unwrap();
        write_new(&sub.join("b"), b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(&sub), mode(&sub.join("a")), mode(&sub.join("b"))], [0o700, 0o600, 0o600]);
    }
}
