//! Files that were written once and must open for ever. A change that breaks these tests is a new format version.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::container::{Container, Guess, NewVaults};
use super::device_key::NoDeviceKey;
use super::fault_file::FaultFile;
use super::head::Head;
use super::header::HalfFrames;
use super::kdf::KdfParams;
use super::keys::{DataKey, RootKey};
use super::migrate::Migrations;
use super::passphrase::Passphrase;
use super::queue::QueueFile;
use super::store::Store;
use crate::error::{Error, Result};

const STEPS: Migrations = Migrations(&[("001_start", include_str!("../../vectors/container-v1.sql"))]);
const PASSPHRASE: &str = "lotus paper seven river";

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn vector(name: &str) -> Vec<u8> {
    fs::read(vectors().join(name)).unwrap()
}

fn rows() -> Vec<(i64, String, String, Vec<u8>)> {
    vec![
        (1, "mango".into(), "\u{179f}\u{17d2}\u{179c}\u{17b6}\u{1799}".into(), (0..=255).collect()),
        (2, "banana".into(), "\u{1785}\u{17c1}\u{1780}".into(), vec![]),
        (3, "durian".into(), "\u{1792}\u{17bc}\u{179a}\u{17c1}\u{1793}".into(), vec![0xa5; 20_000]),
    ]
}

fn check(store: &mut Store) {
    let found = store
        .read(|db| {
            let mut query = db.prepare("SELECT id, name, khmer, picture FROM fruit ORDER BY id")?;
            let found = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            Ok(found.collect::<Result<Vec<_>, _>>()?)
        })
        .unwrap();
    assert!(found == rows());
}

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into()).unwrap()
}

/// The slow part once; the tests below open many damaged copies with its result.
fn root(bytes: &[u8]) -> RootKey {
    let heads = Head::read_all(&FaultFile::of(bytes.to_vec()), bytes.len() as u64).unwrap();
    Guess::derive(&heads[0].header, &passphrase(), &NoDeviceKey).unwrap().root
}

fn open_with(bytes: Vec<u8>, root: &RootKey) -> Result<Store> {
    let len = bytes.len() as u64;
    open_on(&FaultFile::of(bytes), len, root)
}

