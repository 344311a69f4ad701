//! Faults that are possible only inside the core, at the budget of `cargo xtask prove` (`tests/prove/`), which starts these tests
//! with the number of rounds, a seed, and the defence to switch off, and reads the line they print.

use std::io::ErrorKind;
use std::time::Instant;

use super::container::{Container, Guess, NewVaults};
use super::device_key::NoDeviceKey;
use super::fault_file::FaultFile;
use super::frame::{DATA, FRAME};
use super::head::Head;
use super::header::HalfFrames;
use super::kdf::KdfParams;
use super::keys::RootKey;
use super::migrate_tests::{check, old_disk, open};
use super::passphrase::Passphrase;
use super::region::{Leftover, Region};
use super::region_tests::{HALF, fresh, load};
use super::slots::{self, EARLY_EXIT, SlotArea, SlotAreas, SlotContent, SlotPlace};
use crate::Further;
use crate::device::VAULT_STEPS;
use crate::error::Error;

/// Repeatable choices (splitmix64): a failing round can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 1
    }
}

/// Rounds, dice, and which defence is off.
fn asked() -> (usize, Dice, String) {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let rounds = variable("KAPOK_PROVE_ROUNDS").parse().unwrap_or(20);
    (rounds, Dice(variable("KAPOK_PROVE_SEED").parse().unwrap_or(1)), variable("KAPOK_PROVE_CONTROL"))
}

/// The disk after a power cut that dropped, tore or reordered what was not flushed.
fn cut(disk: &FaultFile, dice: &mut Dice) -> FaultFile {
    let sectors = HALF as usize * FRAME / super::fault_file::SECTOR;
    let point = dice.below(sectors + 1);
    match dice.below(4) {
        0 => disk.after_power_cut(|_| false),
        1 => disk.after_power_cut(|sector| sector < point),
        2 => disk.after_power_cut(|sector| sector >= point),
        _ => disk.after_power_cut(|_| dice.yes()),
    }
}

fn len(dice: &mut Dice) -> usize {
    // Few lengths, so that torn attempts of one length meet.
    [2 * DATA, 2 * DATA, DATA, DATA + 1, 3 * DATA, dice.below(3 * DATA)][dice.below(6)]
}

/// Makes `content` durable as an ordinary commit or a forgetting one; whether that was acknowledged.
fn write(region: &mut Region, content: &[u8], forget: bool) -> bool {
    let outcome = if forget { region.commit_forgetting(content) } else { region.commit(content) };
    matches!(outcome, Ok(()) | Err(Error::NotForgotten))
}

#[test]
#[ignore = "run by `cargo xtask prove`"]
fn torn_reordered_and_lost_writes() {
    let (rounds, mut dice, control) = asked();
    let (mut lost, mut older, mut newer) = (0, 0, 0);
    for _ in 0..rounds {
        let (disk, mut region) = fresh();
        // Control: a disk whose flushes do nothing.
        disk.ignore_sync(control == "flushes");
        let (mut acknowledged, mut active) = (vec![], 1);
        for byte in 0..=u8::try_from(dice.below(3)).unwrap() {
            acknowledged = vec![byte; len(&mut dice)];
            // Forgetting writes both halves, which would hide the control's mistake.
            let forget = control != "in-place" && dice.yes();
            assert!(write(&mut region, &acknowledged, forget));
            active = 1 - active;
        }
        let attempted = vec![99; len(&mut dice)];
        let forget = dice.yes();
        let mut durable = false;
        if control == "in-place" {
            // Control: the half that was read last is written over.
            region.write_half(active, 100, &attempted, Leftover::Keep).unwrap();
        } else {
            // Either the writing stops somewhere, or everything is written and the flush never comes.
            if dice.yes() {
                disk.fail_write_after(dice.below(7 * FRAME), ErrorKind::Other);
            } else {
                disk.fail_sync(Some(ErrorKind::Other));
            }
            durable = write(&mut region, &attempted, forget);
        }
        match load(&cut(&disk, &mut dice)) {
            Ok(found) if *found.content == attempted => newer += 1,
            Ok(found) if *found.content == acknowledged && !durable => older += 1,
            _ => lost += 1,
        }
    }
    println!("prove: {lost} of {rounds} cuts lost something; {newer} found the new content, {older} the one before");
}

