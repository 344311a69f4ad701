//! The folder `phones/`: one sealed file for each record, under a random name.
//!
//! A list in one file was rejected: adding to it would need the passphrase, and whoever makes invites need not be able to
//! read who got them. Nothing in a name, a length or a number of files tells one record from another; that there are
//! records, and when files were written, the file system tells.

use std::fs;
use std::path::{Path, PathBuf};

use kapok_seal::ClassRecipients;

use crate::doing::Doing;
use crate::error::Error;
use crate::keys::keyring::Keyring;
use crate::limits::PHONE_FILE;
use crate::phones::record::{self, Day, PhoneFault, PhoneRecord};
use crate::store::durable;
use crate::store::folder::Folder;

const SUFFIX: &str = ".age";

/// The records of phones in a desk folder. Whoever writes holds the folder's lock.
#[derive(Clone, Debug)]
pub struct Phones {
    folder: Folder,
    dir: PathBuf,
}

/// A phone, and the files that speak of it.
#[derive(Clone, Debug)]
pub struct Phone {
    /// What is known of it, `lost` being the first day on which it was written off.
    pub record: PhoneRecord,
    files: Vec<PathBuf>,
}

/// A file that says nothing here.
#[derive(Clone, Debug)]
pub struct ClosedRecord {
    /// Its name.
    pub file: String,
    /// Why it says nothing.
    pub why: PhoneFault,
}

/// Everything in the folder.
#[derive(Clone, Debug, Default)]
pub struct PhoneList {
    /// By the day of the invite, then by its hash.
    pub phones: Vec<Phone>,
    /// By name.
    pub closed: Vec<ClosedRecord>,
}

impl PhoneList {
    /// The phone with the number that a list shows, counted from 1.
    ///
    /// # Errors
    /// [`Error::NoSuchPhone`].
    pub fn numbered(&self, number: usize) -> Result<&Phone, Error> {
        number.checked_sub(1).and_then(|at| self.phones.get(at)).ok_or(Error::NoSuchPhone)
    }
}

impl Phones {
    /// The records of a desk. The folder need not be there: older desks have none.
    #[must_use]
    pub fn of(folder: &Folder) -> Self {
        Self { dir: folder.phones_dir(), folder: folder.clone() }
    }

    /// Adds a record, sealed to the recipients of class identities in the bundle in force. Needs no passphrase. Durable
    /// when this returns the file's place.
    ///
    /// # Errors
    /// [`Error::NoBundle`], [`Error::Bundle`], [`Error::Seal`], [`Error::Io`], [`Error::DiskFull`].
    pub fn add(&self, record: &PhoneRecord) -> Result<PathBuf, Error> {
        let to = ClassRecipients::of(self.folder.bundle()?.content())?;
        let file = record::seal(record, &to.identities)?;
        self.write(&file).map_err(Error::io(Doing::WritePhone))
    }

    fn write(&self, file: &[u8]) -> std::io::Result<PathBuf> {
        match durable::create_private_dir(&self.dir) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        durable::sync_dir(self.folder.root())?;
        let name = u128::from_be_bytes(kapok_wire::rng::bytes());
        let path = self.dir.join(format!("{name:032x}{SUFFIX}"));
        durable::replace(&path, file)?;
        Ok(path)
    }

    /// Takes back a record that [`Self::add`] wrote a moment before, because there is no such invite after all.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn take_back(&self, path: &Path) -> Result<(), Error> {
        fs::remove_file(path).and_then(|()| durable::sync_dir(&self.dir)).map_err(Error::io(Doing::ForgetPhone))
    }

    /// Opens every record. Keys that are still locked are unlocked when a record needs them.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read or this machine opens no more files: what does not open is part of the
    /// result.
    pub fn list(&self, keys: &mut Keyring) -> Result<PhoneList, Error> {
        let entries = match fs::read_dir(&self.dir) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(PhoneList::default()),
            other => other.map_err(Error::io(Doing::ReadPhones))?,
        };
        let (mut records, mut closed) = (Vec::new(), Vec::new());
        for entry in entries {
            let path = entry.map_err(Error::io(Doing::ReadPhones))?.path();
            let name = path.file_name().unwrap_or_default();
            if durable::is_partial(name) {
                continue;
            }
            match read(&path, keys)? {
                Ok(record) => records.push((record, path)),
                Err(why) => closed.push(ClosedRecord { file: name.to_string_lossy().into_owned(), why }),
            }
        }
        closed.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(PhoneList { phones: joined(records), closed })
    }

    /// Writes a phone off; false if it was before, and nothing was added.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn write_off(&self, phone: &Phone, day: Day) -> Result<bool, Error> {
        if phone.record.lost.is_some() {
            return Ok(false);
        }
        self.add(&PhoneRecord { lost: Some(day), ..phone.record.clone() })?;
        Ok(true)
    }

    /// Deletes every record of a phone, and what an interrupted command left half written.
    ///
    /// # Errors
    /// [`Error::Io`]; what is left then still says that the phone is written off, if it was.
    pub fn forget(&self, phone: &Phone) -> Result<(), Error> {
        self.remove(&phone.files).map_err(Error::io(Doing::ForgetPhone))
    }

    fn remove(&self, files: &[PathBuf]) -> std::io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.file_name().is_some_and(durable::is_partial) {
                fs::remove_file(&path)?;
            }
        }
        for path in files {
            match fs::remove_file(path) {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        durable::sync_dir(&self.dir)
    }
}

fn read(path: &Path, keys: &mut Keyring) -> Result<Result<PhoneRecord, PhoneFault>, Error> {
    // A pipe would be waited for without end.
    if !path.is_file() {
        return Ok(Err(PhoneFault::Unreadable));
    }
    let file = match durable::read_at_most(path, PHONE_FILE) {
        Ok(file) => file,
        Err(e) if durable::is_of_machine(&e) => return Err(Error::io(Doing::ReadPhones)(e)),
        Err(e) if e.kind() == std::io::ErrorKind::FileTooLarge => return Ok(Err(PhoneFault::Damaged)),
        Err(_) => return Ok(Err(PhoneFault::Unreadable)),
    };
    loop {
        match record::open(&file, keys.identities()) {
            Ok(Some(record)) => return Ok(Ok(record)),
            Ok(None) if keys.unlock_more()? => {}
            Ok(None) => return Ok(Err(PhoneFault::NoKey)),
            Err(why) => return Ok(Err(why)),
        }
    }
}

/// One phone for all records that agree on everything but whether it is written off. Of such records the ones that say
/// it is come last, so that deleting in this order never brings a lost phone back.
fn joined(mut records: Vec<(PhoneRecord, PathBuf)>) -> Vec<Phone> {
    records.sort();
    let mut phones: Vec<Phone> = Vec::new();
    for (record, path) in records {
        match phones.last_mut() {
            Some(phone)
                if (PhoneRecord { lost: None, ..record.clone() })
                    == (PhoneRecord { lost: None, ..phone.record.clone() }) =>
            {
                phone.record.lost = phone.record.lost.or(record.lost);
                phone.files.push(path);
            }
            _ => phones.push(Phone { record, files: vec![path] }),
        }
    }
    phones
}
