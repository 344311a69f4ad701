//! The public age test vectors, read by ours.

use std::collections::BTreeMap;
use std::io::Read as _;

use kapok_seal::{Error, Identity, open_envelope, unlock_with_passphrase};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::node::{bytes, node};

/// One public vector: what its text header says, and the age file after it.
struct Vector {
    name: String,
    fields: BTreeMap<String, Vec<String>>,
    file: Vec<u8>,
}

impl Vector {
    fn new(entry: &Value) -> Self {
        let all = bytes(&entry[1]).unwrap();
        let end = all.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in str::from_utf8(&all[..end]).unwrap().lines() {
            let (key, value) = line.split_once(": ").unwrap();
            fields.entry(key.to_owned()).or_default().push(value.to_owned());
        }
        let mut file = all[end + 2..].to_vec();
        if fields.contains_key("compressed") {
            let mut inflated = Vec::new();
            flate2::read::ZlibDecoder::new(file.as_slice()).read_to_end(&mut inflated).unwrap();
            file = inflated;
        }
        Self { name: entry[0].as_str().unwrap().to_owned(), fields, file }
    }

    fn all(&self, key: &str) -> &[String] {
        self.fields.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    fn expect(&self) -> &str {
        &self.all("expect")[0]
    }

    fn is_payload(&self, content: &[u8]) -> bool {
        let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        self.all("payload") == [hash]
    }
}

fn vectors() -> Vec<Vector> {
    node("vectors.mjs", &Value::Null).as_array().unwrap().iter().map(Vector::new).collect()
}

#[test]
fn the_public_vectors_for_keys_pass() {
    let (mut x25519, mut hybrid, mut skipped) = (0, 0, 0);
    for vector in vectors() {
        // Armour is not part of this crate, and passphrases have their own test below.
        if vector.fields.contains_key("armored") || vector.fields.contains_key("passphrase") {
            skipped += 1;
            continue;
        }
        let identities: Vec<Identity> = vector.all("identity").iter().map(|text| text.parse().unwrap()).collect();
        if vector.all("identity").iter().any(|text| text.starts_with("AGE-SECRET-KEY-PQ-1")) {
            hybrid += 1;
        } else {
            x25519 += 1;
        }
        let opened = open_envelope(&vector.file, &identities);
        let right = match vector.expect() {
            "success" => matches!(&opened, Ok(Some(content)) if vector.is_payload(content.expose())),
            "no match" => matches!(opened, Ok(None)),
            "HMAC failure" => matches!(opened, Err(Error::EnvelopeMac)),
            "header failure" => matches!(opened, Err(Error::EnvelopeHeader)),
            "payload failure" => matches!(opened, Err(Error::EnvelopePayload)),
            other => panic!("unknown expectation {other}"),
        };
        assert!(right, "{}: expected {}, got {opened:?}", vector.name, vector.expect());
    }
    println!("public vectors: {x25519} with X25519 or no identity, {hybrid} hybrid, {skipped} skipped");
    assert_eq!((x25519, hybrid, skipped), (67, 18, 58));
}

#[test]
fn the_public_vectors_for_passphrases_open_or_are_refused_as_they_say() {
    let mut ran = 0;
    for vector in vectors() {
        let [passphrase] = vector.all("passphrase") else { continue };
        if vector.fields.contains_key("armored") {
            continue;
        }
        ran += 1;
        let opened = unlock_with_passphrase(&vector.file, passphrase.as_bytes());
        let right = match vector.expect() {
            "success" => matches!(&opened, Ok(content) if vector.is_payload(content.expose())),
            "no match" => matches!(opened, Err(Error::WrongPassphrase | Error::NotLocked)),
            _ => opened.is_err(),
        };
        assert!(right, "{}: expected {}, got {opened:?}", vector.name, vector.expect());
    }
    println!("public vectors: {ran} with a passphrase");
    assert_eq!(ran, 24);
}
