//! 200 SIGKILLs at random microseconds: what was acknowledged is there, whole, and exactly once.
//!
//! One vault lives through all kills of a line. Each process reopens what the one before left behind and says what it
//! found, so that every kill is followed by a real recovery; at the end the parent looks itself.

use std::path::Path;
use std::time::{Duration, Instant};

use kapok_core::Device;
use kapok_tests::child::{Running, command};
use kapok_tests::ledger::{Stock, cases, stored};
use kapok_tests::story::{self, Dice};
use kapok_tests::world::{World, sync, unlocked};

const KILLS: u32 = 100;
/// A kill falls within so long of the child's first step: some dozens of commits.
const WINDOW: u64 = 120_000;
const LIMIT: Duration = Duration::from_secs(30);

struct Line<'a> {
    mode: &'a str,
    folder: &'a Path,
    temporary: tempfile::TempDir,
    dice: Dice,
}

impl Line<'_> {
    /// One process from start to kill. Every seventh is killed while it still opens the vault.
    fn life(&mut self, number: u32) -> (Vec<String>, Vec<String>) {
        let mut drill = command(env!("CARGO_BIN_EXE_kapok-drill"), self.temporary.path());
        drill.arg(self.mode).arg(self.folder);
        let mut running = Running::start(drill);
        if number % 7 != 6 {
            running.wait_for(LIMIT, |line| line == "ready").expect("a vault that opens");
        }
        std::thread::sleep(Duration::from_micros(self.dice.below(WINDOW)));
        let said = running.kill();
        let border = said.iter().position(|line| line == "ready").map_or(said.len(), |at| at + 1);
        let (found, done) = said.split_at(border);
        (found.to_vec(), done.to_vec())
    }
}

fn line<'a>(mode: &'a str, folder: &'a Path) -> Line<'a> {
    Line { mode, folder, temporary: tempfile::tempdir().unwrap(), dice: Dice(u64::from(std::process::id())) }
}

fn word(line: &str, at: usize) -> &str {
    line.split(' ').nth(at).unwrap_or_default()
}

/// The number that a process found in its draft, if it came so far.
fn found_number(found: &[String]) -> Option<u64> {
    found.last().filter(|line| *line == "ready")?;
    let drafts: Vec<_> = found.iter().filter(|line| line.starts_with("found draft")).collect();
    assert!(drafts.len() <= 1);
    Some(drafts.first().map_or(0, |line| word(line, 3).parse().unwrap()))
}

/// Kills `mode` until `kills` are over or one lost something; returns the numbers reached and the losses.
fn save_line(mode: &str, folder: &Path, kills: u32) -> (u64, Vec<(u64, u64)>) {
    let (mut line, mut acknowledged, mut losses, mut reached) = (line(mode, folder), 0, Vec::new(), 0);
    for number in 0..kills {
        let (found, done) = line.life(number);
        if let Some(n) = found_number(&found) {
            if n != acknowledged && n != acknowledged + 1 {
                losses.push((acknowledged, n));
            }
            (acknowledged, reached) = (n, n);
        }
        if let Some(last) = done.last() {
            acknowledged = word(last, 1).parse().unwrap();
        }
        if mode == "early" && !losses.is_empty() {
            break;
        }
    }
    let device = unlocked(folder);
    let draft = device.drafts().unwrap()[0].id;
    let n = story::number_of(device.pack(), &device.answers(draft).unwrap());
    if n != acknowledged && n != acknowledged + 1 {
        losses.push((acknowledged, n));
    }
    (reached.max(n), losses)
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
    let (reached, losses) = save_line("save", folder.path(), KILLS);
    assert_eq!(losses, [], "acknowledged, found");
    assert!(reached >= u64::from(KILLS), "only {reached} saves between the kills");
    println!("{KILLS} kills, {reached} saves, {:.1} s", began.elapsed().as_secs_f64());

    // Control: a device that says "saved" before it saves is caught.
    let (_, losses) = save_line("early", folder.path(), 40);
    assert!(!losses.is_empty(), "the early promise was not noticed");
}

/// What the parent knows from acknowledgements alone.
#[derive(Default)]
struct Model {
    /// Codes whose finish was acknowledged, or found after a kill that left it open.
    finished: Vec<String>,
    /// Acknowledged since the last finish: begun, saved, attached.
    steps: Vec<String>,
    /// The next thing the process was going to do was to delete the draft it found.
    doomed: bool,
    /// Finishes that were durable but not acknowledged yet when the kill came.
    between: u32,
    /// Kills that left a draft behind.
    drafts: u32,
}

impl Model {
    fn take(&mut self, done: &[String]) {
        for line in done {
            match word(line, 0) {
                "finished" => {
                    self.finished.push(word(line, 1).to_owned());
                    self.steps.clear();
                }
                "deleted" => {
                    self.steps.clear();
                    self.doomed = false;
                }
                _ => self.steps.push(line.clone()),
            }
        }
    }

