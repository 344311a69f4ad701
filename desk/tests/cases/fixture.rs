//! A desk with keys, and reports sealed to it as a device would.

use std::collections::HashSet;
use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_desk::{Folder, Inbox, Index, InitRequest, Keyring, init};
use kapok_report::{
    Answers, Body, Envelope, EvidenceItem, EvidenceKind, EvidenceOrigin, EvidencePrivate, MediaKey, Moment, Pack,
    ReportId,
};
use kapok_seal::media::{ChunkSealer, ItemKey, SealedChunk, pad_chunk};
use kapok_seal::{ClassRecipients, seal_packet};
use kapok_wire::pull::Record;
use kapok_wire::sizes::MEDIA_SEALED;
use kapok_wire::{Digest, Hour, Lane, ObjectId};
use zeroize::Zeroizing;

pub(super) const NOW: u64 = 1_795_000_000;
pub(super) const WORDS: &[u8] = b"several fictional words";
/// Must be found in the report by the desk, and nowhere on a disk.
pub(super) const NAME: &str = "ឈ្មោះសាកល្បង Test Person";
pub(super) const NARRATIVE: &str = "They came at dawn, three men without uniform.";

pub(super) struct Desk {
    pub(super) dir: tempfile::TempDir,
    pub(super) folder: Folder,
}

