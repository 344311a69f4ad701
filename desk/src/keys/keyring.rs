//! The desk keys at hand, unlocked as far as opening needs them.
//!
//! Unlocking a file costs a second and 256 MiB by design. One key of each class opens everything that was sealed to
//! the bundle in force, so the others stay locked until a packet needs them: one from before a rotation, say.

use std::path::Path;

use kapok_seal::Identity;
use kapok_wire::bundle::Class;
use zeroize::Zeroizing;

use crate::doing::Doing;
use crate::error::Error;
use crate::keys::secret::{OrgKey, Role};
use crate::limits::KEY_FILE_MAX;
use crate::store::durable;
use crate::store::folder::Folder;

/// Unlocked desk keys, and the files that are still locked.
pub struct Keyring {
    triage: bool,
    identities: bool,
    open: Vec<Identity>,
    waiting: Vec<std::path::PathBuf>,
    refused: usize,
    passphrase: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} open, {} locked)", self.open.len(), self.waiting.len())
    }
}

impl Keyring {
    /// Unlocks one key of each class that lies in the folder.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`] if no file opens; [`Error::NoKeys`] if none holds a desk key; [`Error::Io`].
    pub fn unlock(folder: &Folder, passphrase: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        let mut waiting = folder.key_files()?;
        // Root keys open no report; by the name that `init` and `key add` give them they are not even tried.
        waiting.retain(|path| !named(path, Role::Root));
        waiting.sort_by_key(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().contains("-1.")));
        waiting.reverse();
        let mut ring = Self { triage: false, identities: false, open: Vec::new(), waiting, refused: 0, passphrase };
        while !(ring.triage && ring.identities) && ring.unlock_next(true)? {}
        if ring.open.is_empty() {
            return Err(if ring.refused > 0 { Error::WrongPassphrase } else { Error::NoKeys });
        }
        Ok(ring)
    }

    /// Keys made elsewhere, for tests and for the test decryption.
    #[must_use]
    pub fn of(keys: Vec<OrgKey>) -> Self {
        let mut ring = Self {
            triage: false,
            identities: false,
            open: Vec::new(),
            waiting: Vec::new(),
            refused: 0,
            passphrase: Zeroizing::default(),
        };
        for key in keys {
            ring.take(key);
        }
        ring
    }

    /// The unlocked identities.
    #[must_use]
    pub fn identities(&self) -> &[Identity] {
        &self.open
    }

    /// True if a key of the class is unlocked.
    #[must_use]
    pub fn has(&self, class: Class) -> bool {
        match class {
            Class::Triage => self.triage,
            Class::Identities => self.identities,
        }
    }

    /// Key files that did not open with this passphrase or hold no key.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Unlocks one more key, if there is one; false when all were tried.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn unlock_more(&mut self) -> Result<bool, Error> {
        self.unlock_next(false)
    }

    /// Takes the next locked file, `wanted_only` skipping those whose name says a class that is open already.
    fn unlock_next(&mut self, wanted_only: bool) -> Result<bool, Error> {
        let useful = |path: &Path| {
            !(self.triage && named(path, Role::Desk(Class::Triage))
                || self.identities && named(path, Role::Desk(Class::Identities)))
        };
        let Some(at) = self.waiting.iter().rposition(|path| !wanted_only || useful(path)) else { return Ok(false) };
        let path = self.waiting.remove(at);
        let bytes = durable::read_at_most(&path, KEY_FILE_MAX).map_err(Error::io(Doing::ReadKeyFile))?;
        match OrgKey::unlock(&bytes, &self.passphrase) {
            Ok(key) => self.take(key),
            // Another passphrase, a damaged file: the other keys may still do.
            Err(_) => self.refused += 1,
        }
        Ok(true)
    }

    fn take(&mut self, key: OrgKey) {
        match key {
            OrgKey::Root(_) => {}
            OrgKey::Desk(class, identity) => {
                self.triage |= class == Class::Triage;
                self.identities |= class == Class::Identities;
                self.open.push(identity);
            }
        }
    }
}

/// True if the file's name starts with the role's word: a hint that saves work, never a proof.
fn named(path: &Path, role: Role) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(role.word()))
}
