//! Key files: the committed one, made ones, and every damage.

use kapok_wire::Digest;
use rcgen::PublicKeyData as _;

use super::*;
use crate::data::testing::folder;

fn pin(keys: &Keys) -> Vec<u8> {
    keys.tls_key.public_key_raw().to_vec()
}

#[test]
fn keys_are_made_once_and_readable_by_the_owner_only() {
    let (_dir, folder) = folder();
    let first = Keys::load_or_make(&folder).unwrap();
    assert_eq!(std::fs::metadata(folder.keys()).unwrap().permissions().mode() & 0o777, 0o600);
    let second = Keys::load_or_make(&folder).unwrap();
    assert_eq!(pin(&first), pin(&second));
    assert_eq!(first.log.verifying_key(), second.log.verifying_key());
    assert_eq!(first.issuer.public_key().unwrap(), second.issuer.public_key().unwrap());
    assert_eq!(format!("{first:?}"), "Keys [redacted]");
}

#[test]
fn a_key_file_cut_anywhere_is_an_error_and_stays_as_it_is() {
    let (_dir, folder) = folder();
    Keys::load_or_make(&folder).unwrap();
    let whole = std::fs::read(folder.keys()).unwrap();
    for len in [0, 1, 40, whole.len() / 2, whole.len() - 2] {
        std::fs::write(folder.keys(), &whole[..len]).unwrap();
        assert!(matches!(Keys::load_or_make(&folder), Err(Error::KeysDamaged(path)) if path == folder.keys()));
        assert_eq!(std::fs::read(folder.keys()).unwrap(), &whole[..len]);
    }
    std::fs::write(folder.keys(), &whole).unwrap();
    assert!(Keys::load_or_make(&folder).is_ok(), "control: the whole file loads");
}

#[test]
fn a_root_of_another_key_is_damage() {
    let (_dir, folder) = folder();
    Keys::load_or_make(&folder).unwrap();
    let mut file: KeyFile = serde_json::from_slice(&std::fs::read(folder.keys()).unwrap()).unwrap();
    file.tls_root_key = file.tls_key.clone();
    std::fs::write(folder.keys(), serde_json::to_vec(&file).unwrap()).unwrap();
    assert!(matches!(Keys::load_or_make(&folder), Err(Error::KeysDamaged(_))));
}

#[test]
fn missing_keys_beside_data_are_not_made_again() {
    let (_dir, folder) = folder();
    Keys::load_or_make(&folder).unwrap();
    std::fs::write(folder.database(), b"").unwrap();
    std::fs::remove_file(folder.keys()).unwrap();
    assert!(matches!(Keys::load_or_make(&folder), Err(Error::KeysMissing(_))));
    assert!(!folder.keys().exists());
    std::fs::remove_file(folder.database()).unwrap();
    assert!(Keys::load_or_make(&folder).is_ok(), "control: without data it is a first start");
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let (_dir, folder) = folder();
    Keys::load_or_make(&folder).unwrap();
    std::fs::set_permissions(folder.keys(), std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Keys::load_or_make(&folder), Err(Error::KeysReadable(_))));
}

/// Made by a server that never served anybody.
const VECTOR: &[u8] = include_bytes!("../../vectors/server-keys.json");

fn load(bytes: &[u8]) -> Result<Keys, Error> {
    let (_dir, folder) = folder();
    write_whole(&folder.keys(), bytes, 0o600).unwrap();
    Keys::load_or_make(&folder)
}

fn changed(member: &str, value: serde_json::Value) -> Result<Keys, Error> {
    let mut json: serde_json::Value = serde_json::from_slice(VECTOR).unwrap();
    json[member] = value;
    load(json.to_string().as_bytes())
}

#[test]
fn the_committed_vector_still_loads_and_gives_the_same_public_keys() {
    let keys = load(VECTOR).unwrap();
    let spki = Digest::of(&keys.tls_key.subject_public_key_info()).to_string();
    assert_eq!(spki, "9bd0cebe7f0792a01978252edfd8b16632cae2fc5f12090c932d84476bfcdd46");
    let root = Digest::of(&keys.tls_root).to_string();
    assert_eq!(root, "0463a0bda40f31101dcab970d88d0502551e7919fc65278188ce4816f9245366");
    let token = Digest(keys.issuer.public_key().unwrap().0).to_string();
    assert_eq!(token, "62bf08ba733f1e97f6bbb3fd867081f399bf1387ecc3ff89cdf2a4725dd3100e");
    let log = Digest(keys.log.verifying_key().to_bytes()).to_string();
    assert_eq!(log, "9357d1995cfe2f5d37cfab0d323fb5ccf9c0f801e79d5bf020c3163e77b23f9f");
    assert_eq!(crate::card::origin(&keys), "kapok-log/c40316a36fba5cef");
    assert!(changed("added_later", "any".into()).is_ok(), "unknown members are skipped");
}

#[test]
fn each_damaged_member_is_damage_and_a_newer_file_is_not_called_damaged() {
    for member in ["tls_root", "tls_root_key", "tls_key", "log_seed", "token_seed"] {
        for bad in ["", "?", "AAAA", &"A".repeat(44)] {
            let result = changed(member, bad.into());
            // 44 letters A are 33 zeros in base64: no seed, no key, no certificate.
            assert!(matches!(result, Err(Error::KeysDamaged(_))), "{member} = {bad:?}");
        }
        assert!(matches!(changed(member, serde_json::Value::Null), Err(Error::KeysDamaged(_))), "{member} = null");
    }
    assert!(matches!(changed("kind", "another".into()), Err(Error::KeysDamaged(_))));
    assert!(matches!(changed("version", 0.into()), Err(Error::KeysDamaged(_))));
    assert!(matches!(changed("version", 2.into()), Err(Error::KeysNewer(_))));
    let newer = br#"{"kind":"kapok-server-keys","version":7,"everything":"else"}"#;
    assert!(matches!(load(newer), Err(Error::KeysNewer(_))), "whatever else is in it");
}
