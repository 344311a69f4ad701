//! After finish nothing on the device opens the report: not with the passphrase, not from either half of the vault.
//!
//! The report's own keys are known here, because the desk has opened it. So the question is not whether a search finds
//! *a* key, but whether *these* keys are anywhere in what the device decrypts, in any copy that its files still hold.
//! To see the older copy, each half of the vault is damaged in turn: the device then falls back to the other one.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_core::{DraftId, Error};
use kapok_tests::child::{Running, command};
use kapok_tests::ledger::cases;
use kapok_tests::memory;
use kapok_tests::scan::{Hit, Marker, Scanner};
use kapok_tests::story;
use kapok_tests::world::{World, now, sync_all, unlocked};

use crate::whole_way::drafted;

const HEADER: u64 = 4_096;
const FRAME: u64 = 65_536;
/// As `story::options` makes the vault: regions and halves of four frames.
const HALVES: u64 = 8;
const HALF: u64 = 4 * FRAME;

fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

/// Flips a byte in every frame of one half of the vault.
fn damage(folder: &Path, half: u64) {
    let file = fs::File::options().read(true).write(true).open(folder.join("vault.kpk")).unwrap();
    for frame in 0..HALF / FRAME {
        let at = HEADER + half * HALF + frame * FRAME + 100;
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    }
}

/// Opens the device in a process of its own and searches what it can write to in its memory; also what it found.
fn decrypted(folder: &Path, scanner: &Scanner) -> (Vec<String>, Vec<Hit>) {
    let temporary = tempfile::tempdir().unwrap();
    let mut drill = command(env!("CARGO_BIN_EXE_kapok-drill"), temporary.path());
    drill.arg("open").arg(folder);
    let mut running = Running::start(drill);
    running.wait_for(Duration::from_secs(30), |line| line == "ready").expect("a vault that opens");
    running.freeze();
    let (hits, bytes) = memory::scan(running.pid(), scanner).unwrap();
    assert!(bytes > 1 << 20, "the memory was not readable");
    (running.kill(), hits)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_copy_on_the_device_holds_a_finished_reports_keys_or_words() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device = world.device(folder.path(), 64).await;
    let photo = story::photo(150_000);
    let draft = drafted(&device, 5, &[(story::PHOTO_NAME, &photo), (story::VOICE_NAME, &story::voice(90_000))]);
    drop(device);
    let before = copied(folder.path());
    let device = unlocked(folder.path());
    let code = device.finish(draft, now()).unwrap().code;
    assert_eq!(device.answers(draft), Err(Error::NoSuchDraft));
    assert_eq!(device.attachments(draft), Err(Error::NoSuchDraft));
    assert_eq!(device.finish(draft, now()).err(), Some(Error::NoSuchDraft));
    assert_eq!(device.answers(DraftId(0)), Err(Error::NoSuchDraft));
    drop(device);
    let after = copied(folder.path());

    let device = unlocked(folder.path());
    sync_all(&device).await;
    world.pull().await;
    let case = cases(&world.desk).remove(0);
    assert_eq!((case.code.as_str(), case.keys.len()), (code.as_str(), 2));
    let mut wanted = story::markers(&photo, &story::voice(90_000));
    for key in &case.keys {
        wanted.push(Marker::bytes("an attachment's key", &STANDARD.decode(key).unwrap()));
    }
    wanted.push(Marker::text("AGE-SECRET-KEY-"));
    let scanner = Scanner::new(&wanted);
    // The drill itself names these files, and the program may have its constants in memory.
    let names = [story::PHOTO_NAME, story::VOICE_NAME, "AGE-SECRET-KEY-"];
    let telling = |hits: &[Hit]| hits.iter().filter(|hit| !names.contains(&hit.marker.as_str())).count();
    let keys = |hits: &[Hit]| hits.iter().filter(|hit| hit.marker == "an attachment's key").count();

    // Control: while the draft was open, both keys and the words were there to be found in the same way.
    let (found, hits) = decrypted(before.path(), &scanner);
    assert_eq!(found.iter().filter(|line| line.starts_with("found draft")).count(), 1);
    assert!(keys(&hits) >= 2 && telling(&hits) > 10, "{hits:?}");

    let mut fallbacks = 0;
    for half in 0..HALVES {
        let copy = copied(after.path());
        damage(copy.path(), half);
        let device = unlocked(copy.path());
        fallbacks += u32::from(device.was_repaired().unwrap());
        assert_eq!(device.drafts().unwrap(), []);
        assert_eq!(device.finished().unwrap()[0].code, code, "half {half}");
        drop(device);
        let (_, hits) = decrypted(copy.path(), &scanner);
        assert_eq!((telling(&hits), keys(&hits)), (0, 0), "half {half}: {hits:?}");
    }
    assert_eq!(fallbacks, 2, "each half of the region was the only whole one once");

    // Control: an ordinary save leaves the former content in the other half, and this way of looking sees it.
    let numbers: std::collections::BTreeSet<u64> = (0..HALVES)
        .map(|half| {
            let copy = copied(before.path());
            damage(copy.path(), half);
            let device = unlocked(copy.path());
            u64::from(device.drafts().unwrap().first().map_or(0, |view| view.attachments))
        })
        .collect();
    assert!(numbers.len() > 1, "the older half was never read: {numbers:?}");
}
