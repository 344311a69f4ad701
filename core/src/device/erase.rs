//! Erasing everything on a person's word: a passphrase that was set to it, or too many wrong ones.
//!
//! The order of the steps is in [`crate::vault::Eraser`]: first what makes the rest unreadable, files last.
//!
//! What lies there from before is erased with it as well as it goes, and stops nothing: once the vault is unreadable,
//! whoever asked for it must not be kept from beginning anew by a file on a bad medium.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;

use super::storage_audit::is_left;
use super::{Device, POOL_FILE, QUEUE_FILE, VAULT_FILE};
use crate::error::{Error, Result};
use crate::vault::{Container, DeviceKey, Eraser, QUEUE_ALIAS, VAULT_ALIAS, sync_folder_of};

/// The first and the last of these bytes of a file hold its headers, and what opens it.
const PAGE: usize = 4_096;

/// Wrong passphrases in a row after which everything is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EraseAfter {
    /// Never.
    Never,
    /// Five.
    Five,
    /// Ten.
    Ten,
    /// Twenty.
    Twenty,
}

impl EraseAfter {
    const ALL: [Self; 4] = [Self::Never, Self::Five, Self::Ten, Self::Twenty];

    /// As a number; 0 for never.
    #[must_use]
    pub fn failures(self) -> u32 {
        match self {
            Self::Never => 0,
            Self::Five => 5,
            Self::Ten => 10,
            Self::Twenty => 20,
        }
    }

    /// `None` unless it is 0, 5, 10 or 20.
    #[must_use]
    pub fn of_failures(failures: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|after| after.failures() == failures)
    }
}

impl Device {
    /// Sets after how many wrong passphrases in a row everything is erased: all vaults, what waits, the device keys. It
    /// holds for all vaults, and each can change it.
    ///
    /// # Errors
    /// [`Error::Locked`], trouble with the queue file.
    pub fn set_erase_after(&self, after: EraseAfter) -> Result<()> {
        self.with_vault(|_| self.queues.record().set_erase_after(after.failures()))
    }

    /// What [`Self::set_erase_after`] set.
    ///
    /// # Errors
    /// [`Error::Locked`], trouble with the queue file.
    pub fn erase_after(&self) -> Result<EraseAfter> {
        let failures = self.with_vault(|_| self.queues.record().erase_after())?;
        EraseAfter::of_failures(failures).ok_or(Error::Store)
    }

    /// Erases everything and begins anew with an empty vault in the same files.
    pub(super) fn erase_and_begin_anew(&self, eraser: Eraser) -> Result<Container> {
        let (destroyed, overwritten) = make_unreadable(&eraser, &*self.device_key);
        destroyed.and(overwritten)?;
        erase_left(&self.folder)?;
        self.queues.begin_anew(&*self.device_key)?;
        eraser.begin_anew(&*self.device_key)
    }

    /// Erases everything, and the files with it.
    pub(super) fn erase_for_good(&self) -> Result<()> {
        self.lock();
        self.queues.close();
        erase_files(&self.folder, &*self.device_key)
    }
}

/// Ends an erasing that a crash cut, so that the folder is as it was before anything was made in it.
pub(super) fn finish_cut(folder: &Path, device_key: &dyn DeviceKey) -> Result<()> {
    match Eraser::was_begun(&folder.join(VAULT_FILE)) {
        Ok(true) => erase_files(folder, device_key),
        Ok(false) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

fn erase_files(folder: &Path, device_key: &dyn DeviceKey) -> Result<()> {
    let [vault, queue, pool] = [VAULT_FILE, QUEUE_FILE, POOL_FILE].map(|file| folder.join(file));
    let (destroyed, overwritten) = make_unreadable(&Eraser::of(&vault)?, device_key);
    // Without a device key nothing else keeps anybody from the record in it.
    let overwritten = overwritten.and(overwrite(&queue).map_err(Error::from));
    let left = erase_left(folder);
    // While the vault is there, the next start goes on here.
    destroyed.and(left)?;
    let removed = remove(&queue).and(remove(&pool));
    sync_folder_of(&vault)?;
    removed?;
    remove(&vault)?;
    sync_folder_of(&vault)?;
    // Said once: it would be no other at the next start, and that one has to find an empty folder.
    overwritten
}

/// Each step is tried whatever becomes of the others: one of the three is enough. Gives what became of the device keys, and of
/// the pages.
fn make_unreadable(eraser: &Eraser, device_key: &dyn DeviceKey) -> (Result<()>, Result<()>) {
    let marked = eraser.mark();
    let destroyed = destroy_keys(device_key);
    let finished = eraser.finish();
    (destroyed, marked.and(finished))
}

/// Erases what was set aside before: without a device key, or with shares, such a file opens as it did, and a queue tells for
/// whom something waited. One that resists is passed over.
///
/// # Errors
/// The folder cannot be read to its end.
fn erase_left(folder: &Path) -> Result<()> {
    let mut listed = Ok(());
    // To the end first: some systems pass over names where others are removed meanwhile.
    for entry in fs::read_dir(folder)?.collect::<Vec<_>>() {
        match entry {
            Ok(entry) if entry.file_name().to_str().is_some_and(is_left) => {
                let _ = overwrite(&entry.path());
                let _ = remove(&entry.path());
            }
            Ok(_) => {}
            Err(error) => listed = Err(error.into()),
        }
    }
    listed.and(sync_folder_of(&folder.join(VAULT_FILE)))
}

/// Overwrites both ends of a file, each whatever becomes of the other. Takes no lock: this process may hold it, and one that
/// another holds must not save a file from being erased.
fn overwrite(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        // Nothing that a device made.
        Ok(found) if !found.is_file() => return Ok(()),
        _ => {}
    }
    // A copy that was restored may have lost the right to be written.
    let _ = fs::set_permissions(path, Permissions::from_mode(0o600));
    let file = OpenOptions::new().write(true).open(path)?;
    let end = file.metadata()?.len().saturating_sub(PAGE as u64);
    let [back, front] = [end, 0].map(|at| file.write_all_at(&kapok_wire::rng::bytes::<PAGE>(), at));
    back.and(front).and(file.sync_data())
}

/// Removes whatever has this name, if anything has.
fn remove(path: &Path) -> io::Result<()> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    match if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) } {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn destroy_keys(device_key: &dyn DeviceKey) -> Result<()> {
    let vault = device_key.destroy(VAULT_ALIAS);
    let queue = device_key.destroy(QUEUE_ALIAS);
    Ok(vault.and(queue)?)
}
