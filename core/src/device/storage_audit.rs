//! Looks whether a device folder holds what it should and nothing else.
//!
//! A copy that some later code leaves behind, or a file that others can read, is found here and not by whoever takes the phone.
//! Run it in an app's tests after every screen, and at a start of the app if it likes.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::hold::REQUEST_FILE;
use super::{Device, POOL_FILE, QUEUE_FILE, VAULT_FILE};
use crate::error::Result;
use crate::vault::{QUEUE_ALIAS, VAULT_ALIAS};

/// Something in a device folder that does not belong there, or not like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageFinding {
    /// The entry's name, below the folder; "." is the folder itself.
    pub name: String,
    /// What is wrong with it.
    pub problem: StorageProblem,
}

/// What can be wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageProblem {
    /// Nothing that a device makes has this name.
    Unlisted,
    /// It should be a file, or the folder of device keys; it is something else, a link for example.
    WrongKind,
    /// Others than its owner may read or write it.
    OpenToOthers,
    /// It belongs to somebody else than the folder.
    OtherOwner,
    /// It has a second name somewhere.
    SecondName,
    /// It is missing.
    Missing,
}

const FILES: [&str; 3] = [VAULT_FILE, QUEUE_FILE, POOL_FILE];

/// What an entry has to be.
#[derive(Clone, Copy)]
enum Kind {
    File,
    Folder,
}

impl Device {
    /// What is wrong in a device folder; empty if all is as it should be. `key_folder` is the name of the folder below it
    /// that holds software device keys, if there is one. Works while the device is open.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn audit_storage(folder: &Path, key_folder: Option<&str>) -> Result<Vec<StorageFinding>> {
        let owner = fs::symlink_metadata(folder)?.uid();
        let mut audit = Audit { owner, findings: Vec::new() };
        audit.judge(".", folder, Kind::Folder)?;
        let names = audit.entries(folder, "", |name| listed(name, key_folder))?;
        for file in FILES {
            if !names.iter().any(|name| name == file) {
                audit.add(file, StorageProblem::Missing);
            }
        }
        if let Some(keys) = key_folder.filter(|keys| names.iter().any(|name| name == keys)) {
            audit.entries(&folder.join(keys), keys, |name| {
                let ours = [VAULT_ALIAS, QUEUE_ALIAS].iter().any(|alias| name == format!("{alias}.key"));
                ours.then_some(Kind::File)
            })?;
        }
        audit.findings.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(audit.findings)
    }
}

/// What an entry of a device folder has to be, if it may be there.
fn listed(name: &str, key_folder: Option<&str>) -> Option<Kind> {
    if key_folder == Some(name) {
        return Some(Kind::Folder);
    }
    let ours = FILES.contains(&name) || name == REQUEST_FILE;
    (ours || is_left(name)).then_some(Kind::File)
}

/// Whether a file is one that was set aside, or what a creation that was cut leaves until the next one reuses it.
pub(super) fn is_left(name: &str) -> bool {
    let digits = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_aside = name.split_once(".aside-").is_some_and(|(file, number)| FILES.contains(&file) && digits(number));
    is_aside || name.strip_suffix(".new").is_some_and(|name| FILES.contains(&name))
}

struct Audit {
    owner: u32,
    findings: Vec<StorageFinding>,
}

impl Audit {
    fn add(&mut self, name: &str, problem: StorageProblem) {
        self.findings.push(StorageFinding { name: name.to_owned(), problem });
    }

