//! Committed vectors. They are permanent: a change of the format is a new version with new files.
//! How a case prints is no format: no program reads `case-….tsv`, and it changes with the words.
//!
//! To write files for a new version, run the tests with `KAPOK_WRITE_VECTORS=1` and read the difference.

use std::path::PathBuf;

use kapok_report::{
    Attachment, Body, EvidenceItem, EvidenceKind, EvidenceOrigin, EvidencePrivate, Identities, MediaKey, Pack,
    ShortCode, Triage, case_text,
};

use crate::{answers, envelope};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn same(name: &str, text: &str) {
    if std::env::var_os("KAPOK_WRITE_VECTORS").is_some() {
        std::fs::write(path(name), text).unwrap();
    }
    assert_eq!(read(name), text, "{name}");
}

pub(crate) fn photo() -> Attachment {
    Attachment {
        item: EvidenceItem {
            evidence_id: "e1".into(),
            kind: EvidenceKind::Photo,
            mime: "image/jpeg".into(),
            size: 48_213,
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            origin: EvidenceOrigin::ImportedFile,
            chunks: 1,
            rest: std::collections::BTreeMap::new(),
        },
        private: EvidencePrivate {
            name: Some("រូបថតផ្ទះ.jpg".into()),
            key: MediaKey::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into()),
            rest: std::collections::BTreeMap::new(),
        },
    }
}

fn body() -> Body {
    let pack = Pack::builtin();
    let (answers, warnings) = answers(&pack, &read("answers-detention-km.json"));
    assert_eq!(warnings, []);
    let (body, warnings) = Body::build(&pack, "detention_quick", &answers, &envelope(), &[photo()]).unwrap();
    assert_eq!(warnings, []);
    body
}

#[test]
fn the_khmer_answers_give_the_committed_documents() {
    let body = body();
    same("body-1-triage.json", &String::from_utf8(body.triage.to_bytes()).unwrap());
    same("body-1-identities.json", &String::from_utf8(body.identities.to_bytes()).unwrap());
}

#[test]
fn the_committed_documents_read_back_equal() {
    let (triage, identities) = (read("body-1-triage.json"), read("body-1-identities.json"));
    let parsed = Body::parse(triage.as_bytes(), identities.as_bytes()).unwrap();
    assert_eq!(parsed, body());
    assert_eq!(Triage::parse(triage.as_bytes()).unwrap().to_bytes(), triage.as_bytes());
    assert_eq!(Identities::parse(identities.as_bytes()).unwrap().to_bytes(), identities.as_bytes());
}

#[test]
fn a_case_prints_as_committed_in_both_languages() {
    let (pack, body) = (Pack::builtin(), body());
    for lang in ["km", "en"] {
        let rows = case_text(&pack, &body.triage, Some(&body.identities), lang);
        let text: String = rows.iter().map(|row| format!("{}\t{}\t{}\n", row.key, row.label, row.value)).collect();
        same(&format!("case-{lang}.tsv"), &text);
    }
}

#[test]
fn short_codes_are_the_committed_ones() {
    let codes: String = (0_u8..5)
        .map(|n| {
            let id = kapok_report::ReportId::from_random([n; 16]);
            format!("{id}\t{}\n", ShortCode::of(&id))
        })
        .collect();
    same("short-codes.tsv", &codes);
}
