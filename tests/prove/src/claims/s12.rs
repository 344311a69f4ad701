//! S12: however somebody waits, ends the program, switches the phone off and on or sets its clock, no more passphrases are
//! tried than the schedule allows.

use std::path::Path;
use std::sync::Arc;

use kapok_core::{Device, Error, NoDeviceKey, Passphrase};
use kapok_tests::story::{self, Dice};

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};
use crate::virtual_clock::VirtualClock;

/// Throttling.
pub(super) const CLAIM: Claim = Claim {
    id: "S12",
    title: "restarts and set clocks give no more tries than the schedule",
    timed: false,
    defended,
    control,
};

const FREE: u64 = 3;
const WAITS: [u64; 4] = [30, 120, 600, 3_600];
const HOUR: u64 = 3_600;

/// The schedule by the time that really passed: what somebody at the screen may do.
#[derive(Default)]
struct Schedule {
    failures: u64,
    last: u64,
}

impl Schedule {
    fn allows(&self, now: u64) -> bool {
        let Some(step) = self.failures.checked_sub(FREE) else { return true };
        let wait = WAITS.get(usize::try_from(step).unwrap()).copied().unwrap_or(HOUR);
        now >= self.last + wait
    }

    fn failed(&mut self, now: u64) {
        self.failures = self.failures.saturating_sub((now - self.last) / HOUR) + 1;
        self.last = now;
    }
}

/// What the device can lean on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Defence {
    /// A record that is kept, and a clock that nobody can set.
    Whole,
    /// Before each try the record is put back to what it was, as if it were not kept.
    NoRecord,
    /// The clock that nobody can set is set with the other one, as if there were only that.
    OneClock,
}

/// What somebody does between two tries; whether the program has to start again. `really` is the time that has passed.
fn disturb(dice: &mut Dice, clock: &VirtualClock, really: &mut u64, defence: Defence) -> bool {
    const YEAR: u64 = 365 * 24 * HOUR;
    let now = kapok_core::Clock::now(clock).0;
    match dice.below(10) {
        0..4 => {
            let seconds = [1, 29, 31, 119, 121, 599, 601, 3_599, 3_601][usize::try_from(dice.below(9)).unwrap()];
            clock.pass(seconds);
            *really += seconds;
        }
        // Back by up to a year, or to 1970.
        4 => clock.set(if dice.below(3) == 0 { 0 } else { now.saturating_sub(dice.below(YEAR)) }),
        // Forward by up to a year, or right again.
        5 if dice.below(3) == 0 => clock.set(VirtualClock::START + *really),
        5 => {
            let forward = dice.below(YEAR);
            clock.set(now + forward);
            if defence == Defence::OneClock {
                clock.pass_unseen(forward);
            }
        }
        6 => return true,
        7 => {
            clock.restart();
            return true;
        }
        _ => {}
    }
    false
}

/// A life of tries and tricks. Returns tries in all and those that the schedule did not allow.
fn life(dice: &mut Dice, tries: usize, defence: Defence) -> (usize, usize) {
    let place = tempfile::tempdir().unwrap();
    let open = |folder: &Path| Device::open(folder, Arc::new(NoDeviceKey)).unwrap();
    drop(Device::create(place.path(), &story::passphrase(), Arc::new(NoDeviceKey), story::options(8)).unwrap());
    let queue = place.path().join("queue.kpk");
    let before = std::fs::read(&queue).unwrap();
    let wrong = Passphrase::new(b"paper lantern over another river".to_vec()).unwrap();
    let (clock, mut schedule, mut really) = (VirtualClock::start(), Schedule::default(), 0);
    let mut device = Some(open(place.path()));
    let (mut tried, mut too_many) = (0, 0);
    while tried < tries {
        if disturb(dice, &clock, &mut really, defence) || defence == Defence::NoRecord {
            device = None;
            if defence == Defence::NoRecord {
                std::fs::write(&queue, &before).unwrap();
                clock.restart();
            }
        }
        let device = device.get_or_insert_with(|| open(place.path()));
        match device.unlock(&wrong, &clock) {
            Err(Error::WrongPassphrase) => {
                tried += 1;
                too_many += usize::from(!schedule.allows(really));
                schedule.failed(really);
            }
            Err(Error::TooManyTries { wait }) => assert!(wait.as_secs() <= HOUR, "longer than any step"),
            other => panic!("{other:?}"),
        }
    }
    (tried, too_many)
}

fn lives(budget: &mut Budget, count: usize, defence: Defence) -> (usize, usize) {
    let lives = (0..count).map(|_| life(&mut budget.dice, 12, defence));
    lives.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn defended(budget: &mut Budget) -> Verdict {
    let (tried, too_many) = lives(budget, budget.of(30, 2), Defence::Whole);
    Verdict::new(too_many == 0, format!("{too_many} of {tried} tries came too early"))
}

fn control(budget: &mut Budget) -> Verdict {
    let parts = [(Defence::NoRecord, "a record that is not kept"), (Defence::OneClock, "one clock that can be set")];
    Verdict::any(parts.map(|(defence, without)| {
        let (tried, too_many) = lives(budget, budget.of(6, 2), defence);
        Verdict::new(too_many == 0, format!("with {without} {too_many} of {tried}"))
    }))
}
