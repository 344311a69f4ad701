//! Halves, crashes and forgetting, on a disk that fails on purpose.

use std::io::ErrorKind;
use std::sync::Arc;

use proptest::prelude::*;

use super::block_file::BlockFile;
use super::fault_file::{FaultFile, SECTOR};
use super::frame::{DATA, FRAME};
use super::header::{Fixed, HEADER_AREA, HalfFrames, QueueHeader};
use super::keys::{DataKey, RegionKey};
use super::region::{Leftover, Loaded, Region, RegionPlace};
use crate::error::{Error, Result};

pub(super) const HALF: u32 = 3;

fn key() -> RegionKey {
    DataKey::from_slice(&[42; 32]).unwrap().derive_region(0)
}

fn fixed(salt: u8) -> Fixed {
    QueueHeader { wrapped_len: 0, salt: [salt; 32], half: HalfFrames::new(HALF).unwrap() }.encode().unwrap()
}

fn place() -> RegionPlace {
    RegionPlace { number: 0, half: HalfFrames::new(HALF).unwrap() }
}

pub(super) fn load(disk: &FaultFile) -> Result<Loaded> {
    load_from(disk.file())
}

pub(super) fn load_from(file: Arc<dyn BlockFile>) -> Result<Loaded> {
    Region::load(file, &fixed(1), place(), &key())
}

/// A formatted region, flushed.
pub(super) fn fresh() -> (FaultFile, Region) {
    let disk = FaultFile::random(HEADER_AREA + 2 * HALF as usize * FRAME);
    Region::format(disk.file(), &fixed(1), place(), &key()).unwrap();
    disk.file().sync().unwrap();
    let region = load(&disk).unwrap().region;
    (disk, region)
}

fn content(byte: u8, len: usize) -> Vec<u8> {
    vec![byte; len]
}

pub(super) fn frame_at(half: u8, index: usize) -> std::ops::Range<usize> {
    let start = HEADER_AREA + (usize::from(half) * HALF as usize + index) * FRAME;
    start..start + FRAME
}

#[test]
fn every_commit_costs_one_flush_and_only_the_frames_it_needs() {
    let (disk, mut region) = fresh();
    for (len, frames) in [(0, 1), (1, 1), (DATA, 1), (DATA + 1, 2), (3 * DATA, 3)] {
        let (syncs, written) = (disk.syncs(), disk.bytes_written());
        region.commit(&content(7, len)).unwrap();
        assert_eq!(disk.syncs() - syncs, 1);
        assert_eq!(disk.bytes_written() - written, frames * FRAME);
        let loaded = load(&disk).unwrap();
        assert_eq!(*loaded.content, content(7, len));
        assert!(!loaded.one_copy_bad);
    }
    let syncs = disk.syncs();
    region.commit_forgetting(b"x").unwrap();
    assert_eq!(disk.syncs() - syncs, 2);
}

#[test]
fn a_content_that_does_not_fit_is_refused_before_a_byte_is_written() {
    let (disk, mut region) = fresh();
    region.commit(b"kept").unwrap();
    let before = disk.bytes();
    assert_eq!(region.commit(&content(1, 3 * DATA + 1)), Err(Error::VaultFull));
    assert_eq!(region.commit_forgetting(&content(1, 3 * DATA + 1)), Err(Error::VaultFull));
    assert!(disk.bytes() == before);
    assert_eq!(*load(&disk).unwrap().content, b"kept");
}

#[test]
fn one_bad_half_gives_the_other_and_says_so_and_two_bad_halves_change_nothing() {
    let (disk, mut region) = fresh();
    region.commit(b"older").unwrap(); // half 0
    region.commit(b"newer").unwrap(); // half 1
    disk.flip(frame_at(1, 0).start + 500, 1);
    let loaded = load(&disk).unwrap();
    assert_eq!(*loaded.content, b"older");
    assert!(loaded.one_copy_bad);
    disk.flip(frame_at(0, 0).start, 128);
    let before = disk.bytes();
    assert_eq!(load(&disk).err(), Some(Error::Damaged));
    assert!(disk.bytes() == before);
    // Control: with one flip undone it opens again.
    disk.flip(frame_at(0, 0).start, 128);
    assert!(load(&disk).is_ok());
}