    /// Judges every entry of a folder and gives their names.
    fn entries(&mut self, folder: &Path, below: &str, listed: impl Fn(&str) -> Option<Kind>) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_str().map(str::to_owned);
            let shown = Path::new(below).join(name.as_deref().map_or(OsStr::new("\u{fffd}"), OsStr::new));
            let shown = shown.to_string_lossy().into_owned();
            match name.as_deref().and_then(&listed) {
                Some(kind) => self.judge(&shown, &entry.path(), kind)?,
                None => self.add(&shown, StorageProblem::Unlisted),
            }
            names.extend(name);
        }
        Ok(names)
    }

    fn judge(&mut self, name: &str, path: &Path, kind: Kind) -> Result<()> {
        let about = fs::symlink_metadata(path)?;
        let right = match kind {
            Kind::File => about.is_file(),
            Kind::Folder => about.is_dir(),
        };
        let problems = [
            (!right, StorageProblem::WrongKind),
            (right && about.mode() & 0o077 != 0, StorageProblem::OpenToOthers),
            (about.uid() != self.owner, StorageProblem::OtherOwner),
            (about.is_file() && about.nlink() > 1, StorageProblem::SecondName),
        ];
        problems.into_iter().filter(|(wrong, _)| *wrong).for_each(|(_, problem)| self.add(name, problem));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::super::testing::*;
    use super::*;
    use crate::error::Error;
    use crate::vault::SoftwareDeviceKey;

    fn found(folder: &Path) -> Vec<(String, StorageProblem)> {
        let found = Device::audit_storage(folder, Some("device-key")).unwrap();
        found.into_iter().map(|finding| (finding.name, finding.problem)).collect()
    }

    fn private(root: &tempfile::TempDir) -> PathBuf {
        let folder = root.path().join("device");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    #[test]
    fn a_device_leaves_nothing_but_its_files_whatever_it_does() {
        let root = tempfile::tempdir().unwrap();
        let folder = private(&root);
        let keys = folder.join("device-key");
        fs::create_dir(&keys).unwrap();
        fs::set_permissions(&keys, fs::Permissions::from_mode(0o700)).unwrap();
        let key = Arc::new(SoftwareDeviceKey::in_folder(&keys));
        let device = Device::create(&folder, &passphrase(), key, options(2, 24)).unwrap();
        assert_eq!(found(&folder), []);
        Organisation::make().enrol(&device);
        device.finish(draft(&device, "Example"), NOW).unwrap();
        draft(&device, "Example");
        Device::request_hold(&folder).unwrap();
        assert_eq!(found(&folder), []);
        drop(device);
        Device::set_aside(&folder).unwrap();
        assert_eq!(found(&folder), [(VAULT_FILE.to_owned(), StorageProblem::Missing)]);
    }

    #[test]
    fn every_entry_that_is_not_as_it_should_be_is_found() {
        let root = tempfile::tempdir().unwrap();
        let folder = private(&root);
        drop(device(&folder));
        let at = |name: &str| folder.join(name);
        fs::write(at("cache.db"), b"something").unwrap();
        fs::write(at("vault.kpk.aside-x"), b"something").unwrap();
        fs::write(at("hold"), b"").unwrap();
        fs::set_permissions(at("hold"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(at(QUEUE_FILE), fs::Permissions::from_mode(0o640)).unwrap();
        fs::rename(at(POOL_FILE), at("elsewhere")).unwrap();
        symlink(at("elsewhere"), at(POOL_FILE)).unwrap();
        fs::hard_link(at(VAULT_FILE), at("vault.kpk.new")).unwrap();
        assert_eq!(
            found(&folder),
            [
                ("cache.db".to_owned(), StorageProblem::Unlisted),
                ("elsewhere".to_owned(), StorageProblem::Unlisted),
                (POOL_FILE.to_owned(), StorageProblem::WrongKind),
                (QUEUE_FILE.to_owned(), StorageProblem::OpenToOthers),
                (VAULT_FILE.to_owned(), StorageProblem::SecondName),
                ("vault.kpk.aside-x".to_owned(), StorageProblem::Unlisted),
                ("vault.kpk.new".to_owned(), StorageProblem::SecondName),
            ]
        );
        assert_eq!(Device::audit_storage(&at("nowhere"), None), Err(Error::NotFound));
    }
}