    /// Compares what a process found with what was acknowledged before it.
    fn check(&mut self, found: &[String]) -> Result<(), String> {
        let of = |kind: &str| found.iter().filter(|line| word(line, 1) == kind).cloned().collect::<Vec<_>>();
        let codes = |lines: &[String]| lines.iter().map(|line| word(line, 2).to_owned()).collect::<Vec<_>>();
        let (drafts, waiting, rows) = (of("draft"), codes(&of("waiting")), codes(&of("finished")));
        if waiting != rows {
            return Err(format!("the outbox has {waiting:?}, the vault {rows:?}"));
        }
        let once: std::collections::BTreeSet<_> = waiting.iter().collect();
        if once.len() != waiting.len() {
            return Err(format!("a report is in the outbox twice: {waiting:?}"));
        }
        if !waiting.starts_with(&self.finished) {
            return Err(format!("a report is lost: {:?}, found {waiting:?}", self.finished));
        }
        match waiting.len() - self.finished.len() {
            0 => self.check_draft(&drafts),
            1 if !self.steps.is_empty() && drafts.is_empty() => {
                self.between += 1;
                self.finished = waiting;
                self.steps.clear();
                Ok(())
            }
            1 => Err(format!("draft and report both remain: {drafts:?}")),
            more => Err(format!("{more} reports that nobody finished")),
        }
    }

    fn check_draft(&mut self, drafts: &[String]) -> Result<(), String> {
        let [draft] = drafts else {
            // Deleted without having said so, or never begun.
            if !drafts.is_empty() || !(self.steps.is_empty() || self.doomed) {
                return Err(format!("a draft is lost: {:?}, found {drafts:?}", self.steps));
            }
            self.steps.clear();
            self.doomed = false;
            return Ok(());
        };
        self.drafts += 1;
        self.doomed = true;
        let (number, files) = (word(draft, 3), word(draft, 4));
        let saved = self.steps.iter().rev().find(|line| line.starts_with("saved")).map(|line| word(line, 1));
        if saved.is_some_and(|saved| saved != number) {
            return Err(format!("acknowledged {saved:?}, found {number}"));
        }
        if files != "1" && self.steps.iter().any(|line| line == "attached") {
            return Err("an attachment is lost".to_owned());
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_100_kills_while_finishing_each_report_is_in_the_outbox_once_and_arrives_once() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    drop(world.device(folder.path(), 512).await);
    let began = Instant::now();
    let (mut line, mut model) = (line("finish", folder.path()), Model::default());
    for number in 0..KILLS {
        let (found, done) = line.life(number);
        if found.last().is_some_and(|line| line == "ready") {
            model.check(&found).unwrap();
        }
        model.take(&done);
        // What waits leaves now and then, so that the small pool and the tokens are enough.
        if number % 20 == 19 {
            let device = unlocked(folder.path());
            world.enrol(&device).await;
            world.enrol(&device).await;
            while sync(&device, u32::MAX).await.waiting > 0 {}
        }
    }
    let device = unlocked(folder.path());
    let codes: Vec<_> = device.outbox().unwrap().into_iter().map(|view| view.code).collect();
    assert!(codes.starts_with(&model.finished) && codes.len() <= model.finished.len() + 1);
    assert!(device.drafts().unwrap().len() <= 1);
    while sync(&device, u32::MAX).await.waiting > 0 {}
    let stock = Stock::count(&stored(&world.link()).await, &world.data());
    assert!(stock.each_once() && stock.packets == codes.len(), "{stock:?}");
    world.pull().await;
    let mut numbers: Vec<_> = cases(&world.desk).iter().map(|case| (case.number, case.copies)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=codes.len() as u64).map(|number| (number, 1)).collect::<Vec<_>>());
    assert!(codes.len() >= KILLS as usize / 5 && model.drafts > 0, "the kills fell into the middle");
    println!(
        "{KILLS} kills, {} reports, {} drafts found, {} finishes recovered, {:.1} s",
        codes.len(),
        model.drafts,
        model.between,
        began.elapsed().as_secs_f64()
    );

    // Control: with one acknowledgement too many, one draft too many or one report twice, the same check objects.
    let found = |lines: &[&str]| lines.iter().map(|line| format!("found {line}")).collect::<Vec<_>>();
    let whole = ["waiting K2-222 1", "finished K2-222"];
    let model = |finished: &[&str], steps: &[&str]| Model {
        finished: finished.iter().map(ToString::to_string).collect(),
        steps: steps.iter().map(ToString::to_string).collect(),
        ..Model::default()
    };
    assert_eq!(model(&["K2-222"], &[]).check(&found(&whole)), Ok(()));
    assert!(model(&["K2-222", "K2-223"], &[]).check(&found(&whole)).is_err(), "lost");
    assert!(model(&["K2-222"], &["saved 2"]).check(&found(&whole)).is_err(), "the draft is lost");
    assert!(model(&[], &["saved 1"]).check(&found(&[&whole[..], &["draft 1 1 0"]].concat())).is_err(), "both remain");
    assert!(model(&["K2-222"], &[]).check(&found(&[whole, whole].concat())).is_err(), "twice");
}