#[test]
fn an_unreadable_disk_is_not_called_damaged() {
    let (disk, mut region) = fresh();
    region.commit(b"fine").unwrap();
    disk.fail_read(Some(ErrorKind::Other));
    assert_eq!(load(&disk).err(), Some(Error::Io(ErrorKind::Other)));
    disk.heal();
    assert_eq!(*load(&disk).unwrap().content, b"fine");
}

#[test]
fn a_read_that_fails_and_then_succeeds_does_not_bring_an_older_content_back() {
    let (disk, mut region) = fresh();
    region.commit(b"older").unwrap();
    region.commit(b"newer").unwrap();
    for failing in [1, 2] {
        disk.fail_reads(failing);
        let loaded = load(&disk).unwrap();
        assert_eq!((loaded.content.as_slice(), loaded.one_copy_bad), (b"newer".as_slice(), false), "{failing}");
    }
    // Control: a half that stays unreadable is given up; which half that is depends on the order of reading.
    disk.fail_reads(3);
    assert!(load(&disk).unwrap().one_copy_bad);
}

#[test]
fn frames_do_not_open_under_another_key_header_region_or_half() {
    let (disk, mut region) = fresh();
    region.commit(b"bound").unwrap();
    let other_key = DataKey::from_slice(&[43; 32]).unwrap().derive_region(0);
    assert!(Region::load(disk.file(), &fixed(1), place(), &other_key).is_err());
    assert!(Region::load(disk.file(), &fixed(2), place(), &key()).is_err());
    // Both halves swapped: authentic frames in the wrong place.
    let mut bytes = disk.bytes();
    for index in 0..HALF as usize {
        let (a, b) = (bytes[frame_at(0, index)].to_vec(), bytes[frame_at(1, index)].to_vec());
        bytes[frame_at(0, index)].copy_from_slice(&b);
        bytes[frame_at(1, index)].copy_from_slice(&a);
    }
    assert_eq!(load(&FaultFile::of(bytes)).err(), Some(Error::Damaged));
    // Control.
    assert_eq!(*load(&disk).unwrap().content, b"bound");
}

#[test]
fn two_torn_commits_of_one_generation_and_length_are_never_read_as_one() {
    let (disk, mut region) = fresh();
    region.commit(b"acknowledged").unwrap();
    let before = disk.bytes();
    // First attempt: everything arrived but the flush failed. Second attempt, after a restart: only frame 0 arrived.
    disk.fail_sync(Some(ErrorKind::Other));
    assert!(region.commit(&content(b'a', 2 * DATA)).is_err());
    let first = disk.bytes();
    let second = FaultFile::of(before);
    load(&second).unwrap().region.commit(&content(b'b', 2 * DATA)).unwrap();
    let mut mixed = first.clone();
    mixed[frame_at(1, 0)].copy_from_slice(&second.bytes()[frame_at(1, 0)]);
    let loaded = load(&FaultFile::of(mixed)).unwrap();
    assert_eq!(*loaded.content, b"acknowledged");
    // Control: each attempt alone is whole, with the same generation and length, so only the bound nonce tells.
    assert_eq!(*load(&FaultFile::of(first)).unwrap().content, content(b'a', 2 * DATA));
    assert_eq!(*load(&second).unwrap().content, content(b'b', 2 * DATA));
}

#[test]
fn a_failed_commit_keeps_the_last_good_half_and_the_next_one_works() {
    let faults: [&dyn Fn(&FaultFile); 4] = [
        &|disk| disk.fail_write_after(0, ErrorKind::StorageFull),
        &|disk| disk.fail_write_after(FRAME + 700, ErrorKind::Other),
        &|disk| disk.fail_write_after(700, ErrorKind::QuotaExceeded),
        &|disk| disk.fail_sync(Some(ErrorKind::Other)),
    ];
    for fault in faults {
        let (disk, mut region) = fresh();
        region.commit(&content(1, 2 * DATA)).unwrap();
        fault(&disk);
        let error = region.commit(&content(2, 2 * DATA)).unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. } | Error::Io(_)), "{error:?}");
        disk.heal();
        assert_eq!(*region.reload().unwrap(), content(1, 2 * DATA));
        region.commit(&content(3, 2 * DATA)).unwrap();
        assert_eq!(*load(&disk).unwrap().content, content(3, 2 * DATA));
    }
}

/// Every place where an earlier frame of `seen` is still in the file, byte for byte.
fn survivors(disk: &FaultFile, seen: &[Vec<u8>]) -> usize {
    let bytes = disk.bytes();
    let places = (0..2).flat_map(|half| (0..HALF as usize).map(move |index| frame_at(half, index)));
    places.filter(|place| seen.iter().any(|old| old == &bytes[place.clone()])).count()
}

