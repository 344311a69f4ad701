//! S11: no edit of the header opens anything or makes guessing cheaper.
//!
//! The edit is made in every copy of the header that the file has, so that none is mended from another.

use std::path::Path;
use std::sync::Arc;

use kapok_core::{Device, Error, NoDeviceKey};
use kapok_tests::story;

use crate::budget::{Budget, copied};
use crate::claim::{Claim, Verdict};
use crate::layout::{HEADER, pages};
use crate::virtual_clock::VirtualClock;

/// The floor of the slow hash, and that the header is bound to everything.
pub(super) const CLAIM: Claim = Claim {
    id: "S11",
    title: "a header edited anywhere, or below the floor of the slow hash, opens nothing",
    timed: false,
    defended,
    control,
};

/// What comes of an edited copy of `image`, and whether the attempt left it as it was.
fn edited(image: &Path, edit: impl Fn(&mut [u8])) -> (Result<(), Error>, bool) {
    let copy = copied(image);
    let path = copy.path().join("vault.kpk");
    let mut file = std::fs::read(&path).unwrap();
    for at in pages(&file) {
        edit(&mut file[at..at + HEADER]);
    }
    std::fs::write(&path, &file).unwrap();
    let device = Device::open(copy.path(), Arc::new(NoDeviceKey)).unwrap();
    let answer = device.unlock(&story::passphrase(), &VirtualClock::start());
    drop(device);
    (answer, std::fs::read(&path).unwrap() == file)
}

fn image() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let key = Arc::new(NoDeviceKey);
    drop(Device::create(place.path(), &story::passphrase(), key, story::options(8)).unwrap());
    place
}

fn defended(budget: &mut Budget) -> Verdict {
    let image = image();
    let mut edits: Vec<(usize, u8)> = (0..HEADER).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit))).collect();
    if budget.short {
        // Every byte with a meaning, some of the salt.
        let of_salt = |at: usize| (24..56).contains(&at);
        let dice = &mut budget.dice;
        edits = (0..HEADER).filter(|at| !of_salt(*at) || at % 8 == 0).map(|at| (at, 1 << dice.below(8))).collect();
    }
    let (mut opened, mut changed) = (0, 0);
    for (at, mask) in &edits {
        let (answer, same) = edited(image.path(), |header| header[*at] ^= mask);
        opened += usize::from(answer.is_ok());
        changed += usize::from(!same);
    }
    let below = [(12, 65_535_u32), (12, 8), (12, 0), (16, 2), (16, 0), (20, 0)];
    let weaker = below.iter().filter(|(at, value)| {
        let (answer, _) = edited(image.path(), |header| header[*at..at + 4].copy_from_slice(&value.to_be_bytes()));
        answer != Err(Error::KdfTooWeak)
    });
    let weaker = weaker.count();
    let figure = format!(
        "{opened} of {} edits opened, {changed} changed the file; {weaker} of {} below the floor not refused as such",
        edits.len(),
        below.len()
    );
    Verdict::new(opened == 0 && changed == 0 && weaker == 0, figure)
}

fn control(_: &mut Budget) -> Verdict {
    let (answer, _) = edited(image().path(), |_| {});
    Verdict::new(answer.is_err(), format!("{} of 1 unedited copy opened", u8::from(answer.is_ok())))
}
