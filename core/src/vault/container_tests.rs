//! Real files: creating, opening, refusing, setting aside.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeroize::Zeroizing;

use super::container::{Container, NewVaults, VAULT_ALIAS};
use super::device_key::{DeviceKey, DeviceKeyError, Level, NoDeviceKey};
use super::header::HalfFrames;
use super::kdf::KdfParams;
use super::migrate::Migrations;
use super::passphrase::Passphrase;
use super::queue::QueueFile;
use super::software_key::SoftwareDeviceKey;
use super::store::Store;
use crate::error::{Error, Result};

const STEPS: Migrations =
    Migrations(&[("001_start", "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;")]);

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn vault(&self) -> PathBuf {
        self.0.path().join("vault.kpk")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn create(&self, device_key: &dyn DeviceKey) -> Result<Store> {
        let half = HalfFrames::new(1).unwrap();
        Container::create(&self.vault(), half, only(&passphrase("right")), device_key, KdfParams::FLOOR)?
            .into_store(STEPS)
    }

    fn open(&self, word: &str, device_key: &dyn DeviceKey) -> Result<Store> {
        Container::open(&self.vault(), &passphrase(word), device_key)?.vault().into_store(STEPS)
    }
}

fn only(first: &Passphrase) -> NewVaults<'_> {
    NewVaults { first, further: &[], waiting: &[] }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into()).unwrap()
}

fn put(store: &mut Store, text: &str) {
    store.write(|db| Ok(db.execute("INSERT INTO note (text) VALUES (?1)", [text])?)).unwrap();
}

fn first(store: &mut Store) -> String {
    store.read(|db| Ok(db.query_row("SELECT text FROM note WHERE id = 1", [], |row| row.get(0))?)).unwrap()
}

#[test]
fn a_vault_has_its_full_size_at_once_and_opens_again() {
    let folder = Folder::new();
    let mut store = folder.create(&NoDeviceKey).unwrap();
    let meta = fs::metadata(folder.vault()).unwrap();
    assert_eq!(meta.len(), 2 * 4_096 + 8 * 65_536);
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    put(&mut store, "mango");
    drop(store);
    assert_eq!(folder.names(), ["vault.kpk"]);
    assert_eq!(fs::metadata(folder.vault()).unwrap().len(), 2 * 4_096 + 8 * 65_536);
    assert_eq!(first(&mut folder.open("right", &NoDeviceKey).unwrap()), "mango");

    let before = fs::read(folder.vault()).unwrap();
    assert_eq!(folder.open("wrong", &NoDeviceKey).err(), Some(Error::WrongPassphrase));
    assert_eq!(folder.open("rights", &NoDeviceKey).err(), Some(Error::WrongPassphrase));
    assert_eq!(folder.create(&NoDeviceKey).err(), Some(Error::AlreadyExists));
    assert!(fs::read(folder.vault()).unwrap() == before);
    assert!(!before.windows(5).any(|window| window == b"mango"));
}

#[test]
fn no_part_of_a_fresh_file_is_zero_or_sparse() {
    let folder = Folder::new();
    drop(folder.create(&NoDeviceKey).unwrap());
    let bytes = fs::read(folder.vault()).unwrap();
    let longest = |bytes: &[u8]| bytes[64..].split(|byte| *byte != 0).map(<[u8]>::len).max().unwrap();
    assert!(longest(&bytes) < 8, "random bytes have no long runs of zeros");
    // Control: a file that was only made long has.
    assert!(longest(&vec![0; 4_096]) > 1_000);
    let blocks = std::os::unix::fs::MetadataExt::blocks(&fs::metadata(folder.vault()).unwrap()) * 512;
    assert!(blocks >= bytes.len() as u64);
}

/// Counts calls, as the hardware would.
struct Counting(SoftwareDeviceKey, AtomicUsize);

