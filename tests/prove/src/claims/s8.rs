//! S8: whatever the passphrase, every slot is tried and the device key asked once.
//!
//! That all slots and spares are tried is counted inside the core, by its unit tests; here the device key counts, and
//! at full budget the time of a right and of a wrong passphrase is compared.

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

/// By how many hundredths the medians of both differ.
fn difference([first, second]: &mut [Vec<Duration>; 2]) -> f64 {
    let (first, second) = (median(first), median(second));
    100.0 * (first - second).abs() / first.max(second)
}

fn defended(budget: &mut Budget) -> Verdict {
    let (odd, mut times) = guess(budget.of(500, 4), CountingKey::new);
    let (_, slots) = budget.core_test("vault::slots::tests::a_slot_opens_wherever_it_lies", false, &[]);
    let guesses = times[0].len() + times[1].len();
    let counted =
        format!("{odd} of {guesses} guesses asked the key more or less than once, {slots} count of slots right");
    let counted = Verdict::new(odd == 0, counted);
    if budget.short {
        return counted;
    }
    let difference = difference(&mut times);
    Verdict::all([counted, Verdict::new(difference < MOST, format!("medians differ by {difference:.2} %"))])
}

fn control(budget: &mut Budget) -> Verdict {
    let (odd, _) = guess(budget.of(20, 4), CountingKey::remembering);
    let counted = Verdict::new(odd == 0, format!("with remembered answers {odd} guesses cost nothing"));
    if budget.short {
        return counted;
    }
    // An answer before the work is done, as an early exit would give, is seen at once.
    let mut early = [vec![Duration::from_millis(200)], vec![Duration::from_millis(195)]];
    let difference = difference(&mut early);
    Verdict::any([counted, Verdict::new(difference < MOST, format!("2.5 % earlier is seen as {difference:.2} %"))])
}
