//! The pull loop against a source that stops, repeats and lies.

use std::cell::Cell;

use kapok_desk::{Error, Mark, Pulled, Source, Stored, pull_all};
use kapok_wire::pull::Record;

use super::fixture::{Desk, Plan, noise};

/// Gives out `records` in pages of two; fails once after `fails_after` pages.
struct Pages {
    records: Vec<Record>,
    fails_after: Cell<Option<usize>>,
    asked: Cell<usize>,
}

impl Source for Pages {
    async fn after(&self, after: u64) -> Result<Vec<Record>, Error> {
        self.asked.set(self.asked.get() + 1);
        match self.fails_after.get() {
            Some(0) => {
                self.fails_after.set(None);
                return Err(Error::Unreachable);
            }
            Some(left) => self.fails_after.set(Some(left - 1)),
            None => {}
        }
        Ok(self.records.iter().filter(|record| record.sequence > after).take(2).cloned().collect())
    }
}

fn pages(records: Vec<Record>) -> Pages {
    Pages { records, fails_after: Cell::new(None), asked: Cell::new(0) }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn pull(desk: &Desk, source: &Pages, again: bool) -> Result<Pulled, Error> {
    wait(pull_all(source, &desk.inbox(), again, |_| {}))
}

fn stored(new: usize, known: usize) -> Pulled {
    Pulled { stored: Stored { new, known, repaired: 0 }, restarted: false, not_given: 0 }
}

/// Records with the numbers of a server that has nothing else.
fn alone(mut records: Vec<Record>) -> Vec<Record> {
    for (sequence, record) in (1..).zip(&mut records) {
        record.sequence = sequence;
    }
    records
}

#[test]
fn an_interrupted_pull_goes_on_where_it_was_and_stores_nothing_twice() {
    let desk = Desk::new();
    let source = pages(alone(Plan::new(1).file(None, noise(400_000, 1)).seal(&desk)));
    let total = source.records.len();
    source.fails_after.set(Some(2));
    assert!(matches!(pull(&desk, &source, false), Err(Error::Unreachable)));
    assert_eq!(desk.inbox().mark().unwrap().sequence, source.records[3].sequence);
    assert_eq!(pull(&desk, &source, false).unwrap(), stored(total - 4, 0));
    assert_eq!(pull(&desk, &source, false).unwrap(), stored(0, 0));
    assert_eq!(pull(&desk, &source, true).unwrap(), stored(0, total));
    // Stopped between storing and moving the mark: the same page again, and nothing is written twice.
    let first = &source.records[0];
    desk.inbox().set_mark(Mark { sequence: first.sequence, object: first.object }).unwrap();
    assert_eq!(pull(&desk, &source, false).unwrap(), stored(0, total - 1));
    assert_eq!(desk.index().reports.len(), 1);
}

#[test]
fn a_server_restored_from_a_backup_hides_no_report_behind_old_numbers() {
    let desk = Desk::new();
    let before = alone(Plan::new(1).file(None, noise(200_000, 1)).seal(&desk));
    pull(&desk, &pages(before.clone()), false).unwrap();
    // The backup knew the first two; then a new object came and got the number of a lost one.
    let mut after = before[..2].to_vec();
    after.extend(Plan::new(2).seal(&desk));
    after[2].sequence = before[2].sequence;
    let done = pull(&desk, &pages(after.clone()), false).unwrap();
    assert_eq!(done, Pulled { restarted: true, ..stored(1, 2) });
    assert_eq!(desk.index().reports.len(), 2);
    // Control: by the number alone the new report lies behind the mark and is never asked for.
    assert!(after.iter().all(|record| record.sequence <= before.last().unwrap().sequence));
}

#[test]
fn what_a_server_does_not_give_out_is_counted_and_the_rest_is_pulled() {
    let desk = Desk::new();
    let all = alone(Plan::new(1).file(None, noise(200_000, 1)).seal(&desk));
    let mut left = all.clone();
    left.remove(3);
    left.remove(0);
    let done = pull(&desk, &pages(left), false).unwrap();
    assert_eq!(done, Pulled { not_given: 2, ..stored(all.len() - 2, 0) });
    assert_eq!(pull(&desk, &pages(all.clone()), true).unwrap(), stored(2, all.len() - 2), "control: mended");
}

#[test]
fn a_server_that_goes_in_circles_is_stopped() {
    let desk = Desk::new();
    let mut records = Plan::new(1).file(None, noise(100_000, 1)).seal(&desk);
    records.swap(0, 1);
    assert!(matches!(pull(&desk, &pages(records), false), Err(Error::BadAnswer)));
    assert_eq!(desk.inbox().mark(), None);
}

#[test]
fn a_failed_write_moves_no_mark() {
    let desk = Desk::new();
    let records = Plan::new(1).seal(&desk);
    // A file in the place of the packets' folder cannot be written into: as good as a full disk.
    let packets = desk.folder.root().join("inbox/packets");
    std::fs::remove_dir(&packets).unwrap();
    std::fs::write(&packets, b"").unwrap();
    assert!(matches!(pull(&desk, &pages(records), false), Err(Error::Io { .. })));
    assert_eq!(desk.inbox().mark(), None);
}