impl DeviceKey for Counting {
    fn level(&self) -> Level {
        self.0.level()
    }
    fn create(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.0.create(alias)
    }
    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.mac(alias, data)
    }
    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.0.wrap(alias, key)
    }
    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        self.0.unwrap(alias, wrapped)
    }
    fn destroy(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.0.destroy(alias)
    }
}

#[test]
fn the_right_passphrase_with_another_device_key_never_opens() {
    let (folder, keys, other) = (Folder::new(), Folder::new(), Folder::new());
    let ours = Counting(SoftwareDeviceKey::in_folder(keys.0.path()), AtomicUsize::new(0));
    let theirs = SoftwareDeviceKey::in_folder(other.0.path());
    drop(folder.create(&ours).unwrap());
    let missing = || Some(Error::DeviceKey(DeviceKeyError::Missing));
    assert_eq!(folder.open("right", &theirs).err(), missing(), "says why: this is another device");
    theirs.create(VAULT_ALIAS).unwrap();
    assert_eq!(folder.open("right", &theirs).err(), Some(Error::WrongPassphrase));
    assert_eq!(folder.open("right", &NoDeviceKey).err(), Some(Error::WrongPassphrase));
    // Control: with its own key it opens. Each guess, right or wrong, is one operation.
    ours.1.store(0, Ordering::Relaxed);
    assert!(folder.open("right", &ours).is_ok());
    assert!(folder.open("wrong", &ours).is_err());
    assert_eq!(ours.1.load(Ordering::Relaxed), 2);
    ours.destroy(VAULT_ALIAS).unwrap();
    assert_eq!(folder.open("right", &ours).err(), missing());
}

#[test]
fn cut_extended_and_foreign_files_are_refused_and_stay_as_they_are() {
    let folder = Folder::new();
    drop(folder.create(&NoDeviceKey).unwrap());
    let whole = fs::read(folder.vault()).unwrap();
    // The same in both pages: one that is good mends the other.
    let back = whole.len() - 4_096;
    let with = |at: usize, value: &[u8]| {
        let mut bytes = whole.clone();
        for at in [at, back + at] {
            bytes[at..at + value.len()].copy_from_slice(value);
        }
        bytes
    };
    let longer = [whole.as_slice(), b"x"].concat();
    let cases = [
        (vec![], Error::WrongLength),
        (whole[..4_095].to_vec(), Error::WrongLength),
        (whole[..back - 1].to_vec(), Error::WrongLength),
        (longer, Error::WrongLength),
        (with(56, &2_u32.to_be_bytes()), Error::WrongLength),
        (with(0, b"SQLite format 3"), Error::BadFormat),
        (with(7, &[2]), Error::NewerVersion),
        (with(12, &1_024_u32.to_be_bytes()), Error::KdfTooWeak),
        (with(12, &u32::MAX.to_be_bytes()), Error::KdfTooCostly),
        // A changed parameter within the limits changes the key *and* the associated data.
        (with(16, &4_u32.to_be_bytes()), Error::WrongPassphrase),
    ];
    for (bytes, expected) in cases {
        fs::write(folder.vault(), &bytes).unwrap();
        assert_eq!(folder.open("right", &NoDeviceKey).err(), Some(expected));
        assert!(fs::read(folder.vault()).unwrap() == bytes);
    }
    fs::remove_file(folder.vault()).unwrap();
    assert_eq!(folder.open("right", &NoDeviceKey).err(), Some(Error::NotFound));
    assert!(folder.names().is_empty());
    fs::write(folder.vault(), &whole).unwrap();
    assert!(folder.open("right", &NoDeviceKey).is_ok());
}

