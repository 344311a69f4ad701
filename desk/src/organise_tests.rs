//! Setting a desk up, and everything that must stop it.

use super::*;
use crate::net::card::tests::card_json;

const NOW: u64 = 1_795_000_000;
const WORDS: &[u8] = "ពាក្យសម្ងាត់ for tests".as_bytes();

fn request(card: &[u8]) -> InitRequest<'_> {
    InitRequest { card, organisation: "Example Monitors", valid_days: 365, passphrase: WORDS, work_factor: 2, now: NOW }
}

fn desk() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let (folder, proof) = init(&dir.path().join("desk"), &request(card_json().to_string().as_bytes())).unwrap();
    assert_eq!(proof, Proof { proven: 4, elsewhere: 0 });
    (dir, folder)
}

#[test]
fn init_makes_seven_locked_keys_and_a_bundle_that_two_roots_signed() {
    let (dir, folder) = desk();
    let names: Vec<_> = folder.key_files().unwrap().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        [
            "identities-1.age",
            "identities-2.age",
            "root-1.age",
            "root-2.age",
            "root-3.age",
            "triage-1.age",
            "triage-2.age"
        ]
    );
    for path in folder.key_files().unwrap() {
        assert!(read_key(&path, WORDS).is_ok());
        assert!(matches!(read_key(&path, b"others"), Err(Error::WrongPassphrase)));
    }
    let bundle = folder.bundle().unwrap();
    assert_eq!((bundle.content().sequence, bundle.content().organisation.as_str()), (1, "Example Monitors"));
    assert_eq!(folder.fingerprint().unwrap().to_string().len(), 64);
    // Nothing but the desk is left where it was built.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn every_file_of_a_desk_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, folder) = desk();
    let mut dirs = vec![folder.root().to_owned()];
    let mut files = 0;
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let metadata = entry.metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{}", entry.path().display());
            if metadata.is_dir() { dirs.push(entry.path()) } else { files += 1 }
        }
    }
    assert_eq!(files, 12);
}

#[test]
fn a_desk_is_never_made_over_something() {
    let (dir, folder) = desk();
    let card = card_json().to_string();
    let before = fs::read(folder.root().join("bundle.note")).unwrap();
    assert!(matches!(init(folder.root(), &request(card.as_bytes())), Err(Error::Exists)));
    assert!(matches!(adopt(folder.root(), card.as_bytes(), &before), Err(Error::Exists)));
    let file = dir.path().join("file");
    fs::write(&file, b"mine").unwrap();
    assert!(matches!(init(&file, &request(card.as_bytes())), Err(Error::Exists)));
    assert_eq!(fs::read(folder.root().join("bundle.note")).unwrap(), before);
}

#[test]
fn a_failed_init_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let card = card_json().to_string();
    let root = dir.path().join("desk");
    let unusable = InitRequest { organisation: "", ..request(card.as_bytes()) };
    assert!(matches!(init(&root, &unusable), Err(Error::Bundle(_))));
    assert!(init(&root, &request(b"{}")).is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(matches!(Folder::open(&root), Err(Error::NoDesk)));
}

#[test]
fn a_wrong_key_file_stops_the_test_decryption() {
    let (dir, folder) = desk();
    let bundle = folder.bundle().unwrap();
    assert_eq!(prove_at_hand(&folder, &bundle, WORDS).unwrap().elsewhere, 0, "control");
    assert!(matches!(prove_at_hand(&folder, &bundle, b"others"), Err(Error::WrongPassphrase)));
    // Another key in the place of one of the bundle's: it is seen to be missing.
    let first = folder.keys_dir().join("triage-1.age");
    let kept = fs::read(&first).unwrap();
    fs::remove_file(&first).unwrap();
    new_key(&first, Role::Desk(Class::Triage), WORDS, 2).unwrap();
    assert_eq!(prove_at_hand(&folder, &bundle, WORDS).unwrap(), Proof { proven: 3, elsewhere: 1 });
    // Both: nothing shows that reports can be opened.
    let second = folder.keys_dir().join("triage-2.age");
    fs::copy(&first, &second).unwrap();
    assert!(matches!(prove_at_hand(&folder, &bundle, WORDS), Err(Error::NothingTested(Class::Triage))));
    // A damaged file is told, not skipped.
    fs::write(&second, &kept[..kept.len() - 1]).unwrap();
    assert!(matches!(prove_at_hand(&folder, &bundle, WORDS), Err(Error::Seal(_))));
    drop(dir);
}

