//! No plaintext touches a file: sessions frozen and killed at random moments, then every byte is searched.

use std::path::Path;
use std::time::Duration;

use kapok_tests::child::{Running, command};
use kapok_tests::scan::{Hit, Scanner, plant};
use kapok_tests::story::{self, Dice};
use kapok_tests::world::World;

const ROUNDS: u64 = 10;
const LIMIT: Duration = Duration::from_secs(30);

/// A session of `mode`, frozen `moment` after its first step; what is found in its folders, its temporary folder
/// and its open files without a name, and how many steps it had done.
fn frozen(mode: &str, folder: &Path, scanner: &Scanner, moment: Duration) -> (Vec<Hit>, usize) {
    let temporary = tempfile::tempdir().unwrap();
    let mut drill = command(env!("CARGO_BIN_EXE_kapok-drill"), temporary.path());
    drill.arg(mode).arg(folder);
    let mut running = Running::start(drill);
    running.wait_for(LIMIT, |line| line == "ready").expect("a vault that opens");
    std::thread::sleep(moment);
    running.freeze();
    // While it stands still, everything it has open is as it is in the middle of a step.
    let mut hits = running.scan_unlinked(scanner).unwrap();
    let steps = running.kill().iter().filter(|line| !line.starts_with("found")).count() - 1;
    hits.extend(scanner.scan(folder).unwrap());
    hits.extend(scanner.scan(temporary.path()).unwrap());
    (hits, steps)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_sessions_killed_at_a_random_moment_leave_no_marker_in_any_file() {
    let markers = story::markers(&story::photo(150_000), &story::voice(90_000));
    assert!(markers.len() >= 10);
    let scanner = Scanner::new(&markers);
    let mut dice = Dice(u64::from(std::process::id()));
    let mut world = World::start().await;
    let places: Vec<_> = (0..ROUNDS).map(|_| tempfile::tempdir().unwrap()).collect();
    for place in &places {
        drop(world.device(place.path(), 64).await);
    }
    // From here on the address that the devices know is closed.
    world.stop().await;
    let (mut steps, mut full) = (0, 0);
    for place in &places {
        let moment = Duration::from_micros(dice.below(900_000));
        let (hits, done) = frozen("session", place.path(), &scanner, moment);
        assert_eq!(hits, [], "after {done} steps");
        steps += done;
        full += usize::from(done > 4);
    }
    assert!(steps > 20 && full > 0, "the sessions came to nothing: {steps} steps");
    println!("{ROUNDS} sessions, {steps} steps, {} markers", markers.len());

    // Control: a session that writes one answer to a file and takes its name away at once is found out.
    let place = places[0].path();
    let (hits, _) = frozen("leak", place, &scanner, Duration::from_millis(400));
    assert!(hits.iter().any(|hit| hit.file.to_string_lossy().ends_with("scratch (deleted)")), "{hits:?}");
    // Control: so is a plain file.
    plant(&place.join("planted"), &markers).unwrap();
    assert!(!scanner.scan(place).unwrap().is_empty());
}