fn open_on(disk: &FaultFile, len: u64, root: &RootKey) -> Result<Store> {
    let mut refused = Error::WrongPassphrase;
    for head in Head::read_all(disk, len)? {
        match head.unlock(disk.file(), root) {
            Ok(container) => return container.unwrap().into_store(STEPS),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[test]
fn the_container_of_version_1_opens_to_its_rows() {
    let bytes = vector("container-v1-copied.kpk");
    assert_eq!(&bytes[..8], b"kapok-v\x01");
    // On a copy, as a phone would: the committed file stays as it is.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.kpk");
    fs::write(&path, &bytes).unwrap();
    check(&mut Container::open(&path, &passphrase(), &NoDeviceKey).unwrap().vault().into_store(STEPS).unwrap());
    assert!(fs::read(&path).unwrap() == bytes, "opening writes nothing");
}

#[test]
fn a_container_of_the_first_months_opens_and_gets_the_copy_of_its_page() {
    let bytes = vector("container-v1.kpk");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.kpk");
    // Also where the copy was cut while it was added.
    for part in [0, 1, 4_095] {
        fs::write(&path, [&bytes, &bytes[..part]].concat()).unwrap();
        // A child that another test is about to start may have the file's lock for a moment.
        let open = |passphrase: &Passphrase| loop {
            match Container::open(&path, passphrase, &NoDeviceKey) {
                Err(Error::InUse) => std::thread::yield_now(),
                opened => return opened,
            }
        };
        let other = Passphrase::new(b"another one".to_vec()).unwrap();
        assert_eq!(open(&other).err(), Some(Error::WrongPassphrase));
        assert_eq!(fs::metadata(&path).unwrap().len(), (bytes.len() + part) as u64, "a wrong passphrase adds nothing");
        check(&mut open(&passphrase()).unwrap().vault().into_store(STEPS).unwrap());
        assert!(fs::read(&path).unwrap() == [&bytes, &bytes[..4_096]].concat());
    }
}

#[test]
fn the_queue_of_version_2_opens_to_its_rows() {
    let bytes = vector("queue-v2.kpk");
    let len = bytes.len() as u64;
    let queue = QueueFile::open_block_file(Arc::new(FaultFile::of(bytes)), len, &NoDeviceKey).unwrap();
    check(&mut queue.record(STEPS).unwrap());
    check(&mut queue.store(2, &queue_key(), STEPS).unwrap());
    assert_eq!(
        queue.store(1, &queue_key(), STEPS).err(),
        Some(Error::Damaged),
        "control: an unused queue opens to nothing"
    );
}

fn queue_key() -> DataKey {
    DataKey::from_slice(&[9; 32]).unwrap()
}

#[test]
fn the_key_tree_of_version_1_gives_the_same_keys() {
    let tree = RootKey::derive(&[1; 32], &[2; 64], &[3; 32]);
    let lines: Vec<String> = [*tree.expose(), *tree.derive_slot(0).expose(), *tree.derive_slot(3).expose()]
        .iter()
        .map(|key| key.iter().map(|byte| format!("{byte:02x}")).collect())
        .collect();
    assert_eq!(lines.join("\n"), String::from_utf8(vector("keys-v1.txt")).unwrap().trim());
}

#[test]
fn cut_and_extended_copies_are_refused_at_every_length() {
    let bytes = vector("container-v1-copied.kpk");
    let root = root(&bytes);
    check(&mut open_with(bytes.clone(), &root).unwrap());
    let back = bytes.len() - 4_096;
    for len in (0..back).step_by(4_093).chain([back - 1]) {
        assert_eq!(open_with(bytes[..len].to_vec(), &root).err(), Some(Error::WrongLength), "{len}");
    }
    for len in (back..bytes.len()).step_by(91) {
        check(&mut open_with(bytes[..len].to_vec(), &root).unwrap());
    }
    assert_eq!(open_with([bytes.as_slice(), &[0]].concat(), &root).err(), Some(Error::WrongLength));
}

#[test]
fn every_damaged_byte_of_header_and_slots_is_harmless() {
    let bytes = vector("container-v1-copied.kpk");
    let (root, back) = (root(&bytes), bytes.len() - 4_096);
    let mut mended = 0;
    for at in (0..4_096).chain(back..bytes.len()) {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        let disk = FaultFile::of(bad.clone());
        check(&mut open_on(&disk, bytes.len() as u64, &root).unwrap());
        // Otherwise a byte of a slot that is not ours.
        mended += usize::from(disk.bytes() != bad);
    }
    assert_eq!(mended, 2 * (64 + 512 + 496), "the headers, and the one used slot with its spare");
}

#[test]
fn a_page_that_a_disk_lost_as_a_whole_is_written_again_from_the_other() {
    let bytes = vector("container-v1-copied.kpk");
    let (root, back) = (root(&bytes), bytes.len() - 4_096);
    let lost = |pages: &[usize]| {
        let mut bad = bytes.clone();
        pages.iter().for_each(|at| bad[*at..*at + 4_096].fill(0xff));
        let disk = FaultFile::of(bad);
        open_on(&disk, bytes.len() as u64, &root).map(|mut store| {
            check(&mut store);
            disk.bytes()
        })
    };
    let (header, slot) = (0..64, 64..64 + 4 * 512 + 4 * 496);
    for (page, other) in [(0, back), (back, 0)] {
        let mended = lost(&[page]).unwrap();
        assert!(mended[page..][header.clone()] == bytes[other..][header.clone()]);
        assert!(mended[page..][slot.clone()] != bytes[other..][slot.clone()], "sealed anew, not copied");
        // And now the other one.
        let disk = FaultFile::of(mended);
        (0..4_096).for_each(|at| disk.flip(other + at, 0x55));
        check(&mut open_on(&disk, bytes.len() as u64, &root).unwrap());
    }
    assert!(lost(&[0, back]).is_err(), "control: without both nothing opens");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_files_never_panic_and_never_open(mut bytes in proptest::collection::vec(any::<u8>(), 0..9_000), near in any::<bool>()) {
        let root = RootKey::derive(&[1; 32], &[2; 64], &[3; 32]);
        if near && bytes.len() > 64 {
            bytes[..64].copy_from_slice(&vector("container-v1.kpk")[..64]);
            bytes.resize(2 * 4_096 + 8 * 65_536, 0x5a);
        }
        prop_assert!(open_with(bytes.clone(), &root).is_err());
        let len = bytes.len() as u64;
        prop_assert!(QueueFile::open_block_file(Arc::new(FaultFile::of(bytes)), len, &NoDeviceKey).is_err());
    }
}

/// Writes the vectors. Run once per format version, by hand; never again for a version that exists.
#[test]
#[ignore = "writes the vectors of a new format version"]
fn make_vectors() {
    let folder = vectors();
    let half = HalfFrames::new(1).unwrap();
    let passphrase = passphrase();
    let vaults = NewVaults { first: &passphrase, further: &[], waiting: &[] };
    let vault = folder.join("container-v1-copied.kpk");
    let vault = Container::create(&vault, half, vaults, &NoDeviceKey, KdfParams::FLOOR).unwrap();
    let queue = QueueFile::create(&folder.join("queue-v2.kpk"), half, &NoDeviceKey).unwrap();
    queue.format(2, &queue_key()).unwrap();
    let queues = [queue.record(STEPS).unwrap(), queue.store(2, &queue_key(), STEPS).unwrap()];
    for mut store in queues.into_iter().chain([vault.into_store(STEPS).unwrap()]) {
        for row in rows() {
            let add = "INSERT INTO fruit (id, name, khmer, picture) VALUES (?1, ?2, ?3, ?4)";
            store.write(|db| Ok(db.execute(add, row.clone())?)).unwrap();
        }
    }
}
