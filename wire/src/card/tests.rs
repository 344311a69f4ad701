//! The committed card, its bytes, and every refusal beside it.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Written by a server, whose keys were thrown away.
const VECTOR: &[u8] = include_bytes!("../../vectors/server-card.json");

fn card() -> Card {
    Card::decode(VECTOR).unwrap()
}

fn json() -> serde_json::Value {
    serde_json::from_slice(VECTOR).unwrap()
}

fn decode(value: &serde_json::Value) -> Result<Card, CardError> {
    Card::decode(value.to_string().as_bytes())
}

#[test]
fn the_committed_vector_still_reads_and_is_written_byte_for_byte() {
    let card = card();
    assert_eq!(card.name, "127.0.0.1");
    assert_eq!(card.addresses, ["127.0.0.1:8443".parse().unwrap()]);
    assert_eq!(card.desk_addresses, ["127.0.0.1:8444".parse().unwrap()]);
    assert_eq!(card.tls_root.len(), 364);
    let pin = "8b080c171db5a16e34ccf1ac7286549fe88b1d9bde90d2224984c13a0abdf19c";
    assert_eq!(card.pins, [pin.parse().unwrap()]);
    let token_key = crate::vectors::hex("0a8b83954e33e36da3743be0b96299adaea83bce8fb95ebdf7e34e7f3ea8f50c");
    assert_eq!(card.token_key.0, *token_key);
    assert_eq!(card.log_origin, "kapok-log/3dd5fe65c463320e");
    let log_key = crate::vectors::hex("8c714958eafeed6741b492e12479ea966be1005a0b80cffb4518306aff089865");
    assert_eq!(card.log_key.as_bytes(), &*log_key);
    assert_eq!(card.encode().unwrap(), VECTOR);
}

#[test]
fn members_in_another_order_and_unknown_ones_read() {
    let mut value = json();
    value["added_later"] = json!({ "any": [1] });
    assert_eq!(decode(&value), Ok(card()));
}

#[test]
fn a_damaged_member_is_refused_by_name() {
    let many = vec!["127.0.0.1:1"; CARD_LIST_MAX + 1];
    let pin = json()["pins"][0].clone();
    let cases = [
        ("name", json!("")),
        ("name", json!("a".repeat(SERVER_NAME_MAX + 1))),
        ("addresses", json!([])),
        ("addresses", json!(many)),
        ("desk_addresses", json!([])),
        ("desk_addresses", json!(many)),
        ("pins", json!([])),
        ("pins", json!(["AAAA"])),
        ("pins", json!([pin, "?"])),
        ("pins", json!(vec![pin; CARD_LIST_MAX + 1])),
        ("tls_root", json!("")),
        ("tls_root", json!("?")),
        ("tls_root", json!("AAAA")),
        ("tls_root", json!(STANDARD.encode([0x30; TLS_ROOT_MAX + 1]))),
        ("token_key", json!("AAAA")),
        ("log", json!({ "origin": "", "key": json()["log"]["key"] })),
        ("log", json!({ "origin": "a".repeat(ORIGIN_MAX + 1), "key": json()["log"]["key"] })),
        ("log", json!({ "origin": "a", "key": "AAAA" })),
    ];
    for (member, value) in cases {
        let mut bad = json();
        bad[member] = value.clone();
        assert_eq!(decode(&bad), Err(CardError::BadField(member)), "{member}: {value}");
    }
    assert_eq!(decode(&json()), Ok(card()), "control");
}

#[test]
fn what_is_no_card_is_told_from_a_newer_one() {
    for (member, value) in [
        ("kind", json!("other")),
        ("version", json!(0)),
        ("version", json!("1")),
        ("addresses", json!(["nowhere"])),
        ("log", json!(1)),
    ] {
        let mut bad = json();
        bad[member] = value;
        assert_eq!(decode(&bad), Err(CardError::NotACard), "{member}");
    }
    assert_eq!(Card::decode(b"\xff"), Err(CardError::NotACard));
    assert_eq!(Card::decode(&VECTOR[..VECTOR.len() - 3]), Err(CardError::NotACard));
    // A later version may have other members altogether.
    assert_eq!(decode(&json!({ "kind": KIND, "version": 2 })), Err(CardError::Newer));
    assert_eq!(Card::decode(&[b' '; CARD_MAX + 1]), Err(CardError::TooLong));
}

#[test]
fn a_card_that_no_desk_would_read_is_not_written() {
    let bad = [
        ("addresses", Card { addresses: Vec::new(), ..card() }),
        ("pins", Card { pins: Vec::new(), ..card() }),
        ("name", Card { name: String::new(), ..card() }),
        ("tls_root", Card { tls_root: b"none".to_vec(), ..card() }),
    ];
    for (member, bad) in bad {
        assert_eq!(bad.encode(), Err(CardError::BadField(member)));
    }
}

/// JSON with a card's members and anything in them.
fn like_a_card() -> impl Strategy<Value = serde_json::Value> {
    let text = "[A-Za-z0-9+/=:.]{0,60}";
    let list = proptest::collection::vec(text, 0..4);
    (0_u64..3, text, list.clone(), list, text, text, text).prop_map(
        |(version, name, addresses, pins, root, origin, key)| {
            json!({
                "kind": KIND, "version": version, "name": name, "addresses": addresses, "desk_addresses": addresses,
                "tls_root": root, "pins": pins, "token_key": key, "log": { "origin": origin, "key": key },
            })
        },
    )
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Card::decode(&bytes).is_err());
    }

    #[test]
    fn random_members_never_panic(value in like_a_card()) {
        let _ = decode(&value);
    }

    #[test]
    fn a_changed_byte_never_panics(at in 0..VECTOR.len(), byte in any::<u8>()) {
        let mut bytes = VECTOR.to_vec();
        bytes[at] = byte;
        if let Ok(card) = Card::decode(&bytes) {
            prop_assert_eq!(Card::decode(&card.encode().unwrap()), Ok(card));
        }
    }
}
