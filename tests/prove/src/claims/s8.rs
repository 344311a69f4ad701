//! S8: whatever the passphrase and wherever its slot lies, every slot is tried and the device key asked once.
//!
//! Here the device key counts, and at full budget the times of a right and of a wrong passphrase are compared. That all places are
//! tried is counted inside the core, which alone knows where a slot lies. There two passphrases of one device are timed, whose
//! slots are the first and the last: as whole unlocks, and the trying of slots alone. An early exit saves microseconds of an
//! unlock, which nobody sees beside the slow hash; alone it is seen at once, and so it is what the control judges.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kapok_core::{Device, Error, Passphrase};
use kapok_tests::story;

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};
use crate::counting_key::CountingKey;
use crate::virtual_clock::VirtualClock;

/// All slots tried, one `mac` a guess.
pub(super) const CLAIM: Claim = Claim {
    id: "S8",
    title: "every guess tries all slots and asks the device key once, in the same time",
    timed: true,
    defended,
    control,
};

const HOUR: u64 = 3_600;
/// Most that the medians may differ by, in hundredths.
const MOST: f64 = 2.0;
/// Four slots with a spare each, in two pages.
const PLACES: f64 = 16.0;
const FIRST_AND_LAST: &str = "vault::prove_tests::the_first_slot_and_the_last";

/// Guesses, right and wrong in turn: how many did not ask the device key exactly once, and the times of both kinds.
fn guess(rounds: usize, make: impl Fn(&std::path::Path) -> CountingKey) -> (usize, [Vec<Duration>; 2]) {
    let place = tempfile::tempdir().unwrap();
    let key = Arc::new(make(place.path()));
    let (right, wrong) = (story::passphrase(), Passphrase::new(b"paper lantern over another river".to_vec()).unwrap());
    let device = Device::create(&place.path().join("device"), &right, key.clone(), story::options(8)).unwrap();
    let clock = VirtualClock::start();
    let (mut odd, mut times) = (0, [Vec::new(), Vec::new()]);
    key.take_macs();
    for _ in 0..rounds {
        for (kind, passphrase, expected) in [(0, &right, Ok(())), (1, &wrong, Err(Error::WrongPassphrase))] {
            // So that no guess is refused for coming too early.
            clock.pass(HOUR);
            device.lock();
            let start = Instant::now();
            let answer = device.unlock(passphrase, &clock);
            times[kind].push(start.elapsed());
            assert_eq!(answer, expected);
            odd += usize::from(key.take_macs() != 1);
        }
    }
    (odd, times)
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}

/// By how many hundredths two times differ.
fn difference([first, second]: [f64; 2]) -> f64 {
    100.0 * (first - second).abs() / first.max(second)
}

/// What the core says of a passphrase whose slot is the first, and of one whose slot is the last.
struct Places {
    /// Places that are tried for both.
    tries: [f64; 2],
    /// Of the trying of all slots, alone.
    slots: [f64; 2],
    /// Of whole unlocks.
    unlocks: [f64; 2],
}

impl Places {
    fn measured(budget: &Budget, rounds: usize, off: &str) -> Self {
        let figure = super::core_figure(budget, FIRST_AND_LAST, rounds, off);
        let all: Vec<f64> = figure.split(' ').map(|number| number.parse().unwrap()).collect();
        let [tries_first, tries_last, slots_first, slots_last, first, last] = all[..] else { panic!("{figure}") };
        Self { tries: [tries_first, tries_last], slots: [slots_first, slots_last], unlocks: [first, last] }
    }

    fn counted(&self) -> Verdict {
        let [first, last] = self.tries;
        Verdict::new(self.tries == [PLACES; 2], format!("{first} places tried for the first slot, {last} for the last"))
    }

    fn slots_alone(&self) -> Verdict {
        let difference = difference(self.slots);
        Verdict::new(difference < MOST, format!("trying slots alone by {difference:.2} %"))
    }
}

fn defended(budget: &mut Budget) -> Verdict {
    let (odd, mut times) = guess(budget.of(500, 4), CountingKey::new);
    let guesses = times[0].len() + times[1].len();
    let counted = Verdict::new(odd == 0, format!("{odd} of {guesses} guesses asked the key more or less than once"));
    let places = Places::measured(budget, budget.of(500, 1), "");
    if budget.short {
        return Verdict::all([counted, places.counted()]);
    }
    let answers = difference(times.each_mut().map(|times| median(times)));
    let answers = Verdict::new(answers < MOST, format!("medians differ: right and wrong by {answers:.2} %"));
    let unlocks = difference(places.unlocks);
    let unlocks = Verdict::new(unlocks < MOST, format!("first and last slot by {unlocks:.2} %"));
    Verdict::all([counted, places.counted(), answers, unlocks, places.slots_alone()])
}

fn control(budget: &mut Budget) -> Verdict {
    let (odd, _) = guess(budget.of(20, 4), CountingKey::remembering);
    let counted = Verdict::new(odd == 0, format!("with remembered answers {odd} guesses cost nothing"));
    let early = Places::measured(budget, budget.of(50, 1), "early-exit");
    let tried = early.counted();
    let tried = Verdict { figure: format!("with an early exit {}", tried.figure), ..tried };
    if budget.short { Verdict::any([counted, tried]) } else { Verdict::any([counted, tried, early.slots_alone()]) }
}
