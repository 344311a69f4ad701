//! The time of an answer does not tell what it is: two-sample Kolmogorov–Smirnov over interleaved requests.

use std::time::{Duration, Instant};

use kapok_wire::sizes::TEXT_BODY;
use kapok_wire::token::Token;

use crate::support::{Object, World, binary, start_with};

const SAMPLES: usize = 40;
/// Kolmogorov–Smirnov for two samples of 40: above this the two differ with p < 0.001.
const CRITICAL: f64 = 0.436;

/// Answer times of accepted, duplicate, bad token, malformed.
async fn times(floor_ms: u32) -> [Vec<Duration>; 4] {
    let dir = tempfile::tempdir().unwrap();
    let mut command = binary(&dir.path().join("data"));
    command.args(["--answer-floor-ms", &floor_ms.to_string()]);
    let world = World::around(dir, start_with(command)).await;
    let mut all: [Vec<Duration>; 4] = Default::default();
    for token in &world.tokens[..SAMPLES] {
        let good = Object::packet(token).body();
        let forged = Object::packet(&Token { output: [9; 64], ..token.clone() }).body();
        for (times, body) in all.iter_mut().zip([good.clone(), good, forged, vec![0; TEXT_BODY]]) {
            let since = Instant::now();
            world.device.post(body).await.unwrap();
            times.push(since.elapsed());
        }
    }
    all
}

/// The largest distance between the two distributions: 0 if equal, 1 if they do not overlap.
fn distance(a: &[Duration], b: &[Duration]) -> f64 {
    let share = |times: &[Duration], limit: &Duration| {
        times.iter().filter(|time| *time <= limit).count() as f64 / SAMPLES as f64
    };
    a.iter().chain(b).map(|limit| (share(a, limit) - share(b, limit)).abs()).fold(0.0, f64::max)
}

fn largest(all: &[Vec<Duration>; 4]) -> f64 {
    all.iter().skip(1).map(|times| distance(&all[0], times)).fold(0.0, f64::max)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kind_of_answer_leaves_before_the_floor() {
    let floor = Duration::from_millis(50);
    assert!(times(50).await.iter().flatten().all(|time| *time >= floor));
    // The quickest of many: a busy machine makes answers later, never earlier.
    let bare = times(0).await;
    assert!(bare.iter().all(|kind| kind.iter().any(|time| *time < floor)), "control: without a floor they are quicker");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "judges a distribution of times, so it needs a quiet machine: cargo test -p kapok-server -- --ignored"]
async fn accepted_duplicate_bad_token_and_malformed_take_equally_long() {
    // A leak would show in all rounds; other work on the machine shows in some.
    let mut rounds = Vec::new();
    for _ in 0..3 {
        rounds.push(largest(&times(50).await));
    }
    assert!(rounds.iter().any(|distance| *distance < CRITICAL), "{rounds:?}");
    let bare = largest(&times(0).await);
    assert!(bare > CRITICAL, "control: without the floor they are told apart ({bare})");
}
