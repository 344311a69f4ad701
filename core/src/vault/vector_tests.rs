//! Files that were written once and must open for ever. A change that breaks these tests is a new format version.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::container::{Container, Head, derive_root};
use super::device_key::NoDeviceKey;
use super::fault_file::FaultFile;
use super::header::HalfFrames;
use super::kdf::KdfParams;
use super::keys::RootKey;
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
    let head = Head::read(&FaultFile::of(bytes.to_vec()), bytes.len() as u64).unwrap();
    derive_root(&head.header, &passphrase(), &NoDeviceKey).unwrap()
}

fn open_with(bytes: Vec<u8>, root: &RootKey) -> Result<Store> {
    let len = bytes.len() as u64;
    let disk = FaultFile::of(bytes);
    Head::read(&disk, len)?.unlock(disk.file(), root)?.into_store(STEPS)
}

#[test]
fn the_container_of_version_1_opens_to_its_rows() {
    let bytes = vector("container-v1.kpk");
    assert_eq!(&bytes[..8], b"kapok-v\x01");
    // On a copy, as a phone would: the committed file stays as it is.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.kpk");
    fs::write(&path, &bytes).unwrap();
    check(&mut Container::open(&path, &passphrase(), &NoDeviceKey).unwrap().into_store(STEPS).unwrap());
    assert!(fs::read(&path).unwrap() == bytes, "opening writes nothing");
}

#[test]
fn the_queue_of_version_1_opens_to_its_rows() {
    let bytes = vector("queue-v1.kpk");
    let len = bytes.len() as u64;
    let disk = FaultFile::of(bytes);
    check(&mut QueueFile::open_block_file(Arc::new(disk), len, &NoDeviceKey).unwrap().into_store(STEPS).unwrap());
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
    let bytes = vector("container-v1.kpk");
    let root = root(&bytes);
    check(&mut open_with(bytes.clone(), &root).unwrap());
    for len in (0..bytes.len()).step_by(4_093).chain([bytes.len() - 1]) {
        assert_eq!(open_with(bytes[..len].to_vec(), &root).err(), Some(Error::WrongLength), "{len}");
    }
    assert_eq!(open_with([bytes.as_slice(), &[0]].concat(), &root).err(), Some(Error::WrongLength));
}

#[test]
fn every_damaged_byte_of_header_and_slots_is_harmless() {
    let bytes = vector("container-v1.kpk");
    let root = root(&bytes);
    let (mut refused, mut mended) = (0, 0);
    for at in 0..4_096 {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        let disk = FaultFile::of(bad.clone());
        let opened = Head::read(&disk, bytes.len() as u64).and_then(|head| head.unlock(disk.file(), &root));
        match opened.and_then(|container| container.into_store(STEPS)) {
            Ok(mut store) => {
                check(&mut store);
                // Otherwise a byte of a slot that is not ours.
                mended += usize::from(disk.bytes() != bad);
            }
            Err(_) => refused += 1,
        }
    }
    assert_eq!((refused, mended), (64, 512 + 496), "the header counts, and the one used slot with its spare");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_files_never_panic_and_never_open(mut bytes in proptest::collection::vec(any::<u8>(), 0..9_000), near in any::<bool>()) {
        let root = RootKey::derive(&[1; 32], &[2; 64], &[3; 32]);
        if near && bytes.len() > 64 {
            bytes[..64].copy_from_slice(&vector("container-v1.kpk")[..64]);
            bytes.resize(4_096 + 8 * 65_536, 0x5a);
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
    let vault =
        Container::create(&folder.join("container-v1.kpk"), half, &passphrase(), &NoDeviceKey, KdfParams::FLOOR);
    let queue = QueueFile::create(&folder.join("queue-v1.kpk"), half, &NoDeviceKey);
    for mut store in [vault.unwrap().into_store(STEPS).unwrap(), queue.unwrap().into_store(STEPS).unwrap()] {
        for row in rows() {
            let add = "INSERT INTO fruit (id, name, khmer, picture) VALUES (?1, ?2, ?3, ?4)";
            store.write(|db| Ok(db.execute(add, row.clone())?)).unwrap();
        }
    }
}
