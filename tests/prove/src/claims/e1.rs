//! E1: a device cannot read what it finished, not with all it has: files, both halves, pool, memory, keys, passphrases.
//!
//! A child has unlocked, finished a report, sent it, and stands still with its vault open and other drafts in it. Its
//! memory, its files and both decrypted halves go to a solver that knows only what was sent ([`crate::solver`]), and to a
//! scanner that knows the keys, because the desk has opened the report. The last thing it did is an ordinary save, so the halves
//! differ: one has that save, the other is as it was before.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_core::{Device, SoftwareDeviceKey};
use kapok_seal::ClassRecipients;
use kapok_seal::media::ItemKey;
use kapok_tests::child::{Running, binary, command};
use kapok_tests::ledger::{cases, stored};
use kapok_tests::scan::{Marker, Scanner};
use kapok_tests::world::World;
use kapok_tests::{after_lock, file_keys, memory, page, session, story};
use kapok_wire::Lane;
use rusqlite::MAIN_DB;

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};
use crate::layout::halves;
use crate::solver::{Sent, solve};

/// Sealed after finish.
pub(super) const CLAIM: Claim = Claim {
    id: "E1",
    title: "the device cannot read a report that it finished, with all it has",
    timed: false,
    defended,
    control,
};

const LIMIT: Duration = Duration::from_secs(60);

/// Everything that the device has, and what it sent.
struct Scene {
    memory: Vec<u8>,
    /// The database, once as each half has it: two different ones.
    halves: [Vec<u8>; 2],
    files: Vec<u8>,
    sent: Sent,
    /// Keys of the report that was sent.
    keys: Vec<Vec<u8>>,
    /// Keys of attachments of drafts that are still there.
    draft_keys: Vec<Vec<u8>>,
}

/// What a process that stands still can write to.
fn writable_memory(pid: u32) -> Vec<u8> {
    let mut all = Vec::new();
    memory::each_mapping(pid, |_, _, bytes| all.extend_from_slice(bytes)).unwrap();
    assert!(all.len() > 1 << 20, "the memory was not readable");
    all
}

/// The database as each half has it: the newest one, and what is read when one half after the other is destroyed.
fn both_halves(vault: &[u8], device_key: &[u8]) -> [Vec<u8>; 2] {
    let mut found = BTreeSet::new();
    for half in halves(vault) {
        let mut damaged = vault.to_vec();
        damaged[half].fill(0);
        let mut opened = page::open(&damaged, session::OTHER.as_bytes(), device_key);
        found.insert(opened.database.serialize(MAIN_DB).unwrap().to_vec());
    }
    let found: Vec<_> = found.into_iter().collect();
    found.try_into().expect("two halves that differ")
}

fn read_all(folders: &[PathBuf]) -> Vec<u8> {
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).flat_map(|path| fs::read(path).unwrap()).collect()
}

