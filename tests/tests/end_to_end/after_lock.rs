//! After lock nothing of the vault is left in memory, beside two controls in which the same search finds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use kapok_core::{CreateOptions, Device, Error, HalfFrames, SoftwareDeviceKey};
use kapok_tests::after_lock::{BARE, WIPING, searched, searched_after_making};
use kapok_tests::child::{binary, command};
use kapok_tests::story;
use kapok_tests::world::now;

const ROUNDS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_vault_is_in_memory_after_lock() {
    for round in 1..=ROUNDS {
        let found = searched(WIPING, "lock").await;
        assert_eq!(found.secrets, BTreeMap::new(), "round {round}");
    }

    // Control: before lock the same search finds the words, the names, the keys in use.
    let open = searched(WIPING, "open").await.secrets;
    let there = ["region key", "queue's region key", "attachment's key", story::PHOTO_NAME, story::VOICE_NAME];
    assert!(there.iter().all(|name| open.contains_key(*name)) && open.len() > 10, "{open:?}");
    // Control: so it does after lock in a program whose heap is not wiped when it is freed.
    let bare = searched(BARE, "lock").await.secrets;
    assert!(bare.contains_key("attachment's key") && bare.len() > 8, "{bare:?}");
}

#[test]
fn nothing_of_two_vaults_is_in_memory_after_they_were_made() {
    assert_eq!(searched_after_making(WIPING, "make").secrets, BTreeMap::new());
    let kept = searched_after_making(WIPING, "keep").secrets;
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["region key"], "control: before lock it is found, and only that");
}

/// What an unlocked vault costs, apart from the slow hash, whose memory is given back before.
const MOST_KIB: u64 = 24 << 10;

#[test]
fn a_full_vault_of_the_default_size_takes_at_most_24_mib_while_unlocked() {
    let place = tempfile::tempdir().unwrap();
    let [folder, keys] = ["device", "keys"].map(|name| place.path().join(name));
    std::fs::create_dir(&keys).unwrap();
    let device_key = Arc::new(SoftwareDeviceKey::in_folder(&keys));
    let options = CreateOptions { half: HalfFrames::VAULT_DEFAULT, ..story::options(64) };
    let device = Device::create(&folder, &story::passphrase(), device_key, options).unwrap();
    let mut drafts = 0;
    loop {
        let begun = device.new_draft(story::FORM, "km", now());
        let saved = begun.and_then(|draft| device.save_answers(draft, &story::long_answers(device.pack()), now()));
        match saved {
            Ok(()) => drafts += 1,
            Err(Error::VaultFull) => break,
            Err(error) => panic!("{error}"),
        }
    }
    drop(device);
    assert!(drafts > 20, "{drafts} drafts are not full");

    let mut child = command(binary(WIPING), place.path());
    let said = child.arg("weigh").args([&folder, &keys, &keys]).output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    let weights: Vec<u64> = said.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let [idle, unlocked, read, locked] = weights.as_slice() else { panic!("it says {said:?}") };
    println!("{drafts} drafts: {idle} KiB idle, {unlocked} unlocked, {read} all read, {locked} locked");
    assert!(unlocked.max(read) - idle <= MOST_KIB);
}
