//! S6: whoever has the second passphrase sees the same whether the first vault is empty or full.
//!
//! Two devices that are byte for byte the same are made different only by what the first vault holds. The second vault is then
//! opened in both, the same is done, and what was answered, which ranges changed and how long it took are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kapok_core::{Device, Error, Facts, Further, NoDeviceKey, SyncOptions};
use kapok_tests::story;
use kapok_tests::world::{World, now};

use super::s4::{attach, options, second};
use crate::budget::{Budget, copied};
use crate::claim::{Claim, Verdict};
use crate::image::Image;
use crate::judge::Judge;
use crate::virtual_clock::VirtualClock;

/// The view from a second vault.
pub(super) const CLAIM: Claim = Claim {
    id: "S6",
    title: "a second vault answers, writes and takes time alike, whatever the first one holds",
    timed: true,
    defended,
    control,
};

/// Bytes of a slot of the pool.
const SLOT: usize = 65_536;
/// A p-value below this would be chance once in a hundred runs.
const CHANCE: f64 = 0.01;

/// Everything a person can be shown, in words. Random ids and codes are left out, being random in any vault.
fn shown(device: &Device) -> Vec<String> {
    let outbox = device.outbox().map(|all| all.into_iter().map(|v| (v.state, v.objects, v.receipted, v.attempts)));
    let drafts = device.drafts().map(|all| all.into_iter().map(|v| (v.id, v.answers, v.attachments)));
    vec![
        format!("{:?}", drafts.map(Iterator::collect::<Vec<_>>)),
        format!("{:?}", device.finished_count()),
        format!("{:?}", outbox.map(Iterator::collect::<Vec<_>>)),
        format!("{:?}", device.waiting()),
        format!("{:?}", device.organisation(now())),
        format!("{:?}", device.decide(&Facts::unknown(), &SyncOptions::default(), now())),
        format!("{:?} {:?}", device.sends_while_locked(), device.erase_after()),
        format!("{:?} {:?}", device.settings(), device.search("ដារ៉ា", 9).map(|hits| hits.len())),
    ]
}

/// What was seen and done with the second vault of the device in `folder`: answers, and the changed ranges. `locked` looks
/// before unlocking, too.
fn session(folder: &Path, locked: bool) -> (Vec<String>, BTreeMap<String, Vec<usize>>) {
    let clock = VirtualClock::start();
    let before = Image::take(folder);
    let device = Device::open(folder, Arc::new(NoDeviceKey)).unwrap();
    let mut said = if locked { shown(&device) } else { Vec::new() };
    device.unlock(&second(), &clock).unwrap();
    said.extend(shown(&device));
    let draft = device.new_draft(story::FORM, "km", now()).unwrap();
    device.save_answers(draft, &story::answers(device.pack(), 5), now()).unwrap();
    said.push(format!("{:?}", attach(&device, draft, 150_000)));
    said.push(format!("{:?}", device.finish(draft, now()).err() == Some(Error::NotEnrolled)));
    // To the end of its part, where another vault's bytes would be met.
    let mut count = 0;
    while attach(&device, draft, 60_000).is_ok() {
        count += 1;
    }
    said.push(format!("{count} more"));
    said.extend(shown(&device));
    device.delete_draft(draft).unwrap();
    said.extend(shown(&device));
    device.lock();
    drop(device);
    let changes = before.changes(&Image::take(folder));
    let ranges = changes.ranges.iter().map(|(name, ranges)| {
        // Which slots of its part a vault takes is random; which part that is, is not: every fourth slot.
        let all: Vec<_> = if name.ends_with("pool.kpk") {
            let slots = ranges.iter().flat_map(|range| range.start / SLOT..=(range.end - 1) / SLOT);
            let parts: BTreeSet<_> = slots.map(|slot| slot % 4).collect();
            parts.into_iter().collect()
        } else {
            ranges.iter().flat_map(|range| [range.start, range.end]).collect()
        };
        (name.display().to_string(), all)
    });
    (said, ranges.collect())
}

/// Two devices, equal but for what the first vault of the second one holds.
fn pair(budget: &Budget, world: &World) -> [tempfile::TempDir; 2] {
    let empty = tempfile::tempdir().unwrap();
    let further = second();
    let key = || Arc::new(NoDeviceKey);
    let device =
        Device::create_with(empty.path(), &story::passphrase(), &[Further::Vault(&further)], key(), options()).unwrap();
    // Each vault was opened once, as a person does who sets both up.
    device.unlock(&second(), &VirtualClock::start()).unwrap();
    drop(device);
    let full = copied(empty.path());
    let device = Device::open(full.path(), key()).unwrap();
    device.unlock(&story::passphrase(), &VirtualClock::start()).unwrap();
    budget.wait(world.enrol(&device));
    for number in 0..6 {
        let draft = device.new_draft(story::FORM, "km", now()).unwrap();
        device.save_answers(draft, &story::answers(device.pack(), number), now()).unwrap();
        attach(&device, draft, 100_000).unwrap();
        if number % 2 == 0 {
            device.finish(draft, now()).unwrap();
        }
    }
    device.lock();
    [empty, full]
}

fn defended(budget: &mut Budget) -> Verdict {
    let world = budget.wait(World::start());
    let (rounds, mut unlike) = (budget.of(20, 1), 0);
    for _ in 0..rounds {
        let pair = pair(budget, &world);
        let [empty, full] = pair.each_ref().map(|place| session(place.path(), false));
        unlike += usize::from(empty != full);
    }
    let equal = Verdict::new(unlike == 0, format!("{unlike} of {rounds} pairs answer or write unlike"));
    if budget.short {
        return equal;
    }
    let pair = pair(budget, &world);
    let times = timed(&pair, budget.of(200, 0));
    let p = Judge::new(budget.python.as_deref().expect("a Python")).ks(&times[0], &times[1]);
    Verdict::all([equal, Verdict::new(p > CHANCE, format!("times of {} unlocks each: p = {p:.3}", times[0].len()))])
}

/// Seconds that unlocking the second vault takes in both, in turns.
fn timed(pair: &[tempfile::TempDir; 2], count: usize) -> [Vec<f64>; 2] {
    let devices = pair.each_ref().map(|place| Device::open(place.path(), Arc::new(NoDeviceKey)).unwrap());
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..2 * count {
        let start = Instant::now();
        devices[number % 2].unlock(&second(), &VirtualClock::start()).unwrap();
        times[number % 2].push(start.elapsed().as_secs_f64());
        devices[number % 2].lock();
    }
    times
}

/// The same with one look at what the sender has from all vaults, which is what one shared outbox would show.
fn control(budget: &mut Budget) -> Verdict {
    let world = budget.wait(World::start());
    let pair = pair(budget, &world);
    let [empty, full] = pair.each_ref().map(|place| session(place.path(), true));
    let unlike = empty.0.iter().zip(&full.0).filter(|(one, other)| one != other).count();
    Verdict::new(empty == full, format!("with what the sender has from all vaults in view: {unlike} answers unlike"))
}