async fn scene() -> Scene {
    let world = World::start().await;
    let place = tempfile::tempdir().unwrap();
    let [folder, keys, photos, temporary] = ["device", "keys", "photos", "temporary"].map(|name| {
        let folder = place.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    });
    fs::write(photos.join(story::PHOTO_NAME), story::photo(150_000)).unwrap();
    let device_key = Arc::new(SoftwareDeviceKey::in_folder(&keys));
    let device = Device::create(&folder, &story::passphrase(), device_key, story::options(32)).unwrap();
    world.enrol(&device).await;
    session::drafted(&device, 1, &photos).unwrap();
    drop(device);
    let mut child = command(binary(after_lock::WIPING), &temporary);
    child.arg("open").args([&folder, &keys, &photos]);
    let mut running = Running::start(child);
    running.wait_for(LIMIT, |line| line == "ready").expect("a session that gets through");
    running.freeze();
    let memory = writable_memory(running.pid());
    let files = read_all(&[folder.clone(), keys.clone()]);
    let read = |file: &Path| fs::read(file).unwrap();
    let (vault, device_key) = (read(&folder.join("vault.kpk")), read(&keys.join("kapok-vault.key")));
    let halves = both_halves(&vault, &device_key);
    let draft_keys = page::open(&vault, session::OTHER.as_bytes(), &device_key).item_keys();
    drop(running);

    let mut sent = Sent::default();
    let mut secrets = Vec::new();
    for record in stored(&world.link()).await {
        sent.objects.insert(record.object.0);
        if record.lane == Lane::Text {
            sent.add_age_files(&record.sealed);
            secrets.extend(file_keys::all(&record.sealed, &world.desk).into_iter().map(|(_, key)| key));
        }
    }
    let bundle = world.desk.bundle().unwrap();
    let classes = ClassRecipients::of(bundle.content()).unwrap();
    sent.recipients = classes.triage.iter().chain(classes.identities.iter()).map(ToString::to_string).collect();
    world.pull().await;
    let cases = cases(&world.desk);
    let item_keys: Vec<_> = cases.iter().flat_map(|case| &case.keys).map(|key| STANDARD.decode(key).unwrap()).collect();
    assert!(item_keys.len() == 2 && sent.heads.len() == 2 && secrets.len() == 4 && draft_keys.len() >= 2);
    secrets.extend(item_keys);
    Scene { memory, halves, files, sent, keys: secrets, draft_keys }
}

fn defended(budget: &mut Budget) -> Verdict {
    let (mut solved, mut tried, mut known) = (0, 0, 0);
    let rounds = budget.of(2, 1);
    for _ in 0..rounds {
        let scene = budget.wait(scene());
        // In the files nothing lies at even places, and a recipient for every eighth would take longer than all the rest: identities
        // are tried there at every 64th.
        let identities = Sent { recipients: scene.sent.recipients.clone(), ..Sent::default() };
        let others = Sent { recipients: BTreeSet::new(), ..scene.sent.clone() };
        let mut places = vec![(&scene.memory, &scene.sent, budget.of(1, 8))];
        places.extend(scene.halves.iter().map(|half| (half, &scene.sent, budget.of(1, 8))));
        if !budget.short {
            places.extend([(&scene.files, &others, 1), (&scene.files, &identities, 8)]);
        }
        let keys: Vec<_> = scene.keys.iter().map(|key| Marker::bytes("a key", key)).collect();
        let scanner = Scanner::new(&keys);
        for (bytes, sent, step) in places {
            let found = solve(bytes, sent, step);
            (solved, tried) = (solved + found.keys(), tried + found.tried);
            known += scanner.scan_bytes(bytes, Path::new("")).len();
        }
        known += scanner.scan_bytes(&scene.files, Path::new("")).len();
    }
    let figure = format!(
        "{solved} of {tried} windows open anything, {known} known keys; {rounds} reports, 2 halves that differ for each"
    );
    Verdict::new(solved + known == 0, figure)
}

fn control(budget: &mut Budget) -> Verdict {
    let mut scene = budget.wait(scene());
    // What is not finished yet can be read, and the same solver finds out how.
    scene.sent.objects = scene
        .draft_keys
        .iter()
        .map(|key| ItemKey::from_bytes(key.as_slice().try_into().unwrap()).object_id(0).0)
        .collect();
    let sent = Sent { objects: std::mem::take(&mut scene.sent.objects), ..Sent::default() };
    let drafts: usize = scene.halves.iter().map(|half| solve(half, &sent, 1).item_keys).sum();
    // A device that keeps the key of an age file.
    let kept: Vec<u8> = scene.keys.iter().filter(|key| key.len() == 16).flatten().copied().collect();
    let files = solve(&kept, &scene.sent, 1).file_keys;
    let figure = format!("{drafts} keys of open drafts and {files} kept file keys found by the same solver");
    Verdict::new(drafts == 0 || files == 0, figure)
}