#[test]
fn a_desk_around_a_bundle_signed_elsewhere_gets_its_keys_one_by_one() {
    let (dir, all) = desk();
    let card = card_json().to_string();
    let note = all.bundle().unwrap().note().to_owned();
    let mine = adopt(&dir.path().join("other/desk"), card.as_bytes(), note.as_bytes()).unwrap();
    assert_ne!(mine.fingerprint().unwrap(), all.fingerprint().unwrap());
    let bundle = mine.bundle().unwrap();
    assert!(matches!(prove_at_hand(&mine, &bundle, WORDS), Err(Error::NoKeys)));
    let key = |name: &str| all.keys_dir().join(name);
    assert!(matches!(add_key(&mine, &key("root-1.age"), WORDS), Err(Error::NotThisKey { .. })));
    assert!(matches!(add_key(&mine, &key("triage-2.age"), b"others"), Err(Error::WrongPassphrase)));
    assert_eq!(add_key(&mine, &key("triage-2.age"), WORDS).unwrap(), Class::Triage);
    assert_eq!(add_key(&mine, &key("triage-2.age"), WORDS).unwrap(), Class::Triage);
    assert_eq!(mine.key_files().unwrap().len(), 1, "the same key twice is one file");
    assert!(matches!(prove_at_hand(&mine, &bundle, WORDS), Err(Error::NothingTested(Class::Identities))));
    add_key(&mine, &key("identities-1.age"), WORDS).unwrap();
    assert_eq!(prove_at_hand(&mine, &bundle, WORDS).unwrap(), Proof { proven: 2, elsewhere: 2 });
}

#[test]
fn only_a_bundle_of_the_same_roots_and_not_an_older_one_is_published() {
    let (dir, folder) = desk();
    let path = dir.path().join("next.note");
    let current = folder.bundle().unwrap();
    assert_eq!(publishable(&folder, None, NOW).unwrap(), current);
    assert!(matches!(publishable(&folder, None, NOW + 400 * 86_400), Err(Error::Bundle(_))), "expired");
    let next = |sequence, folder: &Folder| {
        let content = current.content();
        let plan = BundlePlan {
            organisation: "Example Monitors".to_owned(),
            sequence,
            valid_days: 30,
            roots: content.roots.clone(),
            triage: content.triage.recipients.clone(),
            identities: content.identities.recipients.clone(),
        };
        let mut note = plan.note(&folder.card().unwrap(), NOW).unwrap();
        for name in ["root-2.age", "root-3.age"] {
            note = bundles::sign(&note, &read_key(&folder.keys_dir().join(name), WORDS).unwrap()).unwrap().note;
        }
        fs::write(&path, note.as_str()).unwrap();
    };
    next(2, &folder);
    let second = publishable(&folder, Some(&path), NOW).unwrap();
    folder.set_bundle(&second).unwrap();
    next(1, &folder);
    assert!(matches!(publishable(&folder, Some(&path), NOW), Err(Error::Bundle(_))), "older");
    let (_other_dir, strangers) = desk();
    fs::write(&path, strangers.bundle().unwrap().note()).unwrap();
    assert!(matches!(publishable(&folder, Some(&path), NOW), Err(Error::Bundle(_))), "other roots");
}

#[test]
fn the_folder_has_one_writer_at_a_time() {
    let (_dir, folder) = desk();
    let lock = folder.lock().unwrap();
    assert!(matches!(folder.lock(), Err(Error::InUse)));
    drop(lock);
    assert!(folder.lock().is_ok());
}