impl Desk {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = rcgen::generate_simple_self_signed(Vec::new()).unwrap();
        let log = ed25519_dalek::SigningKey::from_bytes(&[4; 32]).verifying_key();
        let issuer = kapok_wire::token::Issuer::derive(&[5; 32]).unwrap().public_key().unwrap();
        let card = serde_json::json!({
            "kind": "kapok-server-card", "version": 1, "name": "127.0.0.1",
            "addresses": ["127.0.0.1:1"], "desk_addresses": ["127.0.0.1:2"],
            "tls_root": STANDARD.encode(root.cert.der()), "pins": [STANDARD.encode([9; 32])],
            "token_key": STANDARD.encode(issuer.0),
            "log": { "origin": "kapok-log/test", "key": STANDARD.encode(log.as_bytes()) },
        });
        let folder = make(&dir.path().join("desk"), card.to_string().as_bytes());
        Self { dir, folder }
    }

    pub(super) fn inbox(&self) -> Inbox {
        self.folder.inbox()
    }

    pub(super) fn keys(&self) -> Keyring {
        Keyring::unlock(&self.folder, Zeroizing::new(WORDS.to_vec())).unwrap()
    }

    pub(super) fn index(&self) -> Index {
        Index::read(&self.inbox(), &mut self.keys()).unwrap()
    }

    pub(super) fn here(&self) -> HashSet<ObjectId> {
        self.inbox().chunk_ids()
    }

    /// Leaves only the key files whose name starts with `prefix`.
    pub(super) fn keep_keys(&self, prefix: &str) {
        for path in self.folder.key_files().unwrap() {
            if !path.file_name().unwrap().to_string_lossy().starts_with(prefix) {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

pub(super) fn make(root: &std::path::Path, card: &[u8]) -> Folder {
    let request = InitRequest {
        card,
        organisation: "Example Monitors",
        valid_days: 365,
        passphrase: WORDS,
        work_factor: 2,
        now: NOW,
    };
    init(root, &request).unwrap().0
}

/// A report before it is sealed.
pub(super) struct Plan {
    pub(super) id: [u8; 16],
    pub(super) narrative: String,
    pub(super) files: Vec<(Option<&'static str>, Vec<u8>)>,
    pub(super) amends: Option<ReportId>,
}

impl Plan {
    pub(super) fn new(id: u8) -> Self {
        Self { id: [id; 16], narrative: NARRATIVE.to_owned(), files: Vec::new(), amends: None }
    }

    pub(super) fn report_id(&self) -> ReportId {
        ReportId::from_random(self.id)
    }

    pub(super) fn file(mut self, name: Option<&'static str>, content: Vec<u8>) -> Self {
        self.files.push((name, content));
        self
    }

    /// Both documents, and the chunks of the attachments.
    pub(super) fn body(&self) -> (Body, Vec<Record>) {
        let (pack, now) = (Pack::builtin(), Moment::parse("2026-11-24T18:30").unwrap());
        let answers = serde_json::json!({
            "person.names": NAME, "person.sex": "female", "arrest.date": "yesterday", "narrative": self.narrative,
        });
        let (answers, _) = Answers::parse(&pack, "detention_quick", answers.to_string().as_bytes(), &now).unwrap();
        let mut envelope = Envelope::new(self.report_id(), now, "km");
        envelope.amends = self.amends;
        let (mut attachments, mut chunks) = (Vec::new(), Vec::new());
        for (at, (name, content)) in self.files.iter().enumerate() {
            let key = ItemKey::make();
            let mut sealed = seal_file(&key, content);
            attachments.push(kapok_report::Attachment {
                item: EvidenceItem {
                    evidence_id: format!("e{at}"),
                    kind: EvidenceKind::Photo,
                    mime: "image/jpeg".to_owned(),
                    size: content.len() as u64,
                    sha256: Digest::of(content).to_string(),
                    origin: EvidenceOrigin::ImportedFile,
                    chunks: kapok_seal::media::content_chunks(content.len() as u64).unwrap(),
                    rest: Default::default(),
                },
                private: EvidencePrivate {
                    name: name.map(str::to_owned),
                    key: MediaKey::from_base64(STANDARD.encode(key.expose())),
                    rest: Default::default(),
                },
            });
            chunks.append(&mut sealed);
        }
        let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope, &attachments).unwrap();
        (body, chunks)
    }

    /// The records that a server would give out, the packet first.
    pub(super) fn seal(&self, desk: &Desk) -> Vec<Record> {
        let (body, chunks) = self.body();
        let mut records = seal_body(desk, &body.triage.to_bytes(), &body.identities.to_bytes());
        records.extend(chunks);
        number(&mut records);
        records
    }
}

/// Seals two documents: the packet, then the chunks of whatever was too long.
pub(super) fn seal_body(desk: &Desk, triage: &[u8], identities: &[u8]) -> Vec<Record> {
    let to = ClassRecipients::of(desk.folder.bundle().unwrap().content()).unwrap();
    let sealed = seal_packet(triage, identities, &to).unwrap();
    let packet = ObjectId(kapok_wire::rng::bytes());
    let mut records = vec![record(Lane::Text, packet, sealed.packet.to_vec())];
    for (id, area) in sealed.overflow.iter().flat_map(|item| item.chunks()) {
        records.push(record(Lane::Media, id, area.to_vec()));
    }
    records
}

/// All chunks of a file, padding included.
pub(super) fn seal_file(key: &ItemKey, content: &[u8]) -> Vec<Record> {
    let mut chunks = Vec::new();
    let mut keep = |chunk: SealedChunk<'_>| {
        chunks.push(record(Lane::Media, chunk.id, chunk.area.to_vec()));
        Ok::<(), Infallible>(())
    };
    let mut sealer = ChunkSealer::new(key);
    sealer.push(content, &mut keep).unwrap();
    let summary = sealer.finish(keep).unwrap();
    for index in summary.chunks..summary.padded {
        let mut area = Box::new([0; MEDIA_SEALED]);
        let id = pad_chunk(key, index, &mut area).unwrap();
        chunks.push(record(Lane::Media, id, area.to_vec()));
    }
    chunks
}

fn record(lane: Lane, object: ObjectId, sealed: Vec<u8>) -> Record {
    Record { sequence: 0, hour: Hour(498_000), lane, object, sealed }
}

/// Numbers records as a server does: in order, and on from what was numbered before in this process.
pub(super) fn number(records: &mut [Record]) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    for record in records {
        record.sequence = NEXT.fetch_add(1, Ordering::SeqCst);
    }
}

/// Bytes that do not compress and are the same in every run.
pub(super) fn noise(len: usize, seed: u8) -> Vec<u8> {
    let mut state = Digest::of(&[seed]).0;
    let mut out = Vec::with_capacity(len + 32);
    while out.len() < len {
        state = Digest::of(&state).0;
        out.extend(state);
    }
    out.truncate(len);
    out
}
