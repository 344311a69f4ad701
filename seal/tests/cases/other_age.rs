//! Age files between ours and another implementation, both ways.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};

use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable as _, Kem, OpModeS, Serializable as _};
use kapok_seal::{Error, Identity, Recipient, Recipients, open_envelope, seal_envelope};
use serde_json::{Value, json};

use super::node::{bytes, node};

const CONTENT: &[u8] = "ផ្សារ, seen at the market".as_bytes();

fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// What the other implementation makes of each identity and file.
fn opened_by_node(cases: &[(&str, &[u8])]) -> Vec<Option<Vec<u8>>> {
    let asked = cases.iter().map(|(identity, file)| json!({"identity": identity, "file": base64(file)})).collect();
    node("open.mjs", &Value::Array(asked)).as_array().unwrap().iter().map(bytes).collect()
}

fn makers() -> [fn() -> Identity; 2] {
    [Identity::make_pq, Identity::make_x25519]
}

#[test]
fn the_other_implementation_opens_ours_and_a_third_identity_does_not() {
    for make in makers() {
        let (first, second, third) = (make(), make(), make());
        let one = Recipients::new(vec![first.to_recipient()]).unwrap();
        let two = Recipients::new(vec![first.to_recipient(), second.to_recipient()]).unwrap();
        let long = vec![7; 200_000];
        let (small, large) = (seal_envelope(&one, CONTENT).unwrap(), seal_envelope(&two, &long).unwrap());
        let keys = [first.expose(), second.expose(), third.expose()];
        let opened = opened_by_node(&[
            (&keys[0], &small),
            (&keys[1], &small),
            (&keys[0], &large),
            (&keys[1], &large),
            (&keys[2], &large),
        ]);
        assert_eq!(opened, [Some(CONTENT.to_vec()), None, Some(long.clone()), Some(long), None]);
    }
}

#[test]
fn ours_opens_what_the_other_implementation_sealed() {
    for make in makers() {
        let (first, second, third) = (make(), make(), make());
        let recipients = [first.to_recipient().to_string(), second.to_recipient().to_string()];
        let files = node(
            "seal.mjs",
            &json!([
                {"recipients": recipients[..1], "plaintext": base64(CONTENT)},
                {"recipients": recipients, "plaintext": base64(CONTENT)},
            ]),
        );
        let (one, two) = (bytes(&files[0]).unwrap(), bytes(&files[1]).unwrap());
        let first = [first];
        for file in [&one, &two] {
            assert_eq!(open_envelope(file, &first).unwrap().unwrap().expose(), CONTENT);
        }
        assert!(open_envelope(&one, &[second]).unwrap().is_none());
        assert!(open_envelope(&two, &[third]).unwrap().is_none());
    }
}

#[test]
fn keys_made_by_the_other_implementation_are_ours_too() {
    for pair in node("keys.mjs", &json!(["pq", "x25519"])).as_array().unwrap() {
        let (identity, recipient) = (pair["identity"].as_str().unwrap(), pair["recipient"].as_str().unwrap());
        let ours: Identity = identity.parse().unwrap();
        assert_eq!(ours.expose().as_str(), identity);
        assert_eq!(ours.to_recipient(), recipient.parse().unwrap());
        assert_eq!(ours.to_recipient().to_string(), recipient);
    }
}

#[test]
fn a_packet_holds_two_ordinary_age_files() {
    let (triage, people) = (Identity::make_pq(), Identity::make_pq());
    let class = |identity: &Identity| Recipients::new(vec![identity.to_recipient()]).unwrap();
    let recipients = kapok_seal::ClassRecipients { triage: class(&triage), identities: class(&people) };
    let sealed = kapok_seal::seal_packet(CONTENT, b"to whom", &recipients).unwrap();
    let length = |at: usize| usize::from(u16::from_be_bytes([sealed.packet[at], sealed.packet[at + 1]]));
    let (file, rest) = sealed.packet[5..].split_at(length(1));
    let opened = opened_by_node(&[(&triage.expose(), file), (&people.expose(), &rest[..length(3)])]);
    let part = opened[0].as_deref().unwrap();
    let deflated = &part[5..5 + u32::from_be_bytes(part[1..5].try_into().unwrap()) as usize];
    let mut content = Vec::new();
    flate2::read::DeflateDecoder::new(deflated).read_to_end(&mut content).unwrap();
    assert_eq!(content, CONTENT);
    assert!(opened[1].is_some());
}

/// As our recipient, but with an info string of the test's choice.
struct OtherInfo {
    key: <XWing as Kem>::PublicKey,
    info: &'static [u8],
}

impl age::Recipient for OtherInfo {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        let (enc, body) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, XWing>(
            &OpModeS::Base,
            &self.key,
            self.info,
            file_key.expose_secret(),
            b"",
        )
        .unwrap();
        let args = vec![BASE64_STANDARD_NO_PAD.encode(enc.to_bytes())];
        Ok((vec![Stanza { tag: "mlkem768x25519".to_owned(), args, body }], HashSet::from(["postquantum".to_owned()])))
    }
}

fn seal_with_age(recipients: &[&dyn age::Recipient]) -> Result<Vec<u8>, age::EncryptError> {
    let mut file = Vec::new();
    let mut writer = age::Encryptor::with_recipients(recipients.iter().copied())?.wrap_output(&mut file)?;
    writer.write_all(CONTENT)?;
    writer.finish()?;
    Ok(file)
}

#[test]
fn the_info_string_is_what_makes_it_open() {
    let identity = Identity::make_pq();
    let text = identity.to_recipient().to_string();
    let parsed = bech32::primitives::decode::UncheckedHrpstring::new(&text).unwrap();
    let data: Vec<u8> = parsed.remove_checksum::<bech32::Bech32>().byte_iter().collect();
    let other = |info| OtherInfo { key: <XWing as Kem>::PublicKey::from_bytes(&data).unwrap(), info };
    let right = seal_with_age(&[&other(b"age-encryption.org/mlkem768x25519")]).unwrap();
    let wrong = seal_with_age(&[&other(b"age-encryption.org/mlkem768x25518")]).unwrap();
    let key = identity.expose();
    assert_eq!(opened_by_node(&[(&key, &right), (&key, &wrong)]), [Some(CONTENT.to_vec()), None]);
    let ours = [identity];
    assert!(open_envelope(&right, &ours).unwrap().is_some());
    assert!(open_envelope(&wrong, &ours).unwrap().is_none());
}

#[test]
fn mixing_algorithms_is_refused_by_ours_and_by_the_label() {
    let (pq, x25519) = (Identity::make_pq().to_recipient(), Identity::make_x25519().to_recipient());
    assert_eq!(Recipients::new(vec![pq.clone(), x25519.clone()]), Err(Error::MixedAlgorithms));
    for order in [[&pq as &dyn age::Recipient, &x25519], [&x25519, &pq]] {
        let refused = seal_with_age(&order);
        assert!(matches!(refused, Err(age::EncryptError::IncompatibleRecipients { .. })));
    }
    // Control: two of a kind pass the same way.
    let second: Recipient = Identity::make_pq().to_recipient();
    assert!(seal_with_age(&[&pq, &second]).is_ok());
}
