//! 200 SIGKILLs at random microseconds: what was acknowledged is there, whole, and exactly once.

use std::path::Path;
use std::time::Instant;

use kapok_core::Device;
use kapok_tests::kills::{Line, Model};
use kapok_tests::story;
use kapok_tests::world::World;

const KILLS: u32 = 100;

fn line<'a>(mode: &'a str, folder: &'a Path) -> Line<'a> {
    Line::new(Path::new(env!("CARGO_BIN_EXE_kapok-drill")), mode, folder, u64::from(std::process::id()))
}

#[test]
fn after_100_kills_while_saving_the_state_is_the_last_acknowledged_or_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let made = Device::create(
        folder.path(),
        &story::passphrase(),
        std::sync::Arc::new(kapok_core::NoDeviceKey),
        story::options(64),
    );
    drop(made.unwrap());
    let began = Instant::now();
    let (reached, losses) = line("save", folder.path()).save(KILLS);
    assert_eq!(losses, [], "acknowledged, found");
    assert!(reached >= u64::from(KILLS), "only {reached} saves between the kills");
    println!("{KILLS} kills, {reached} saves, {:.1} s", began.elapsed().as_secs_f64());

    // Control: a device that says "saved" before it saves is caught.
    let (_, losses) = line("early", folder.path()).save(40);
    assert!(!losses.is_empty(), "the early promise was not noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_100_kills_while_finishing_each_report_is_in_the_outbox_once_and_arrives_once() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    drop(world.device(folder.path(), 512).await);
    let began = Instant::now();
    let met = line("finish", folder.path()).finish(&world, KILLS).await.unwrap();
    assert!(met.reports >= KILLS as usize / 5 && met.drafts > 0, "the kills fell into the middle");
    println!("{KILLS} kills, {met:?}, {:.1} s", began.elapsed().as_secs_f64());

    // Control: with one acknowledgement too many, one draft too many or one report twice, the same check objects.
    let found = |lines: &[&str]| lines.iter().map(|line| format!("found {line}")).collect::<Vec<_>>();
    let whole = ["waiting K2-222 1", "finished K2-222"];
    assert_eq!(Model::after(&["K2-222"], &[]).check(&found(&whole)), Ok(()));
    assert!(Model::after(&["K2-222", "K2-223"], &[]).check(&found(&whole)).is_err(), "lost");
    assert!(Model::after(&["K2-222"], &["saved 2"]).check(&found(&whole)).is_err(), "the draft is lost");
    assert!(
        Model::after(&[], &["saved 1"]).check(&found(&[&whole[..], &["draft 1 1 0"]].concat())).is_err(),
        "both remain"
    );
    assert!(Model::after(&["K2-222"], &[]).check(&found(&[whole, whole].concat())).is_err(), "twice");
}
