//! S3: whenever a process dies or the power goes, what was acknowledged is there, whole, and exactly once.
//!
//! Three ways: SIGKILL at random microseconds of real processes; SIGKILL before each single write and flush of each thing
//! that a person does; and, inside the core, a disk that drops, tears and reorders what was not flushed. A move to a new phone is
//! killed in the first two ways: afterwards everything is on one of the two phones, and the move can be ended.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kapok_core::{Device, NoDeviceKey};
use kapok_tests::kills::{Line, drill};
use kapok_tests::story;
use kapok_tests::world::World;

use crate::budget::{Budget, copied};
use crate::claim::{Claim, Verdict};
use crate::moves::{self, Templates};
use crate::steps::{self, CALLS, STEPS, State};

/// Crash atomicity.
pub(super) const CLAIM: Claim = Claim {
    id: "S3",
    title: "after a kill or a power cut the state is the last acknowledged or the next one",
    timed: false,
    defended,
    control,
};

const TORN: &str = "vault::prove_tests::torn_reordered_and_lost_writes";

fn fresh() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    drop(Device::create(place.path(), &story::passphrase(), Arc::new(NoDeviceKey), story::options(64)).unwrap());
    place
}

fn while_saving(budget: &Budget) -> Verdict {
    let (kills, place, drill) = (budget.of(1_000, 8), fresh(), drill());
    let (saves, losses) = Line::new(&drill, "save", place.path(), budget.seed).save(u32::try_from(kills).unwrap());
    let figure = format!("{} of {kills} kills during {saves} saves lost something", losses.len());
    Verdict::new(losses.is_empty() && saves as usize >= kills, figure)
}

fn while_finishing(budget: &Budget) -> Verdict {
    let (kills, drill) = (budget.of(1_000, 8), drill());
    let place = tempfile::tempdir().unwrap();
    let done = budget.wait(async {
        let world = World::start().await;
        drop(world.device(place.path(), 512).await);
        Line::new(&drill, "finish", place.path(), budget.seed).finish(&world, u32::try_from(kills).unwrap()).await
    });
    match done {
        Ok(met) => Verdict::new(true, format!("0 of {kills} while {} reports were finished", met.reports)),
        Err(why) => Verdict::new(false, format!("{kills} kills while finishing: {why}")),
    }
}

/// Kills before each write and flush of these steps, or before a few of them: how many were tried and how many left something
/// that is neither before nor after.
fn at_points(budget: &mut Budget, chosen: &[&str], few: Option<usize>) -> (usize, usize) {
    let template = budget.wait(async { steps::template(&World::start().await).await });
    let before = State::of(copied(template.path()).path()).unwrap();
    let (mut tried, mut wrong) = (0, 0);
    for step in chosen {
        let whole = copied(template.path());
        assert!(steps::child(step, whole.path(), None));
        let after = State::of(whole.path()).unwrap();
        assert!(before != after, "{step} does nothing");
        for call in CALLS {
            let some: Vec<u32> = match few {
                Some(few) => (0..few).map(|_| u32::try_from(budget.dice.below(4)).unwrap() + 1).collect(),
                None => (1..400).collect(),
            };
            for number in some {
                let copy = copied(template.path());
                let ended = steps::child(step, copy.path(), Some((call, number)));
                let found = State::of(copy.path());
                let right = found.as_ref() == Ok(&after) || !ended && found.as_ref() == Ok(&before);
                wrong += usize::from(!right);
                if ended {
                    // There is no call of that number.
                    break;
                }
                tried += 1;
            }
        }
    }
    (tried, wrong)
}

fn named_points(budget: &mut Budget) -> Verdict {
    if !steps::can_trace() {
        let why = "named points not tried: strace may not trace here";
        return if budget.short { Verdict::new(true, why) } else { panic!("{why}") };
    }
    let few = budget.short.then_some(1);
    let (tried, wrong) = at_points(budget, &STEPS[..STEPS.len() - 1], few);
    Verdict::new(wrong == 0, format!("{wrong} of {tried} kills at named points"))
}