#[test]
fn two_damaged_halves_are_reported_kept_and_set_aside_only_on_request() {
    let folder = Folder::new();
    drop(folder.create(&NoDeviceKey).unwrap());
    let mut bytes = fs::read(folder.vault()).unwrap();
    for half in bytes[4_096..].chunks_exact_mut(65_536) {
        half[100] ^= 1;
    }
    fs::write(folder.vault(), &bytes).unwrap();
    assert_eq!(folder.open("right", &NoDeviceKey).err(), Some(Error::Damaged));
    assert!(fs::read(folder.vault()).unwrap() == bytes, "nothing was written");
    assert_eq!(folder.create(&NoDeviceKey).err(), Some(Error::AlreadyExists));
    fs::write(folder.0.path().join("vault.kpk.aside-1"), b"an earlier one").unwrap();
    let name = Container::set_aside(&folder.vault()).unwrap();
    assert_eq!(name.file_name().unwrap(), "vault.kpk.aside-2");
    assert!(fs::read(name).unwrap() == bytes);
    assert_eq!(fs::read(folder.0.path().join("vault.kpk.aside-1")).unwrap(), b"an earlier one");
    let store = folder.create(&NoDeviceKey).unwrap();
    assert_eq!(Container::set_aside(&folder.vault()).err(), Some(Error::InUse));
    drop(store);
    assert_eq!(folder.names(), ["vault.kpk", "vault.kpk.aside-1", "vault.kpk.aside-2"]);
}

#[test]
fn a_leftover_of_a_crash_while_creating_does_not_stand_in_the_way() {
    let folder = Folder::new();
    fs::write(folder.0.path().join("vault.kpk.new"), vec![7; 9_000_000]).unwrap();
    assert_eq!(folder.open("right", &NoDeviceKey).err(), Some(Error::NotFound));
    drop(folder.create(&NoDeviceKey).unwrap());
    assert_eq!(folder.names(), ["vault.kpk"]);
    assert_eq!(fs::metadata(folder.vault()).unwrap().len(), 2 * 4_096 + 8 * 65_536);
    assert!(folder.open("right", &NoDeviceKey).is_ok());
}

#[test]
fn the_queue_opens_with_the_device_key_alone_and_with_no_other() {
    let (folder, other) = (Folder::new(), Folder::new());
    let path = folder.0.path().join("queue.kpk");
    let key = SoftwareDeviceKey::in_folder(folder.0.path());
    let mut store = QueueFile::create(&path, HalfFrames::QUEUE_DEFAULT, &key).unwrap().record(STEPS).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 2 * 4_096 + 10 * 16 * 65_536);
    put(&mut store, "waiting");
    assert_eq!(QueueFile::open(&path, &key).err(), Some(Error::InUse));
    drop(store);
    assert_eq!(first(&mut QueueFile::open(&path, &key).unwrap().record(STEPS).unwrap()), "waiting");
    let theirs = SoftwareDeviceKey::in_folder(other.0.path());
    assert_eq!(QueueFile::open(&path, &theirs).err(), Some(Error::DeviceKey(DeviceKeyError::Missing)));
    theirs.create(super::queue::QUEUE_ALIAS).unwrap();
    assert_eq!(QueueFile::open(&path, &theirs).err(), Some(Error::DeviceKey(DeviceKeyError::Refused)));
    assert_eq!(QueueFile::open(&path, &NoDeviceKey).err(), Some(Error::DeviceKey(DeviceKeyError::Refused)));
    let whole = fs::read(&path).unwrap();
    let begun = |with: &[u8; 8]| {
        let mut bytes = whole.clone();
        for at in [0, whole.len() - 4_096] {
            bytes[at..at + 8].copy_from_slice(with);
        }
        bytes
    };
    for (bytes, expected) in [
        (whole[..whole.len() - 1].to_vec(), Error::WrongLength),
        (whole[..10].to_vec(), Error::WrongLength),
        (begun(b"kapok-v\x01"), Error::BadFormat),
        (begun(b"kapok-q\x03"), Error::NewerVersion),
        (begun(b"kapok-q\x01"), Error::BadFormat),
    ] {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(QueueFile::open(&path, &key).err(), Some(expected));
        assert!(fs::read(&path).unwrap() == bytes);
    }
}