fn frames_of(disk: &FaultFile) -> Vec<Vec<u8>> {
    let bytes = disk.bytes();
    (0..2)
        .flat_map(|half| (0..HALF as usize).map(move |index| frame_at(half, index)))
        .map(|at| bytes[at].to_vec())
        .collect()
}

#[test]
fn forgetting_leaves_no_older_frame_in_either_half() {
    let (disk, mut region) = fresh();
    region.commit(&content(1, 3 * DATA)).unwrap();
    region.commit(&content(2, 3 * DATA)).unwrap();
    let old = frames_of(&disk);
    // Control: one plain commit overwrites one frame and leaves five that the key opens.
    region.commit(b"short").unwrap();
    assert_eq!(survivors(&disk, &old), 5);
    region.commit_forgetting(b"short").unwrap();
    assert_eq!(survivors(&disk, &old), 0);
    // What is left of the halves is two copies of the new content.
    for broken in 0..2 {
        let copy = FaultFile::of(disk.bytes());
        copy.flip(frame_at(broken, 0).start, 1);
        assert_eq!(*load(&copy).unwrap().content, b"short");
    }
}

#[test]
fn forgetting_that_was_cut_in_the_middle_is_finished_later() {
    for later in ["opening", "commit"] {
        let (disk, mut region) = fresh();
        region.commit(&content(1, 3 * DATA)).unwrap();
        region.commit(&content(2, 3 * DATA)).unwrap();
        let old = frames_of(&disk);
        disk.fail_write_after(3 * FRAME + 600, ErrorKind::Other);
        assert_eq!(region.commit_forgetting(b"short"), Err(Error::NotForgotten));
        disk.heal();
        assert_eq!(*region.reload().unwrap(), b"short", "the change itself is durable");
        // Control: without finishing, the other half still has old frames.
        assert!(survivors(&disk, &old) > 0);
        if later == "opening" {
            let mut found = load(&disk).unwrap();
            assert_eq!(*found.content, b"short");
            found.region.finish_forgetting(&found.content).unwrap();
        } else {
            region.commit(b"more").unwrap();
        }
        assert_eq!(survivors(&disk, &old), 0, "{later}");
        // And once finished, opening writes nothing.
        let mut found = load(&disk).unwrap();
        let before = disk.bytes_written();
        found.region.finish_forgetting(&found.content).unwrap();
        assert_eq!(disk.bytes_written(), before);
    }
}

/// Commits some contents, cuts the power during the last commit so that `kept` of its sectors arrive, and returns what
/// is found, beside the last acknowledged and the attempted content.
fn cut(lens: &[usize], in_place: bool, kept: impl FnMut(usize) -> bool) -> (Result<Vec<u8>>, [Vec<u8>; 2]) {
    let (disk, mut region) = fresh();
    let contents: Vec<_> = lens.iter().zip(1..).map(|(len, byte)| content(byte, *len)).collect();
    let (last, earlier) = contents.split_last().unwrap();
    for one in earlier {
        region.commit(one).unwrap();
    }
    let acknowledged = earlier.last().cloned().unwrap_or_default();
    disk.ignore_sync(true);
    if in_place {
        let active = u8::from(earlier.len() % 2 == 0);
        region.write_half(active, 100, last, Leftover::Keep).unwrap();
    } else {
        region.commit(last).unwrap();
    }
    let found = load(&disk.after_power_cut(kept)).map(|loaded| loaded.content.to_vec());
    (found, [acknowledged, last.clone()])
}

#[derive(Debug, Clone)]
struct Step {
    len: usize,
    forget: bool,
    /// Power fails after this many bytes; of the sectors not flushed, those arrive whose bit in `arrived` is set.
    cut: Option<(usize, u64)>,
}

