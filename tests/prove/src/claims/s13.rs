//! S13: an open vault locks by itself, by the minute of its profile, and locking is quick even while a large commit runs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kapok_core::{CreateOptions, Device, Error, HalfFrames, NoDeviceKey, Profile, SessionLimits};
use kapok_tests::story;
use kapok_tests::world::now;

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};
use crate::virtual_clock::VirtualClock;

/// Auto-lock.
pub(super) const CLAIM: Claim = Claim {
    id: "S13",
    title: "an open vault locks by itself at its time, and at once when told, also while it writes",
    timed: true,
    defended,
    control,
};

const LIMIT: Duration = Duration::from_millis(100);
const PROFILES: [Profile; 3] = [Profile::Low, Profile::Elevated, Profile::Severe];

/// What a person may do, and after how many seconds the vault must be locked.
const STORIES: [(&str, [u64; 3]); 3] =
    [("unused", [300, 60, 60]), ("left", [300, 60, 0]), ("used all the time", [3_600, 900, 300])];

/// Seconds until the vault is locked, asked every second, with these limits.
fn locked_after(device: &Device, clock: &VirtualClock, story: &str, limits: &SessionLimits) -> u64 {
    // What was noted in the story before is over.
    clock.pass(3_600);
    device.unlock(&story::passphrase(), clock).unwrap();
    if story == "left" {
        device.note_background(true, clock);
    }
    for second in 0..10_000 {
        if device.lock_if_due(limits, clock) {
            assert!(device.is_locked());
            return second;
        }
        if story == "used all the time" {
            device.note_use(clock);
        }
        clock.pass(1);
    }
    u64::MAX
}

/// How many of the stories end late, with limits of one's choice.
fn late(limits: impl Fn(Profile) -> SessionLimits) -> (usize, usize) {
    let place = tempfile::tempdir().unwrap();
    let device = Device::create(place.path(), &story::passphrase(), Arc::new(NoDeviceKey), story::options(8)).unwrap();
    let (clock, mut late) = (VirtualClock::start(), 0);
    for (profile, number) in PROFILES.into_iter().zip(0..) {
        for (story, seconds) in STORIES {
            late += usize::from(locked_after(&device, &clock, story, &limits(profile)) != seconds[number]);
        }
    }
    (late, PROFILES.len() * STORIES.len())
}

fn defended(budget: &mut Budget) -> Verdict {
    let (late, of) = late(SessionLimits::from);
    let on_time = Verdict::new(late == 0, format!("{late} of {of} stories end at another second"));
    if budget.short {
        return on_time;
    }
    let mut times = latencies(budget.of(100, 0));
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    let figure = format!("lock while 4 MiB are written: p99 {p99:.1?} of {} times", times.len());
    Verdict::all([on_time, Verdict::new(p99 < LIMIT, figure)])
}

/// How long `lock` takes while another thread saves into a vault of almost 4 MiB.
fn latencies(count: usize) -> Vec<Duration> {
    let place = tempfile::tempdir().unwrap();
    let device = &filled(place.path());
    let draft = device.drafts().unwrap()[0].id;
    let mut times = Vec::new();
    for round in 0..count {
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for number in 0.. {
                    match device.save_answers(draft, &story::answers(device.pack(), number % 90), now()) {
                        Err(Error::Locked) => return,
                        saved => saved.unwrap(),
                    }
                }
            });
            std::thread::sleep(Duration::from_millis(20 + round as u64 % 13));
            let start = Instant::now();
            device.lock();
            times.push(start.elapsed());
        });
        device.unlock(&story::passphrase(), &VirtualClock::start()).unwrap();
    }
    times
}

fn filled(folder: &Path) -> Device {
    let options = CreateOptions { half: HalfFrames::VAULT_DEFAULT, ..story::options(8) };
    let device = Device::create(folder, &story::passphrase(), Arc::new(NoDeviceKey), options).unwrap();
    let mut rows = Vec::new();
    while let Ok(row) = device.new_draft(story::FORM, &"x".repeat(12_000), now()) {
        rows.push(row);
    }
    rows.iter().rev().take(8).for_each(|row| device.delete_draft(*row).unwrap());
    device
}

/// A host that asks by limits of its own, which never end.
fn control(_: &mut Budget) -> Verdict {
    let hours = Duration::from_secs(90_000);
    let (late, of) = late(|_| SessionLimits { idle: hours, background: hours, whole: hours });
    Verdict::new(late == 0, format!("without limits: {late} of {of} stories end at another second"))
}
