//! SIGKILLs at random microseconds, and what must be true after each: what was acknowledged is there, whole, and exactly once.
//!
//! One vault lives through all kills of a line. Each process reopens what the one before left behind and says what it
//! found, so that every kill is followed by a real recovery; at the end the parent looks itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::child::{Running, command};
use crate::ledger::{Stock, cases, stored};
use crate::story::{self, Dice};
use crate::world::{World, sync, unlocked};

/// A kill falls within so many microseconds of the child's first step: some dozens of commits.
const WINDOW: u64 = 120_000;
const LIMIT: Duration = Duration::from_secs(30);

/// The processes that are killed one after the other.
pub struct Line<'a> {
    drill: &'a Path,
    mode: &'a str,
    folder: &'a Path,
    temporary: tempfile::TempDir,
    dice: Dice,
}

impl<'a> Line<'a> {
    /// Processes of `drill` (`kapok-drill`) that do `mode` with the device in `folder`.
    ///
    /// # Panics
    /// If there is no room for temporary files.
    #[must_use]
    pub fn new(drill: &'a Path, mode: &'a str, folder: &'a Path, seed: u64) -> Self {
        Self { drill, mode, folder, temporary: tempfile::tempdir().unwrap(), dice: Dice(seed) }
    }

    /// One process from start to kill: what it found, and what it did. Every seventh is killed while it still opens the vault.
    fn life(&mut self, number: u32) -> (Vec<String>, Vec<String>) {
        let mut drill = command(self.drill, self.temporary.path());
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

    /// Kills a process that saves until `kills` are over; returns the number of saves, and each loss as what was acknowledged
    /// and what was found. Mode `early` promises before it keeps: it stops at the first loss.
    ///
    /// # Panics
    /// If a draft is torn or the vault does not open.
    pub fn save(mut self, kills: u32) -> (u64, Vec<(u64, u64)>) {
        let (mut acknowledged, mut losses, mut reached) = (0, Vec::new(), 0);
        for number in 0..kills {
            let (found, done) = self.life(number);
            if let Some(n) = found_number(&found) {
                if n != acknowledged && n != acknowledged + 1 {
                    losses.push((acknowledged, n));
                }
                (acknowledged, reached) = (n, n);
            }
            if let Some(last) = done.last() {
                acknowledged = word(last, 1).parse().unwrap();
            }
            if self.mode == "early" && !losses.is_empty() {
                break;
            }
        }
        let device = unlocked(self.folder);
        let draft = device.drafts().unwrap()[0].id;
        let n = story::number_of(device.pack(), &device.answers(draft).unwrap());
        if n != acknowledged && n != acknowledged + 1 {
            losses.push((acknowledged, n));
        }
        (reached.max(n), losses)
    }

    /// Kills a process that finishes report after report, `kills` times; now and then what waits leaves, so that the small
    /// pool and the tokens are enough. `folder` must be a device of `world`.
    ///
    /// # Errors
    /// What is lost, doubled or torn, in words.
    ///
    /// # Panics
    /// If the vault does not open.
    pub async fn finish(mut self, world: &World, kills: u32) -> Result<Finishes, String> {
        let mut model = Model::default();
        for number in 0..kills {
            let (found, done) = self.life(number);
            if found.last().is_some_and(|line| line == "ready") {
                model.check(&found)?;
            }
            model.take(&done);
            if number % 20 == 19 {
                let device = unlocked(self.folder);
                world.enrol(&device).await;
                world.enrol(&device).await;
                while sync(&device, u32::MAX).await.waiting > 0 {}
            }
        }
        let device = unlocked(self.folder);
        let codes: Vec<_> = device.outbox().unwrap().into_iter().filter_map(|view| view.code).collect();
        if !codes.starts_with(&model.finished) || codes.len() > model.finished.len() + 1 {
            return Err(format!("a report is lost: {:?}, found {codes:?}", model.finished));
        }
        assert!(device.drafts().unwrap().len() <= 1);
        while sync(&device, u32::MAX).await.waiting > 0 {}
        let stock = Stock::count(&stored(&world.link()).await, &world.data());
        if !stock.each_once() || stock.packets != codes.len() {
            return Err(format!("not each object arrived once: {stock:?}"));
        }
        world.pull().await;
        let mut numbers: Vec<_> = cases(&world.desk).iter().map(|case| (case.number, case.copies)).collect();
        numbers.sort_unstable();
        if numbers != (1..=codes.len() as u64).map(|number| (number, 1)).collect::<Vec<_>>() {
            return Err(format!("the desk has {numbers:?}"));
        }
        Ok(Finishes { reports: codes.len(), drafts: model.drafts, between: model.between })
    }
}

/// What the kills met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finishes {
    /// Reports that arrived.
    pub reports: usize,
    /// Kills that left a draft behind.
    pub drafts: u32,
    /// Finishes that were durable but not acknowledged yet when the kill came.
    pub between: u32,
}

/// The program that is killed, beside the running one.
///
/// # Panics
/// If it was not built.
#[must_use]
pub fn drill() -> PathBuf {
    crate::child::binary("kapok-drill")
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

/// What the parent knows from acknowledgements alone.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Codes whose finish was acknowledged, or found after a kill that left it open.
    finished: Vec<String>,
    /// Acknowledged since the last finish: begun, saved, attached.
    steps: Vec<String>,
    /// The next thing the process was going to do was to delete the draft it found.
    doomed: bool,
    between: u32,
    drafts: u32,
}

impl Model {
    /// After these finishes, and these steps since the last one, were acknowledged.
    #[must_use]
    pub fn after(finished: &[&str], steps: &[&str]) -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self { finished: owned(finished), steps: owned(steps), ..Self::default() }
    }

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
    ///
    /// # Errors
    /// What is lost, doubled or torn, in words.
    pub fn check(&mut self, found: &[String]) -> Result<(), String> {
        let of = |kind: &str| found.iter().filter(|line| word(line, 1) == kind).cloned().collect::<Vec<_>>();
        let codes = |lines: &[String]| lines.iter().map(|line| word(line, 2).to_owned()).collect::<Vec<_>>();
        let (drafts, waiting, rows) = (of("draft"), codes(&of("waiting")), codes(&of("finished")));
        if waiting != rows {
            return Err(format!("the outbox has {waiting:?}, the vault {rows:?}"));
        }
        // One that was finished again comes right after itself. Further apart two of some thousand reports may share a short code.
        if waiting.iter().zip(waiting.iter().skip(1)).any(|(one, next)| one == next) {
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
