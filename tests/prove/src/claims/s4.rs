//! S4: whoever copies the files sees the same names, sizes, rights and touched files, whatever the device was made for and
//! whatever is in it.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kapok_core::report::EvidenceOrigin;
use kapok_core::{Clock, CreateOptions, Device, DraftId, Further, HalfFrames, NewAttachment, NoDeviceKey, Passphrase};
use kapok_tests::story;
use kapok_tests::world::{World, now};
use rusqlite::Connection;

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};
use crate::image::{Image, Shape};
use crate::virtual_clock::VirtualClock;

/// Constant shape.
pub(super) const CLAIM: Claim = Claim {
    id: "S4",
    title: "the files of a device have one shape, whatever passphrases it has and whatever they hold",
    timed: false,
    defended,
    control,
};

/// What a device is made for, or what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SetUp {
    One,
    TwoVaults,
    WithErasing,
    AllFour,
    Full,
}

const ALL: [SetUp; 5] = [SetUp::One, SetUp::TwoVaults, SetUp::WithErasing, SetUp::AllFour, SetUp::Full];

impl SetUp {
    fn further(self) -> Vec<(&'static str, bool)> {
        let all = [("glass ladder mountain", false), ("paper boats at noon", true), ("quiet mango market", false)];
        match self {
            Self::One | Self::Full => Vec::new(),
            Self::TwoVaults => all[..1].to_vec(),
            Self::WithErasing => all[1..2].to_vec(),
            Self::AllFour => all.to_vec(),
        }
    }
}

pub(super) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes().to_vec()).unwrap()
}

/// Of the second vault.
pub(super) fn second() -> Passphrase {
    passphrase("glass ladder mountain")
}

pub(super) fn options() -> CreateOptions {
    CreateOptions { half: HalfFrames::new(2).unwrap(), ..story::options(32) }
}

fn made(folder: &Path, set_up: SetUp) -> Device {
    let further: Vec<_> = set_up.further().into_iter().map(|(text, erases)| (passphrase(text), erases)).collect();
    let further: Vec<_> = further
        .iter()
        .map(|(passphrase, erases)| if *erases { Further::Erase(passphrase) } else { Further::Vault(passphrase) })
        .collect();
    Device::create_with(folder, &story::passphrase(), &further, Arc::new(NoDeviceKey), options()).unwrap()
}

pub(super) fn attach(device: &Device, draft: DraftId, len: usize) -> kapok_core::Result<()> {
    let about =
        NewAttachment { file_name: story::PHOTO_NAME.into(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    device.attach_stream(draft, &mut Cursor::new(story::photo(len)), &about, None, now()).map(drop)
}

/// Drafts, a report, a failed try, lock: the same for all.
fn script(device: &Device, clock: &dyn Clock) {
    device.lock();
    assert!(device.unlock(&passphrase("not one of them"), clock).is_err());
    device.unlock(&story::passphrase(), clock).unwrap();
    let kept = device.new_draft(story::FORM, "km", now()).unwrap();
    device.save_answers(kept, &story::answers(device.pack(), 3), now()).unwrap();
    let sent = device.new_draft(story::FORM, "km", now()).unwrap();
    device.save_answers(sent, &story::answers(device.pack(), 4), now()).unwrap();
    attach(device, sent, 90_000).unwrap();
    device.finish(sent, now()).unwrap();
    device.lock();
}

/// The shape of the files after making and after the script, and which files the script touched.
type Seen = (Vec<std::collections::BTreeMap<PathBuf, Shape>>, BTreeSet<PathBuf>);

fn seen(budget: &Budget, world: &World, set_up: SetUp, extra: impl Fn(&Path, SetUp)) -> Seen {
    let place = tempfile::tempdir().unwrap();
    let device = made(place.path(), set_up);
    budget.wait(world.enrol(&device));
    if set_up == SetUp::Full {
        let draft = device.new_draft(story::FORM, "km", now()).unwrap();
        while attach(&device, draft, 200_000).is_ok() {}
        device.delete_draft(draft).unwrap();
        // Rows of a few thousand bytes until no more fits, and then room for the script.
        let mut rows = Vec::new();
        while let Ok(row) = device.new_draft(story::FORM, &"x".repeat(3_000), now()) {
            rows.push(row);
        }
        rows.iter().rev().take(12).for_each(|row| device.delete_draft(*row).unwrap());
    }
    extra(place.path(), set_up);
    let before = Image::take(place.path());
    script(&device, &VirtualClock::start());
    extra(place.path(), set_up);
    let after = Image::take(place.path());
    (vec![before.shape(), after.shape()], before.changes(&after).touched)
}

/// How many of the set-ups look unlike the first.
fn differing(budget: &Budget, rounds: usize, extra: impl Fn(&Path, SetUp)) -> (usize, usize) {
    let world = budget.wait(World::start());
    let mut differing = 0;
    for _ in 0..rounds {
        let all: Vec<_> = ALL.iter().map(|set_up| seen(budget, &world, *set_up, &extra)).collect();
        differing += all.iter().skip(1).filter(|seen| **seen != all[0]).count();
    }
    (differing, rounds * (ALL.len() - 1))
}

fn defended(budget: &mut Budget) -> Verdict {
    let (differing, of) = differing(budget, budget.of(20, 1), |_, _| ());
    Verdict::new(differing == 0, format!("{differing} of {of} set-ups look unlike the simplest"))
}

/// A store of another kind: one database file for each vault, as large as what is in it.
fn control(budget: &mut Budget) -> Verdict {
    let file_each = |folder: &Path, set_up: SetUp| {
        for number in 0..=set_up.further().len() {
            let db = Connection::open(folder.join(format!("vault-{number}.db"))).unwrap();
            db.execute_batch("CREATE TABLE IF NOT EXISTS draft (text TEXT); INSERT INTO draft VALUES ('x');").unwrap();
        }
    };
    let (differing, of) = differing(budget, 1, file_each);
    Verdict::new(differing == 0, format!("a file for each vault: {differing} of {of} look unlike"))
}