/// Kills before each write and flush of a step of a move, or a few of them: how many were tried, and how many left the phones in
/// a state that is not `right`.
fn move_at_points(
    budget: &mut Budget,
    (step, before): (&str, &tempfile::TempDir),
    few: Option<usize>,
    right: impl Fn(&Path) -> bool,
) -> (usize, usize) {
    let (mut tried, mut wrong) = (0, 0);
    let calls = if few.is_some() { &moves::CALLS[..1] } else { &moves::CALLS };
    for call in calls {
        let some: Vec<u32> = match few {
            Some(few) => (0..few).map(|_| u32::try_from(budget.dice.below(4)).unwrap() + 1).collect(),
            None => (1..400).collect(),
        };
        for number in some {
            let copy = moves::both_copied(before.path());
            let ended = steps::child(step, copy.path(), Some((call, number)));
            wrong += usize::from(!right(copy.path()));
            if ended {
                // There is no call of that number.
                break;
            }
            tried += 1;
        }
    }
    (tried, wrong)
}

fn while_moving(budget: &mut Budget) -> Verdict {
    let templates = budget.wait(async { Templates::make(&World::start().await).await });
    let (kills, mut cut, mut wrong) = (budget.of(100, 2), 0, 0);
    let takes = u64::try_from(moves::takes(moves::both_copied(templates.before[0].path()).path()).as_micros()).unwrap();
    for _ in 0..kills {
        let copy = moves::both_copied(templates.before[0].path());
        cut += usize::from(moves::killed(copy.path(), Duration::from_micros(budget.dice.below(takes))));
        wrong += usize::from(!moves::is_safe(copy.path(), &templates.whole));
    }
    let random = format!("{wrong} of {kills} while moving, {cut} before its end, left something on no phone");
    let random = Verdict::new(wrong == 0 && (budget.short || cut > kills / 4), random);
    if !steps::can_trace() {
        assert!(budget.short, "strace may not trace here");
        return random;
    }
    let (mut tried, mut wrong) = (0, 0);
    for (step, before) in moves::STEPS.into_iter().zip(&templates.before) {
        let few = budget.short.then_some(1);
        let (more, bad) =
            move_at_points(budget, (step, before), few, |folder| moves::is_safe(folder, &templates.whole));
        (tried, wrong) = (tried + more, wrong + bad);
    }
    Verdict::all([random, Verdict::new(wrong == 0, format!("{wrong} of {tried} at named points of a move"))])
}

/// The control of moving: an old phone that forgets before the new one has it all.
fn forgotten_early(budget: &mut Budget) -> Verdict {
    let templates = budget.wait(async { Templates::make(&World::start().await).await });
    let take = ("take", &templates.careless);
    let (tried, wrong) = move_at_points(budget, take, Some(2), |folder| moves::is_somewhere(folder, &templates.whole));
    Verdict::new(wrong == 0, format!("old phone forgets first: {wrong} of {tried} left something on no phone"))
}

/// What the core says about a disk that fails, with a defence off.
fn torn(budget: &Budget, rounds: usize, off: &str) -> Verdict {
    super::core_line(budget, TORN, rounds, off)
}

fn defended(budget: &mut Budget) -> Verdict {
    let kills = [while_saving(budget), while_finishing(budget), named_points(budget), while_moving(budget)];
    Verdict::all(kills.into_iter().chain([torn(budget, budget.of(4_000, 200), "")]))
}

fn control(budget: &mut Budget) -> Verdict {
    let (place, drill) = (fresh(), drill());
    let (_, losses) = Line::new(&drill, "early", place.path(), budget.seed).save(60);
    let mut all = vec![Verdict::new(losses.is_empty(), format!("promised early: {} lost", losses.len()))];
    if steps::can_trace() {
        let few = budget.short.then_some(3);
        let (tried, wrong) = at_points(budget, &STEPS[STEPS.len() - 1..], few);
        all.push(Verdict::new(wrong == 0, format!("deleted before saved: {wrong} of {tried}")));
        all.push(forgotten_early(budget));
    }
    for (off, name) in [("flushes", "flushes ignored"), ("in-place", "written in place")] {
        let core = torn(budget, budget.of(400, 100), off);
        all.push(Verdict { figure: format!("{name}: {}", core.figure), ..core });
    }
    Verdict::any(all)
}