#[test]
#[ignore = "run by `cargo xtask prove`"]
fn cut_migrations() {
    let (rounds, mut dice, control) = asked();
    let mut lost = 0;
    for _ in 0..rounds {
        let disk = old_disk();
        if control == "in-place" {
            // Control: the migrated content is written over what was there while the power goes.
            let migrated = FaultFile::of(disk.bytes());
            drop(open(&migrated, VAULT_STEPS).unwrap());
            let content = load(&migrated).unwrap().content;
            let region = load(&disk).unwrap().region;
            for half in 0..2 {
                region.write_half(half, 100, &content, Leftover::Keep).unwrap();
            }
        } else if dice.yes() {
            disk.fail_write_after(dice.below(3 * FRAME), ErrorKind::Other);
            let _ = open(&disk, VAULT_STEPS);
        } else {
            disk.ignore_sync(true);
            drop(open(&disk, VAULT_STEPS).unwrap());
        }
        let after = cut(&disk, &mut dice);
        let whole = std::panic::catch_unwind(|| check(&mut open(&after, VAULT_STEPS).unwrap()));
        lost += usize::from(whole.is_err());
    }
    println!("prove: {lost} of {rounds} cut migrations lost something");
}

/// Nanoseconds of the median of both, measured in turns, after some that warm up.
fn medians(rounds: usize, mut measured: [&mut dyn FnMut(); 2]) -> [u128; 2] {
    let mut times = [vec![], vec![]];
    for round in 0..rounds + 3 {
        for (work, times) in measured.iter_mut().zip(&mut times) {
            let start = Instant::now();
            work();
            if round >= 3 {
                times.push(start.elapsed().as_nanos());
            }
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

/// Pages whose first slot belongs to the first of these keys, and whose last slot to the second.
fn first_and_last(keys: [&RootKey; 2], fixed: &[u8; 64]) -> SlotAreas {
    let mut areas = SlotAreas { front: kapok_wire::rng::bytes(), back: kapok_wire::rng::bytes() };
    for (root, number) in keys.into_iter().zip([0, slots::SLOTS - 1]) {
        for place in SlotPlace::copies_of(number) {
            let sealed = slots::seal(root, fixed, place, &SlotContent::Erase).unwrap();
            let start = usize::try_from(place.offset()).unwrap() - fixed.len();
            let area: &mut SlotArea =
                if place.page == slots::PageSide::Front { &mut areas.front } else { &mut areas.back };
            area[start..start + sealed.len()].copy_from_slice(&sealed);
        }
    }
    areas
}

/// With all four slots in use, one passphrase has the first and one the last: whole unlocks of both are timed, and the trying of
/// slots alone, which is too short to be seen beside the slow hash.
#[test]
#[ignore = "run by `cargo xtask prove`"]
fn the_first_slot_and_the_last() {
    let (rounds, _, control) = asked();
    EARLY_EXIT.set(control == "early-exit");
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("vault.kpk");
    let all = ["first words", "second words", "third words", "fourth words"]
        .map(|words| Passphrase::new(words.as_bytes().to_vec()).unwrap());
    let [first, rest @ ..] = &all;
    let further = rest.each_ref().map(Further::Vault);
    let vaults = NewVaults { first, further: &further, waiting: &[] };
    drop(Container::create(&path, HalfFrames::new(2).unwrap(), vaults, &NoDeviceKey, KdfParams::FLOOR).unwrap());
    let bytes = std::fs::read(&path).unwrap();
    let head = &Head::read_all(&FaultFile::of(bytes.clone()), bytes.len() as u64).unwrap()[0];
    let mut found: Vec<_> = all
        .iter()
        .map(|passphrase| {
            let root = Guess::derive(&head.header, passphrase, &NoDeviceKey).unwrap().root;
            (head.find_vault(&root).unwrap().number, root, passphrase)
        })
        .collect();
    found.sort_by_key(|(number, ..)| *number);
    let [(0, first, first_words), .., (3, last, last_words)] = found.as_slice() else { panic!("all slots are used") };

    let areas = first_and_last([first, last], head.fixed.bytes());
    let tries = [first, last].map(|root| {
        let mut tries = 0;
        slots::unlock(root, head.fixed.bytes(), &areas, |_| tries += 1).unwrap();
        tries
    });
    let trying = |root| drop(slots::unlock(root, head.fixed.bytes(), &areas, |_| {}).unwrap());
    let [a, b] = medians(rounds * 20, [&mut || trying(first), &mut || trying(last)]);
    let opening = |passphrase| drop(Container::open(&path, passphrase, &NoDeviceKey).unwrap());
    let [c, d] = medians(rounds, [&mut || opening(first_words), &mut || opening(last_words)]);
    println!("prove: {} {} {a} {b} {c} {d}", tries[0], tries[1]);
}
