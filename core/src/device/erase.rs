//! Erasing everything on a person's word: a passphrase that was set to it, or too many wrong ones.
//!
//! The order of the steps is in [`crate::vault::Eraser`]: first what makes the rest unreadable, files last.

use std::fs;
use std::path::Path;

use super::storage_audit::is_left;
use super::{Device, POOL_FILE, QUEUE_FILE, VAULT_FILE};
use crate::error::{Error, Result};
use crate::vault::{Container, DeviceKey, Eraser, QUEUE_ALIAS, VAULT_ALIAS, sync_folder_of};

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
        make_unreadable(&eraser, &*self.device_key)?;
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
    let vault = folder.join(VAULT_FILE);
    make_unreadable(&Eraser::of(&vault)?, device_key)?;
    erase_left(folder)?;
    // The vault goes last: while it is there, the next start goes on here.
    for file in [QUEUE_FILE, POOL_FILE, VAULT_FILE] {
        match fs::remove_file(folder.join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    sync_folder_of(&vault)
}

/// Each step is tried whatever becomes of the others: one of the three is enough.
fn make_unreadable(eraser: &Eraser, device_key: &dyn DeviceKey) -> Result<()> {
    let marked = eraser.mark();
    let destroyed = destroy_keys(device_key);
    let finished = eraser.finish();
    marked.and(destroyed).and(finished)
}

/// Erases what was set aside before: without a device key, or with shares, such a file opens as it did.
fn erase_left(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_left(name)) else { continue };
        if name.starts_with(VAULT_FILE) {
            let eraser = Eraser::of(&entry.path())?;
            eraser.mark().and(eraser.finish())?;
        }
        fs::remove_file(entry.path())?;
    }
    Ok(())
}

fn destroy_keys(device_key: &dyn DeviceKey) -> Result<()> {
    let vault = device_key.destroy(VAULT_ALIAS);
    let queue = device_key.destroy(QUEUE_ALIAS);
    Ok(vault.and(queue)?)
}
