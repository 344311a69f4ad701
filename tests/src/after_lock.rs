//! What a locked device leaves in memory: a child unlocks, reads, saves, attaches, undoes, finishes, sends, deletes, changes the
//! passphrase, takes the queue back from the sender and locks, each in another thread, and stands still while its memory is
//! searched.
//!
//! Looked for: both passphrases, every key between them and the content of vault and queue, what ciphers and codes make of these
//! keys, the keys of attachments and of the sealed report, answers, file names and pieces of the files. The keys are
//! derived here from files, passphrases and format pages ([`page`], [`file_keys`]), because no interface gives them out.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_core::{Device, SoftwareDeviceKey};
use kapok_wire::Lane;

use crate::child::{Running, binary, command};
use crate::ledger::{cases, stored};
use crate::scan::{Marker, Scanner};
use crate::world::World;
use crate::{file_keys, memory, page, session, story};

const LIMIT: Duration = Duration::from_secs(60);

/// The child whose heap is zeroed when it is freed.
pub const WIPING: &str = "kapok-session";
/// The control: the same with the heap of the system.
pub const BARE: &str = "kapok-session-bare";

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// How often each secret was there; those that were not are left out.
    pub secrets: BTreeMap<String, usize>,
    /// Secrets, and pieces of them, that were looked for.
    pub looked_for: usize,
    /// Bytes that were searched.
    pub bytes: u64,
}

/// One round with a vault of its own. `program` is [`WIPING`] or [`BARE`], `mode` is `lock` or, to see what the search finds
/// before, `open`.
///
/// # Panics
/// If the child does not get through, or its vault is not as the format page says.
pub async fn searched(program: &str, mode: &str) -> Found {
    let world = World::start().await;
    let place = tempfile::tempdir().unwrap();
    let [folder, keys, photos, temporary] = ["device", "keys", "photos", "temporary"].map(|name| {
        let folder = place.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    });
    let (photo, voice) = (story::photo(150_000), story::voice(session::VOICE));
    fs::write(photos.join(story::PHOTO_NAME), &photo).unwrap();
    let device_key = Arc::new(SoftwareDeviceKey::in_folder(&keys));
    let device = Device::create(&folder, &story::passphrase(), device_key, story::options(64)).unwrap();
    world.enrol(&device).await;
    session::drafted(&device, 1, &photos).unwrap();
    drop(device);
    let files = [folder.join("vault.kpk"), keys.join("kapok-vault.key")];
    let read = || files.each_ref().map(|file| fs::read(file).unwrap());
    let [vault, device_key] = read();
    let before = page::open(&vault, story::PASSPHRASE.as_bytes(), &device_key);

    let mut child = command(binary(program), &temporary);
    child.arg(mode).args([&folder, &keys, &photos]);
    let mut running = Running::start(child);
    running.wait_for(LIMIT, |line| line == "ready").expect("a session that gets through");
    running.freeze();

    let mut wanted = story::markers(&photo, &voice);
    wanted.extend([story::PASSPHRASE, session::OTHER, session::NOTE].map(Marker::text));
    wanted.extend([story::PASSPHRASE, session::OTHER].iter().flat_map(|text| pieces("passphrase", text.as_bytes())));
    let [vault, device_key] = read();
    let opened = page::open(&vault, session::OTHER.as_bytes(), &device_key);
    wanted.extend(before.keys.iter().chain(&opened.keys).flat_map(|(name, key)| pieces(name, key)));
    let queue = opened.queue_secrets(&fs::read(folder.join("queue.kpk")).unwrap());
    wanted.extend(queue.iter().flat_map(|(name, key)| pieces(name, key)));
    for packet in stored(&world.link()).await.iter().filter(|record| record.lane == Lane::Text) {
        let keys = file_keys::all(&packet.sealed, &world.desk);
        assert_eq!(keys.len(), 4, "two age files with two keys each");
        wanted.extend(keys.iter().flat_map(|(name, key)| pieces(name, key)));
    }
    world.pull().await;
    let sent = cases(&world.desk);
    let sent_keys = sent.iter().flat_map(|case| &case.keys).map(|key| STANDARD.decode(key).unwrap());
    let item_keys: Vec<_> = opened.item_keys().into_iter().chain(sent_keys).collect();
    assert_eq!((sent.len(), item_keys.len()), (1, 6), "two each of the first draft, the open one and the one sent");
    let secrets = item_keys.iter().flat_map(|key| page::item_secrets(key));
    wanted.extend(secrets.flat_map(|(name, key)| pieces(name, &key)));

    found(running.pid(), &wanted)
}

/// The same for a child that makes a device with two vaults. `mode` is `make`, after which it locks and gives one of
/// them another passphrase, or `keep`.
///
/// # Panics
/// If it is not made, or not as the format page says.
#[must_use]
pub fn searched_after_making(program: &str, mode: &str) -> Found {
    let place = tempfile::tempdir().unwrap();
    let [folder, keys] = ["device", "keys"].map(|name| place.path().join(name));
    fs::create_dir(&keys).unwrap();
    let mut child = command(binary(program), place.path());
    child.arg(mode).args([&folder, &keys, &keys]);
    let mut running = Running::start(child);
    running.wait_for(LIMIT, |line| line == "ready").expect("a device that is made");
    running.freeze();
    let files = [folder.join("vault.kpk"), keys.join("kapok-vault.key")];
    let [vault, device_key] = files.map(|file| fs::read(file).unwrap());
    let mut wanted = Vec::new();
    let second = if mode == "make" { session::THIRD } else { session::OTHER };
    wanted.extend(pieces("passphrase", session::OTHER.as_bytes()));
    for passphrase in [story::PASSPHRASE, second] {
        wanted.extend(pieces("passphrase", passphrase.as_bytes()));
        let opened = page::open(&vault, passphrase.as_bytes(), &device_key);
        wanted.extend(opened.keys.iter().flat_map(|(name, key)| pieces(name, key)));
    }
    found(running.pid(), &wanted)
}

fn found(pid: u32, wanted: &[Marker]) -> Found {
    let (hits, bytes) = memory::scan(pid, &Scanner::new(wanted)).unwrap();
    assert!(bytes > 1 << 20, "the memory was not readable");
    let mut secrets = BTreeMap::new();
    for hit in hits {
        *secrets.entry(hit.marker).or_insert(0) += 1;
    }
    Found { secrets, looked_for: wanted.len(), bytes }
}

/// A piece of a key may be left when the rest has been overwritten.
fn pieces(name: &str, key: &[u8]) -> Vec<Marker> {
    key.chunks_exact(16).map(|piece| Marker::bytes(name, piece)).collect()
}
