//! S1: no plaintext on disk. Sessions are stopped at a random moment, and every byte of their folders, temporary files and open
//! files without a name is searched.

use std::path::Path;
use std::time::Duration;

use kapok_tests::child::{Running, command};
use kapok_tests::kills::drill;
use kapok_tests::scan::{Hit, Marker, Scanner, plant};
use kapok_tests::story;
use kapok_tests::world::World;

use crate::budget::{Budget, copied};
use crate::claim::{Claim, Verdict};

/// No plaintext on disk.
pub(super) const CLAIM: Claim = Claim {
    id: "S1",
    title: "a session killed at any moment leaves no word of it in any file",
    timed: false,
    defended,
    control,
};

const LIMIT: Duration = Duration::from_secs(30);
/// From the first step of a session to its end, about: microseconds.
const WINDOW: u64 = 900_000;
const PHOTO: usize = 150_000;
const VOICE: usize = 90_000;

/// Words, names and pieces of files: more than twenty. Each is looked for in UTF-8, UTF-16, base64, JSON escapes and in all of
/// these deflated.
fn canaries() -> Vec<Marker> {
    let (photo, voice) = (story::photo(PHOTO), story::voice(VOICE));
    let mut all = story::markers(&photo, &voice);
    for (name, file) in [("photo", photo), ("voice", voice)] {
        for (place, at) in [("a quarter in", file.len() / 4), ("three quarters in", file.len() / 4 * 3)] {
            all.push(Marker::bytes(&format!("{name}, {place}"), &file[at..at + 32]));
        }
    }
    assert!(all.len() >= 20);
    all
}

/// A session of `mode` in a copy of the device, stopped after `moment`; what is found, and how many steps it had done.
fn stopped(mode: &str, template: &Path, scanner: &Scanner, moment: Duration) -> (Vec<Hit>, usize) {
    let (place, temporary) = (copied(template), tempfile::tempdir().unwrap());
    let mut session = command(drill(), temporary.path());
    session.arg(mode).arg(place.path());
    let mut running = Running::start(session);
    running.wait_for(LIMIT, |line| line == "ready").expect("a vault that opens");
    std::thread::sleep(moment);
    // While it stands still, everything it has open is as it is in the middle of a step.
    running.freeze();
    let mut hits = running.scan_unlinked(scanner).unwrap();
    let steps = running.kill().iter().filter(|line| !line.starts_with("found")).count() - 1;
    hits.extend(scanner.scan(place.path()).unwrap());
    hits.extend(scanner.scan(temporary.path()).unwrap());
    (hits, steps)
}

/// An enrolled device whose server is gone.
fn template(budget: &Budget) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    budget.wait(async {
        let mut world = World::start().await;
        drop(world.device(place.path(), 64).await);
        world.stop().await;
    });
    place
}

fn defended(budget: &mut Budget) -> Verdict {
    let (template, canaries) = (template(budget), canaries());
    let scanner = Scanner::new(&canaries);
    // The scanner is not blind: it finds each canary in each of its forms.
    let planted = tempfile::tempdir().unwrap();
    let forms = plant(&planted.path().join("planted"), &canaries).unwrap();
    let seen = scanner.scan(planted.path()).unwrap().iter().filter(|hit| !hit.inflated).count();
    assert!(seen >= forms, "the scanner found {seen} of {forms} forms");
    let (rounds, mut steps, mut hits) = (budget.of(200, 3), 0, 0);
    for _ in 0..rounds {
        let moment = Duration::from_micros(budget.dice.below(WINDOW));
        let (found, done) = stopped("session", template.path(), &scanner, moment);
        (hits, steps) = (hits + found.len(), steps + done);
    }
    let figure =
        format!("{hits} hits of {} canaries in {forms} forms, {rounds} sessions, {steps} steps", canaries.len());
    Verdict::new(hits == 0 && steps >= rounds, figure)
}

fn control(budget: &mut Budget) -> Verdict {
    let scanner = Scanner::new(&canaries());
    let moment = Duration::from_millis(400);
    let (hits, _) = stopped("leak", template(budget).path(), &scanner, moment);
    let unlinked = hits.iter().filter(|hit| hit.file.to_string_lossy().ends_with("scratch (deleted)")).count();
    Verdict::new(unlinked == 0, format!("{unlinked} hits in a temporary file that is deleted while open"))
}
