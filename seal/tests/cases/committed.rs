//! Vectors of our own formats. They are permanent: a change of format is a new version with new vectors.
//!
//! `cargo test -p kapok-seal --test interop -- --ignored write` made them, and refuses to write over one.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use kapok_seal::media::{ChunkOpener, ChunkSealer, ItemKey, content_chunks, open_chunk, pad_chunk, padded_count};
use kapok_seal::{
    ClassRecipients, Content, Identity, Recipients, lock_with_passphrase, open_packet, seal_packet,
    unlock_with_passphrase,
};
use kapok_wire::sizes::{MEDIA_SEALED, TEXT_SEALED};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::node::{bytes, node};

const TRIAGE: &str = "{\"example\":\"ផ្សារឧទាហរណ៍, seen at the market\"}";
const PEOPLE: &str = "{\"example\":\"Sok Example\"}";
const PASSPHRASE: &str = "ឧទាហរណ៍ example";
const KEY: [u8; 32] = *b"kapok test vector, not a secret!";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name)
}

fn read(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

fn facts(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Content that anybody can make again and deflate cannot shorten much: SHA-256 of 0, 1, 2 … (u32, big-endian).
fn stretch(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(|counter| Sha256::digest(counter.to_be_bytes())).take(len).collect()
}

/// The item of the media vector: one full chunk and a second with 4,736 bytes.
fn item() -> Vec<u8> {
    stretch(70_000)
}

fn sealed_item() -> (Vec<Vec<u8>>, kapok_seal::media::ItemSummary) {
    let key = ItemKey::from_bytes(&KEY);
    let mut chunks = Vec::new();
    let mut keep = |chunk: kapok_seal::media::SealedChunk<'_>| {
        chunks.push(chunk.area.to_vec());
        Ok::<(), Infallible>(())
    };
    let mut sealer = ChunkSealer::new(&key);
    sealer.push(&item(), &mut keep).unwrap();
    let summary = sealer.finish(keep).unwrap();
    (chunks, summary)
}

fn identities(facts: &Value) -> Vec<Identity> {
    ["triage", "identities"].iter().map(|class| facts[class]["identity"].as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn the_media_vector_comes_out_byte_for_byte_and_opens() {
    let facts = facts("media-chunk-1.json");
    let key = ItemKey::from_bytes(&KEY);
    assert_eq!(facts["item_key"], hex(&KEY));
    let (chunks, summary) = sealed_item();
    assert_eq!(facts["size"], summary.size);
    assert_eq!(facts["sha256"], hex(&summary.sha256));
    assert_eq!(facts["chunks"], json!(chunks.iter().map(|chunk| sha256(chunk)).collect::<Vec<_>>()));
    for (index, id) in facts["object_ids"].as_object().unwrap() {
        assert_eq!(*id, hex(&key.object_id(index.parse().unwrap()).0));
    }
    let mut padding = Box::new([0; MEDIA_SEALED]);
    pad_chunk(&key, 2, &mut padding).unwrap();
    assert_eq!(facts["padding_chunk_2"], sha256(padding.as_slice()));
    for (count, padded) in facts["padded_counts"].as_object().unwrap() {
        assert_eq!(*padded, padded_count(count.parse().unwrap()));
    }

    let mut last = read("media-chunk-1.bin");
    assert_eq!(last, chunks[1]);
    assert_eq!(open_chunk(&key, 1, &mut last.clone()).unwrap()[..4_736], item()[65_264..]);
    let mut opener = ChunkOpener::new(&key, summary.size, summary.sha256).unwrap();
    opener.open_next(&mut chunks[0].clone()).unwrap();
    opener.open_next(&mut last).unwrap();
    opener.finish().unwrap();
}

#[test]
fn the_media_vector_opens_outside_of_this_crate() {
    let area = BASE64_STANDARD.encode(read("media-chunk-1.bin"));
    let case = |index: u32| json!({"key": BASE64_STANDARD.encode(KEY), "index": index, "area": area});
    let opened = node("media.mjs", &json!([case(1), case(0)]));
    assert_eq!(bytes(&opened[0]["content"]).unwrap()[..4_736], item()[65_264..]);
    assert_eq!(hex(&bytes(&opened[0]["id"]).unwrap()), facts("media-chunk-1.json")["object_ids"]["1"]);
    // Control: at another index it does not open.
    assert_eq!(opened[1], Value::Null);
}

#[test]
fn the_packet_vectors_open_to_what_was_sealed() {
    for name in ["packet-1", "packet-1-x25519"] {
        let facts = facts(&format!("{name}.json"));
        let area = read(&format!("{name}.bin"));
        assert_eq!((area.len(), &facts["sha256"]), (TEXT_SEALED, &json!(sha256(&area))));
        let opened = open_packet(&area, &identities(&facts)).unwrap();
        for (part, class) in [(opened.triage, "triage"), (opened.identities, "identities")] {
            let Content::Inline(content) = part.unwrap().unwrap() else { panic!("overflowed") };
            assert_eq!(facts[class]["content"], str::from_utf8(content.expose()).unwrap());
        }
        // Control: the other class's identity opens nothing of a part.
        let people = identities(&facts).remove(1);
        assert!(open_packet(&area, &[people]).unwrap().triage.unwrap().is_none());
    }
}

#[test]
fn the_overflow_vector_opens_through_its_chunk() {
    let facts = facts("packet-1-overflow.json");
    let opened = open_packet(&read("packet-1-overflow.bin"), &identities(&facts)).unwrap();
    let Content::Overflow(stub) = opened.triage.unwrap().unwrap() else { panic!("inline") };
    assert_eq!(facts["object_ids"], json!(stub.content_ids().iter().map(|id| hex(&id.0)).collect::<Vec<_>>()));
    let chunk = read("packet-1-overflow-chunk-0.bin");
    let content = stub.complete([chunk.as_slice()]).unwrap();
    assert_eq!(content.expose(), stretch(20_000));
}

#[test]
fn the_locked_vector_opens_with_its_passphrase() {
    let secret = unlock_with_passphrase(&read("locked-1.age"), PASSPHRASE.as_bytes()).unwrap();
    assert_eq!(secret.expose(), PEOPLE.as_bytes());
}

fn write_once(name: &str, bytes: &[u8]) {
    assert!(!path(name).exists(), "{name} is permanent: make a new version instead");
    fs::write(path(name), bytes).unwrap();
}

fn write_facts(name: &str, facts: &Value) {
    write_once(name, format!("{}\n", serde_json::to_string_pretty(facts).unwrap()).as_bytes());
}

fn class_facts(identity: &Identity, content: &str) -> Value {
    // EXPOSE: an identity made for this vector, used for nothing else.
    json!({"identity": identity.expose().as_str(), "recipient": identity.to_recipient().to_string(), "content": content})
}

#[test]
#[ignore = "writes the vectors; they are written once"]
fn write_vectors() {
    let (chunks, summary) = sealed_item();
    let key = ItemKey::from_bytes(&KEY);
    let mut padding = Box::new([0; MEDIA_SEALED]);
    pad_chunk(&key, 2, &mut padding).unwrap();
    let ids: serde_json::Map<_, _> =
        [0, 1, 2, 255, 65_536].iter().map(|index| (index.to_string(), json!(hex(&key.object_id(*index).0)))).collect();
    let counts: serde_json::Map<_, _> =
        [1, 9, 33, 100, 1_000, 16_087].iter().map(|count| (count.to_string(), json!(padded_count(*count)))).collect();
    assert_eq!(content_chunks(summary.size), Ok(2));
    write_facts(
        "media-chunk-1.json",
        &json!({
            "about": "70,000 bytes: SHA-256 of the counters 0, 1, 2 … as u32 big-endian, cut. \
                      chunks: SHA-256 of each sealed area; chunk 1 is media-chunk-1.bin.",
            "item_key": hex(&KEY), "size": summary.size, "sha256": hex(&summary.sha256),
            "chunks": chunks.iter().map(|chunk| sha256(chunk)).collect::<Vec<_>>(),
            "padding_chunk_2": sha256(padding.as_slice()), "object_ids": ids, "padded_counts": counts,
        }),
    );
    write_once("media-chunk-1.bin", &chunks[1]);

    let class = |identity: &Identity| Recipients::new(vec![identity.to_recipient()]).unwrap();
    for (name, make) in
        [("packet-1", Identity::make_pq as fn() -> Identity), ("packet-1-x25519", Identity::make_x25519)]
    {
        let (triage, people) = (make(), make());
        let recipients = ClassRecipients { triage: class(&triage), identities: class(&people) };
        let sealed = seal_packet(TRIAGE.as_bytes(), PEOPLE.as_bytes(), &recipients).unwrap();
        write_once(&format!("{name}.bin"), sealed.packet.as_slice());
        write_facts(
            &format!("{name}.json"),
            &json!({
                "about": format!("{name}.bin is a sealed area; each identity opens its part"),
                "sha256": sha256(sealed.packet.as_slice()),
                "triage": class_facts(&triage, TRIAGE), "identities": class_facts(&people, PEOPLE),
            }),
        );
    }
    let (triage, people) = (Identity::make_pq(), Identity::make_pq());
    let recipients = ClassRecipients { triage: class(&triage), identities: class(&people) };
    let sealed = seal_packet(&stretch(20_000), PEOPLE.as_bytes(), &recipients).unwrap();
    let chunks: Vec<_> = sealed.overflow[0].chunks().collect();
    write_once("packet-1-overflow.bin", sealed.packet.as_slice());
    write_once("packet-1-overflow-chunk-0.bin", chunks[0].1.as_slice());
    write_facts(
        "packet-1-overflow.json",
        &json!({
            "about": "the triage part is 20,000 bytes, made as in media-chunk-1.json; they lie in packet-1-overflow-chunk-0.bin",
            "triage": class_facts(&triage, ""), "identities": class_facts(&people, PEOPLE),
            "object_ids": chunks.iter().map(|(id, _)| hex(&id.0)).collect::<Vec<_>>(),
        }),
    );
    write_once("locked-1.age", &lock_with_passphrase(PEOPLE.as_bytes(), PASSPHRASE.as_bytes(), 10).unwrap());
}