fn step() -> impl Strategy<Value = Step> {
    let cut = proptest::option::of((0..7 * FRAME, any::<u64>()));
    // Few lengths, so that torn attempts of one length meet.
    let len = prop_oneof![Just(2 * DATA), Just(DATA), 0..3 * DATA];
    (len, any::<bool>(), cut).prop_map(|(len, forget, cut)| Step { len, forget, cut })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_life_of_commits_forgettings_and_power_cuts_never_shows_anything_else(
        steps in proptest::collection::vec(step(), 1..12),
    ) {
        let (mut disk, mut region) = fresh();
        let mut acknowledged = vec![];
        for (step, byte) in steps.iter().zip(1..) {
            let attempted = content(byte, step.len);
            if let Some((point, arrived)) = step.cut {
                disk.fail_write_after(point, ErrorKind::Other);
                // Half of the cuts come when everything is written and nothing flushed.
                disk.fail_sync((arrived & 1 == 0).then_some(ErrorKind::Other));
            }
            let outcome = if step.forget { region.commit_forgetting(&attempted) } else { region.commit(&attempted) };
            let durable = matches!(outcome, Ok(()) | Err(Error::NotForgotten));
            prop_assert!(durable || step.cut.is_some());
            if let Some((_, arrived)) = step.cut {
                disk = disk.after_power_cut(|sector| arrived >> (sector % 61) & 1 == 1);
                let mut found = load(&disk).unwrap();
                let allowed = *found.content == attempted || !durable && *found.content == acknowledged;
                prop_assert!(allowed, "step {byte}, durable {durable}");
                found.region.finish_forgetting(&found.content).unwrap();
                acknowledged = found.content.to_vec();
                region = found.region;
            } else {
                acknowledged = attempted;
            }
        }
        prop_assert!(*load(&disk).unwrap().content == acknowledged);
    }

    #[test]
    fn after_a_power_cut_the_last_or_the_attempted_content_is_found(
        lens in proptest::collection::vec(0..3 * DATA, 1..4),
        arrived in proptest::collection::vec(any::<bool>(), HALF as usize * FRAME / SECTOR),
        point in 0..HALF as usize * FRAME / SECTOR,
        reordered in any::<bool>(),
    ) {
        let kept = |sector: usize| if reordered { arrived[sector] } else { sector < point };
        let (found, allowed) = cut(&lens, false, kept);
        let found = found.unwrap();
        prop_assert!(allowed.contains(&found));
    }

    #[test]
    fn random_bytes_and_flips_never_panic_and_never_give_other_content(
        flips in proptest::collection::vec((0..2 * HALF as usize * FRAME, 1..=255_u8), 1..5),
    ) {
        let (disk, mut region) = fresh();
        region.commit(&content(1, DATA + 9)).unwrap();
        region.commit(&content(2, 2 * DATA)).unwrap();
        for (offset, mask) in flips {
            disk.flip(HEADER_AREA + offset, mask);
        }
        match load(&disk) {
            Ok(loaded) => prop_assert!(*loaded.content == content(1, DATA + 9) || *loaded.content == content(2, 2 * DATA)),
            Err(error) => prop_assert_eq!(error, Error::Damaged),
        }
    }
}

#[test]
fn writing_in_place_would_lose_both_contents() {
    // Control of the property above: the same cut, with the last commit written over the active half.
    let half_arrived = |sector: usize| sector < FRAME / SECTOR / 2;
    let lens = [2 * DATA, 2 * DATA, 2 * DATA];
    let (found, allowed) = cut(&lens, true, half_arrived);
    assert!(found.is_err() || !allowed.contains(&found.unwrap()));
    let (found, allowed) = cut(&lens, false, half_arrived);
    assert!(allowed.contains(&found.unwrap()));
}

#[test]
fn a_disk_that_loses_a_flushed_commit_gives_the_one_before() {
    let (found, [acknowledged, _]) = cut(&[10, 20, 30], false, |_| false);
    assert_eq!(found.unwrap(), acknowledged);
}

#[test]
fn forgetting_survives_a_power_cut_at_every_sixteenth_sector() {
    let sectors = 2 * HALF as usize * FRAME / SECTOR;
    for point in (0..=sectors).step_by(16) {
        // Flushes are honest up to the first half: what the second half tears must not hurt it.
        let (disk, mut region) = fresh();
        region.commit(&content(1, 2 * DATA)).unwrap();
        disk.fail_write_after(point * SECTOR, ErrorKind::Other);
        let outcome = region.commit_forgetting(&content(2, DATA / 2));
        let found = load(&disk.after_power_cut(|_| true)).unwrap().content.to_vec();
        match outcome {
            Ok(()) | Err(Error::NotForgotten) => assert_eq!(found, content(2, DATA / 2)),
            // Not acknowledged: either is right.
            Err(_) => assert!(found == content(1, 2 * DATA) || found == content(2, DATA / 2)),
        }
    }
}
