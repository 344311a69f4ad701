//! A device and an organisation for the tests of this module: small, quick, fictional.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use kapok_report::{Answers, EvidenceOrigin};
use kapok_seal::Identity;
use kapok_wire::Digest;
use kapok_wire::answer::{Receipt, UntrustedReceipt};
use kapok_wire::bundle::{
    Algorithm, Bundle, ClassKeys, Endpoint, Floor, Log, ROOT_NAME, RootHashes, UntrustedBundle, VerifiedBundle,
};
use kapok_wire::note;
use kapok_wire::token::{Blinding, Issuer, Token};

use super::outbox::Outbox;
use super::{AttachmentView, CreateOptions, Device, DraftId, NewAttachment};
use crate::error::Result;
use crate::policy::Finished;
use crate::time::{Clock, Time};
use crate::vault::{HalfFrames, KdfParams, NoDeviceKey, Passphrase, SlotNumber};

pub(super) const NOW: Time = Time(1_795_000_000);

/// A clock that stands at [`NOW`].
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        NOW
    }
    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

/// A clock on the wall, in seconds since [`NOW`], and one that nobody can set.
#[derive(Default)]
pub(super) struct Hands {
    pub(super) wall: AtomicU64,
    pub(super) uptime: AtomicU64,
}

impl Hands {
    pub(super) fn pass(&self, seconds: u64) {
        self.wall.fetch_add(seconds, Ordering::Relaxed);
        self.uptime.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The phone was switched off and on again.
    pub(super) fn start_again(&self) {
        self.uptime.store(0, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Time {
        Time(NOW.0 + self.wall.load(Ordering::Relaxed))
    }
    fn uptime(&self) -> Duration {
        Duration::from_secs(self.uptime.load(Ordering::Relaxed))
    }
}

/// A finish at [`NOW`] with a delay of its own.
pub(super) fn finished() -> Finished {
    Finished { at: NOW, seed: 7 }
}

pub(super) fn passphrase() -> Passphrase {
    Passphrase::new(b"river lotus seven".to_vec()).unwrap()
}

pub(super) fn device(folder: &Path) -> Device {
    device_of(folder, 4, 64)
}

/// A device whose half has this many frames and whose vault this many slots of the pool.
pub(super) fn device_of(folder: &Path, frames: u32, slots: u32) -> Device {
    Device::create(folder, &passphrase(), Arc::new(NoDeviceKey), options(frames, slots)).unwrap()
}

pub(super) fn options(frames: u32, slots: u32) -> CreateOptions {
    CreateOptions { half: HalfFrames::new(frames).unwrap(), pool_slots: 4 * slots, kdf: KdfParams::FLOOR }
}

impl Device {
    /// The outbox of the vault that is open, or else the only one that was lent.
    pub(super) fn own(&self) -> Arc<Outbox> {
        self.outboxes().remove(0)
    }

    /// A slot of the open vault's part of the pool.
    pub(super) fn own_slot(&self, number: u32) -> SlotNumber {
        let slots = self.own().pool().free_slots(&BTreeSet::new(), 1).unwrap();
        SlotNumber(slots[0].0 % 4 + 4 * number)
    }
}

pub(super) fn reopened(folder: &Path) -> Device {
    Device::open(folder, Arc::new(NoDeviceKey)).unwrap()
}

/// An organisation whose keys all lie here.
pub(super) struct Organisation {
    /// Two of the class triage, then two of the class identities.
    pub(super) keys: Vec<Identity>,
    pub(super) issuer: Issuer,
    pub(super) log_key: SigningKey,
    pub(super) roots: RootHashes,
    pub(super) bundle: VerifiedBundle,
}

impl Organisation {
    pub(super) fn make() -> Self {
        let keys: Vec<_> = (0..4).map(|_| Identity::make_pq()).collect();
        let issuer = Issuer::derive(&[1; 32]).unwrap();
        let log_key = SigningKey::from_bytes(&[2; 32]);
        let roots: Vec<_> = [11, 12, 13].map(|seed| SigningKey::from_bytes(&[seed; 32])).into();
        let public = |key: &SigningKey| STANDARD.encode(key.verifying_key().as_bytes());
        let class = |keys: &[Identity]| ClassKeys {
            algorithm: Algorithm::PostQuantum,
            recipients: keys.iter().map(|key| key.to_recipient().to_string()).collect(),
        };
        let content = Bundle {
            organisation: "Example Monitors".to_owned(),
            sequence: 1,
            not_before: NOW.0 - 1_000,
            not_after: NOW.0 + 1_000_000,
            roots: [public(&roots[0]), public(&roots[1]), public(&roots[2])],
            triage: class(&keys[..2]),
            identities: class(&keys[2..]),
            endpoints: vec![Endpoint {
                kind: "direct".to_owned(),
                name: "127.0.0.1".to_owned(),
                addresses: vec!["127.0.0.1:9".parse().unwrap()],
                tls_root: STANDARD.encode(b"unused"),
                pins: vec![STANDARD.encode([3; 32])],
            }],
            token_keys: vec![STANDARD.encode(issuer.public_key().unwrap().0)],
            logs: vec![Log { origin: "log.example/kapok".to_owned(), key: public(&log_key) }],
            floor: Floor::Low,
        };
        let mut text = content.note_text().unwrap();
        for root in &roots[..2] {
            text = note::sign(&text, ROOT_NAME, root).unwrap();
        }
        let hashes = content.root_hashes().unwrap();
        let bundle = UntrustedBundle::from_bytes(text.as_bytes()).unwrap().verify(&hashes, None, NOW.0).unwrap();
        Self { keys, issuer, log_key, roots: hashes, bundle }
    }

    pub(super) fn tokens(&self) -> Vec<Token> {
        let blinding = Blinding::make().unwrap();
        let evaluation = self.issuer.evaluate(&blinding.elements().unwrap()).unwrap();
        blinding.finish(&evaluation, self.bundle.issuer()).unwrap()
    }

    /// What this organisation's server answers when it has stored these bytes, verified.
    pub(super) fn receipt(&self, digest: Digest) -> Receipt {
        let (public, origin) = self.bundle.log();
        let receipt = UntrustedReceipt::sign(&self.log_key, origin, digest, NOW.hour()).unwrap();
        receipt.verify(public, origin, digest).unwrap()
    }

    /// Enrols without a network.
    pub(super) fn enrol(&self, device: &Device) {
        device.own().finish_enrolment(&self.roots, &self.bundle, &self.tokens()).unwrap();
    }
}

/// A draft with a name in it.
pub(super) fn draft(device: &Device, name: &str) -> DraftId {
    let draft = device.new_draft("detention_quick", "km", NOW).unwrap();
    let file = serde_json::json!({ "person.names": name }).to_string();
    let moment = kapok_report::Moment::parse("2026-11-24").unwrap();
    let (answers, _) = Answers::parse(device.pack(), "detention_quick", file.as_bytes(), &moment).unwrap();
    device.save_answers(draft, &answers, NOW).unwrap();
    draft
}

/// All that is shown of finished reports, also what `Debug` leaves out of them.
pub(super) fn shown_reports(device: &Device) -> String {
    let rows = device
        .finished()
        .map(|rows| rows.into_iter().map(|row| (row.code, row.day, row.form_id, row.note)).collect::<Vec<_>>());
    let outbox = device
        .outbox()
        .map(|views| views.into_iter().map(|view| (view.code.clone(), view.day, view)).collect::<Vec<_>>());
    format!("{rows:?} {outbox:?}")
}

/// A file that fills this many chunks, with or without its length told before.
pub(super) fn attach(device: &Device, draft: DraftId, chunks: usize, sized: bool) -> Result<AttachmentView> {
    let meta = NewAttachment { file_name: "a".into(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    let bytes = vec![7; chunks * 65_264];
    let size = sized.then_some(bytes.len() as u64);
    device.attach_stream(draft, &mut Cursor::new(bytes), &meta, size, NOW)
}
