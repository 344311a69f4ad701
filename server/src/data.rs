//! The data folder: its files, who may read them, and the lock that keeps a second server out.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::Error;

/// Paths in a data folder.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder of a server that was started before.
    pub(crate) fn existing(path: &Path) -> Result<Self, Error> {
        let folder = Self(path.to_owned());
        if folder.database().is_file() { Ok(folder) } else { Err(Error::NoServer(path.to_owned())) }
    }

    /// Makes the folder if it is not there, readable for its owner only.
    pub(crate) fn make(path: &Path) -> Result<Self, Error> {
        let folder = Self(path.to_owned());
        for dir in [path.to_owned(), folder.objects()] {
            DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(Error::file(&dir))?;
            let full = std::path::absolute(&dir).map_err(Error::file(&dir))?;
            sync_folder_of(&full).map_err(Error::file(&dir))?;
        }
        Ok(folder)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("kapok.sqlite")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys.json")
    }

    pub(crate) fn card(&self) -> PathBuf {
        self.0.join("server-card.json")
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }

    /// Held as long as the returned file is open; the system lets go of it when the process dies.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        let path = self.0.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(Error::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(self.0.clone())),
            Err(TryLockError::Error(error)) => Err(Error::file(&path)(error)),
        }
    }

    /// True if a server ran here: there is a database or an object file.
    pub(crate) fn has_data(&self) -> Result<bool, Error> {
        Ok(self.database().exists() || self.has_objects()?)
    }

    pub(crate) fn has_objects(&self) -> Result<bool, Error> {
        let objects = self.objects();
        let mut entries = fs::read_dir(&objects).map_err(Error::file(&objects))?;
        Ok(entries.next().is_some())
    }
}

/// Writes a small file so that after a crash there is the old one, the new one or none, but never half of one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let draft = path.with_extension("new");
    // A draft left by a crash was never in use, and its mode may be another.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::file(&draft)(error)),
        _ => {}
    }
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        sync_folder_of(path)
    };
    write().map_err(Error::file(path))
}

/// Makes a new name in a folder durable.
pub(crate) fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A fresh data folder, gone when the first is dropped.
    pub(crate) fn folder() -> (tempfile::TempDir, DataFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::make(&dir.path().join("data")).unwrap();
        (dir, folder)
    }
}
