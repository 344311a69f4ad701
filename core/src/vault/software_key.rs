//! A device key in a file, for laptops, couriers and tests.
//!
//! It stops somebody who has `vault.kpk` alone (a backup, a share), not somebody who has the whole folder.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::device_key::{DeviceKey, DeviceKeyError, Level, unwrap_with, wrap_with};

/// Device keys as files `ALIAS.key` of 32 random bytes, readable by the owner only.
#[derive(Debug, Clone)]
pub struct SoftwareDeviceKey {
    folder: PathBuf,
}

impl SoftwareDeviceKey {
    /// Keys in `folder`, which must exist.
    #[must_use]
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self, alias: &str) -> Result<PathBuf, DeviceKeyError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if alias.is_empty() || alias.len() > 64 || !alias.bytes().all(allowed) {
            return Err(DeviceKeyError::BadAlias);
        }
        Ok(self.folder.join(format!("{alias}.key")))
    }

    /// The two keys derived from the file: one for codes, one for wrapping.
    fn derive(&self, alias: &str, label: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        let mut file = File::open(self.path(alias)?).map_err(|error| match error.kind() {
            ErrorKind::NotFound => DeviceKeyError::Missing,
            _ => DeviceKeyError::Unavailable,
        })?;
        file.read_exact(secret.as_mut()).map_err(|_| DeviceKeyError::Missing)?;
        let mut out = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::from_prk(secret.as_ref())
            .and_then(|hkdf| hkdf.expand(label, out.as_mut()).map_err(|_| hkdf::InvalidPrkLength))
            .map_err(|_| DeviceKeyError::Unavailable)?;
        Ok(out)
    }
}

const MAC: &[u8] = b"kapok/2026-11/device-key/mac";
const WRAP: &[u8] = b"kapok/2026-11/device-key/wrap";

impl DeviceKey for SoftwareDeviceKey {
    fn level(&self) -> Level {
        Level::Software
    }

    fn create(&self, alias: &str) -> Result<(), DeviceKeyError> {
        let path = self.path(alias)?;
        // Whole under a second name first: half a key would lock people out of what they write next.
        let partial = path.with_extension("key-new");
        if path.exists() {
            return Ok(());
        }
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
            file.write_all(Zeroizing::new(kapok_wire::rng::bytes::<32>()).as_ref())?;
            file.sync_all()?;
            fs::rename(&partial, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|_| {
            let _ = fs::remove_file(&partial);
            DeviceKeyError::Unavailable
        })
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        let key = self.derive(alias, MAC)?;
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.as_ref()).map_err(|_| DeviceKeyError::Unavailable)?;
        mac.update(data);
        Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        wrap_with(&*self.derive(alias, WRAP)?, alias, key)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        unwrap_with(&*self.derive(alias, WRAP)?, alias, wrapped)
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeyError> {
        let path = self.path(alias)?;
        // Overwritten first: a name that is gone leaves the bytes where they were. A disk that writes elsewhere keeps them all
        // the same, which is why this level promises little.
        let overwrite = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().write(true).open(&path)?;
            file.write_all(&kapok_wire::rng::bytes::<32>())?;
            file.sync_all()?;
            fs::remove_file(&path)
        };
        match overwrite() {
            Ok(()) => {
                File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(|_| DeviceKeyError::Unavailable)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(_) => Err(DeviceKeyError::Unavailable),
        }
    }
}

/// One behaviour suite for every implementation of the trait.
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::device_key::NoDeviceKey;
    use super::*;

    fn behaves(key: &dyn DeviceKey) {
        key.create("suite").unwrap();
        let first = key.mac("suite", b"guess").unwrap();
        key.create("suite").unwrap();
        assert_eq!(first, key.mac("suite", b"guess").unwrap(), "create must keep an existing key");
        let wrapped = key.wrap("suite", &[7; 32]).unwrap();
        assert_eq!(key.unwrap("suite", &wrapped).unwrap().as_slice(), [7; 32]);
        for at in 0..wrapped.len() {
            let mut bad = wrapped.clone();
            bad[at] ^= 1;
            assert_eq!(key.unwrap("suite", &bad).unwrap_err(), DeviceKeyError::Refused);
            assert!(key.unwrap("suite", &wrapped[..at]).is_err());
        }
        key.destroy("suite").unwrap();
        key.destroy("suite").unwrap();
    }

    #[test]
    fn all_levels_keep_the_contract() {
        let folder = tempfile::tempdir().unwrap();
        behaves(&NoDeviceKey);
        behaves(&SoftwareDeviceKey::in_folder(folder.path()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_software_key_is_private_bound_to_its_folder_and_gone_when_destroyed() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (ours, theirs) = (SoftwareDeviceKey::in_folder(here.path()), SoftwareDeviceKey::in_folder(there.path()));
        ours.create("a").unwrap();
        theirs.create("a").unwrap();
        ours.create("b").unwrap();
        let mode = fs::metadata(here.path().join("a.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(ours.mac("a", b"x").unwrap(), theirs.mac("a", b"x").unwrap());
        assert_ne!(ours.mac("a", b"x").unwrap(), ours.mac("b", b"x").unwrap());
        assert_eq!(theirs.unwrap("a", &ours.wrap("a", &[1; 32]).unwrap()).unwrap_err(), DeviceKeyError::Refused);
        ours.destroy("a").unwrap();
        assert_eq!(ours.mac("a", b"x").unwrap_err(), DeviceKeyError::Missing);
    }

    #[test]
    fn an_alias_cannot_name_another_folder() {
        let folder = tempfile::tempdir().unwrap();
        let key = SoftwareDeviceKey::in_folder(folder.path());
        for alias in ["", "../x", "a/b", "A", "a.b", "\u{1780}"] {
            assert_eq!(key.create(alias).unwrap_err(), DeviceKeyError::BadAlias);
        }
    }
}
