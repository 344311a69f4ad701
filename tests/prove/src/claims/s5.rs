//! S5: one image does not tell whether there is a second vault. Two classifiers are trained on images of both kinds and asked about
//! others.
//!
//! What they reach on images that do not differ varies by chance, more than a ranking would, because the folds share what they are
//! trained on: with as many numbers of pure chance, by 0.034 on 300 + 300 images, 0.020 on 600 + 600, 0.015 on 1,000 + 1,000. So
//! there are as many as it takes for 0.05 to mean something.

use std::sync::Arc;

use kapok_core::{CreateOptions, Device, Further, HalfFrames, NoDeviceKey, Passphrase};
use kapok_tests::story;
use kapok_tests::world::now;

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};
use crate::features::{features, of};
use crate::judge::{Auc, Judge};
use crate::layout::{HALVES, PAGE, halves, pages};
use crate::virtual_clock::VirtualClock;

/// Images of each kind, and of each kind of the control, which is seen at once.
const IMAGES: usize = 1_000;
const OF_CONTROL: usize = 60;

/// Deniability of one image.
pub(super) const CLAIM: Claim =
    Claim { id: "S5", title: "one image does not tell one vault from two", timed: false, defended, control };

/// Farthest from 0.5 that is still chance: at full budget, and for the few images of a short run.
const FULL: f64 = 0.05;
const SHORT: f64 = 0.4;
/// What the control must reach at least.
const SEEN: f64 = 0.9;

/// The vault's file of a device that is in use. `second`: it has a second vault, in use as well.
fn image(second: bool) -> Vec<u8> {
    let place = tempfile::tempdir().unwrap();
    let other = Passphrase::new(b"copper spoon behind the fictional bakery".to_vec()).unwrap();
    let further = if second { vec![Further::Vault(&other)] } else { vec![] };
    // The pool is not looked at, so it is as small as it can be.
    let options = CreateOptions { half: HalfFrames::new(2).unwrap(), ..story::options(1) };
    let key = Arc::new(NoDeviceKey);
    let device = Device::create_with(place.path(), &story::passphrase(), &further, key, options).unwrap();
    write(&device);
    if second {
        device.unlock(&other, &VirtualClock::start()).unwrap();
        write(&device);
    }
    drop(device);
    std::fs::read(place.path().join("vault.kpk")).unwrap()
}

/// Four drafts, as a person would write them.
fn write(device: &Device) {
    for number in 40..44 {
        let draft = device.new_draft(story::FORM, "km", now()).unwrap();
        device.save_answers(draft, &story::answers(device.pack(), number), now()).unwrap();
    }
}

/// The numbers of the halves, and of the pages of header and slots.
fn measured(file: &[u8]) -> Vec<f64> {
    let mut all = features(&file[PAGE..PAGE + HALVES * halves(file)[0].len()], HALVES);
    all.extend(pages(file).into_iter().flat_map(|at| of(&file[at..at + PAGE])));
    all
}

/// Images of both kinds, and what the classifiers make of them.
fn judged(budget: &Budget, count: usize, kinds: [&dyn Fn() -> Vec<u8>; 2]) -> (usize, Auc) {
    let rows = kinds.map(|make| (0..count).map(|_| measured(&make())).collect::<Vec<_>>());
    let judge = Judge::new(budget.python.as_deref().expect("a Python; `cargo xtask prove` brings one"));
    (count, judge.auc([&rows[0], &rows[1]], budget.seed))
}

fn figure((count, auc): (usize, Auc)) -> String {
    format!("AUC {:.3} logistic, {:.3} boosting on {count} + {count} images", auc.logistic, auc.boosting)
}

fn defended(budget: &mut Budget) -> Verdict {
    let most = if budget.short { SHORT } else { FULL };
    let judged = judged(budget, budget.of(IMAGES, 24), [&|| image(false), &|| image(true)]);
    Verdict::new(judged.1.within(most), figure(judged))
}

fn control(budget: &mut Budget) -> Verdict {
    // A container that leaves what it does not use empty.
    let zeroed = || {
        let mut file = image(false);
        let unused = halves(&file)[5].clone();
        file[unused].fill(0);
        file
    };
    let judged = judged(budget, budget.of(OF_CONTROL, 10), [&|| image(false), &zeroed]);
    Verdict::new(judged.1.best() <= SEEN, format!("unused half zeroed: {}", figure(judged)))
}
