//! The order of flush, commit and answer, with a disk that fails, waits or loses power when told to.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

use super::*;
use crate::data::DataFolder;
use crate::data::testing::folder;
use crate::limits::PULL_ROWS;
use crate::objects::Segments;
use crate::pull;
use kapok_wire::pull::decode_records;
use kapok_wire::token::Token;
use kapok_wire::upload::encode_body;
use kapok_wire::{Lane, TokenKeyId, rng};

/// Real segments behind a gate.
struct Disk {
    segments: Segments,
    puts: AtomicUsize,
    failing: AtomicBool,
    /// Places that give an error of this number.
    bad: Mutex<(Vec<Place>, i32)>,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Disk {
    fn set_open(&self, open: bool) {
        *self.open.lock().unwrap() = open;
        self.opened.notify_all();
    }
}

impl Objects for Disk {
    fn put(&self, areas: &[&[u8]]) -> io::Result<Vec<Place>> {
        self.puts.fetch_add(1, Ordering::SeqCst);
        let _open = self.opened.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap();
        if self.failing.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.segments.put(areas)
    }

    fn read(&self, place: Place, len: usize) -> io::Result<Vec<u8>> {
        let (places, number) = &*self.bad.lock().unwrap();
        if places.contains(&place) {
            return Err(io::Error::from_raw_os_error(*number));
        }
        self.segments.read(place, len)
    }
}

struct Bench {
    _dir: tempfile::TempDir,
    folder: DataFolder,
    db: Db,
    disk: Arc<Disk>,
}

impl Bench {
    fn new() -> Self {
        let (dir, folder) = folder();
        let (db, disk) = Self::open(&folder);
        Self { _dir: dir, folder, db, disk }
    }

    fn open(folder: &DataFolder) -> (Db, Arc<Disk>) {
        let db = Db::open(folder).unwrap();
        let segments = Segments::open(folder, &pull::segments(&db).unwrap()).unwrap();
        let (puts, failing) = (AtomicUsize::new(0), AtomicBool::new(false));
        (
            db,
            Arc::new(Disk {
                segments,
                puts,
                failing,
                bad: Mutex::default(),
                open: Mutex::new(true),
                opened: Condvar::new(),
            }),
        )
    }

    /// What a new process finds.
    fn restart(&mut self) {
        (self.db, self.disk) = Self::open(&self.folder);
    }

    fn start(&self) -> (Intake, Writer) {
        let clock = Clock::from_fn(|| 500_000 * 3_600);
        start(self.db.clone(), self.disk.clone(), clock, Arc::new(self.folder.lock().unwrap())).unwrap()
    }

    fn store(&self, batch: &[Upload]) -> Vec<Outcome> {
        store(&self.db, &*self.disk, batch, Hour(500_000))
    }

    /// Sealed areas as the desk would get them.
    fn stored(&self) -> Vec<Vec<u8>> {
        let page = pull::after(&self.db, &*self.disk, 0).unwrap();
        decode_records(&page).unwrap().into_iter().map(|record| record.sealed).collect()
    }
}

fn upload() -> Upload {
    let mut sealed = vec![0; Lane::Text.sealed_len()];
    rng::fill(&mut sealed);
    let token = Token { nonce: rng::bytes(), output: [0; 64], key: TokenKeyId([0; 8]) };
    let head = Head {
        lane: Lane::Text,
        upload: UploadId(rng::bytes()),
        object: ObjectId(rng::bytes()),
        digest: Digest::of(&sealed),
        token,
    };
    let body = encode_body(&head, &sealed).unwrap();
    Upload { head, body: body.into() }
}

fn again(upload: &Upload) -> Upload {
    Upload { head: upload.head.clone(), body: upload.body.clone() }
}

#[test]
fn two_equal_uploads_in_one_batch_are_one_object_with_one_answer() {
    let bench = Bench::new();
    let upload = upload();
    assert_eq!(bench.store(&[again(&upload), again(&upload)]), [Ok(Hour(500_000)); 2]);
    assert_eq!(bench.stored(), [upload.sealed()]);
    assert_eq!(store(&bench.db, &*bench.disk, &[again(&upload)], Hour(500_009)), [Ok(Hour(500_000))]);
    assert_eq!(bench.disk.puts.load(Ordering::SeqCst), 1, "a duplicate costs no flush");
}

#[test]
fn a_disk_that_fails_acknowledges_nothing_and_later_everything() {
    let bench = Bench::new();
    let (one, two) = (upload(), upload());
    bench.disk.failing.store(true, Ordering::SeqCst);
    // The second copy is known from the first, which is not stored, so it must not be acknowledged either.
    assert_eq!(bench.store(&[again(&one), again(&one), again(&two)]), [Err(Problem::Storage); 3]);
    assert!(bench.stored().is_empty());
    bench.disk.failing.store(false, Ordering::SeqCst);
    assert_eq!(bench.store(&[again(&one), again(&two)]), [Ok(Hour(500_000)); 2]);
    assert_eq!(bench.stored(), [one.sealed(), two.sealed()]);
}

#[test]
fn a_disk_full_at_the_commit_acknowledges_nothing_and_writes_nothing_over_what_lies_there() {
    let bench = Bench::new();
    let first = upload();
    bench.store(&[again(&first)]);
    let limit = |pages: i64| bench.db.write(|tx| tx.pragma_update(None, "max_page_count", pages)).unwrap();
    let pages: i64 = bench.db.read(|db| db.pragma_query_value(None, "page_count", |row| row.get(0))).unwrap();
    limit(pages);
    // Many, so that their rows do not fit into pages that are half empty.
    let batch: Vec<Upload> = (0..BATCH).map(|_| upload()).collect();
    let copies = || batch.iter().map(again).collect::<Vec<_>>();
    assert_eq!(bench.store(&copies()), vec![Err(Problem::Storage); BATCH]);
    assert_eq!(bench.disk.puts.load(Ordering::SeqCst), 2, "control: their areas were flushed, the rows failed");
    assert_eq!(bench.stored(), [first.sealed()]);
    limit(pages + 1_000);
    assert_eq!(bench.store(&copies()), vec![Ok(Hour(500_000)); BATCH]);
    let count = bench.db.read(|db| db.query_row("SELECT count(*) FROM object", [], |row| row.get::<_, i64>(0)));
    assert_eq!(count.unwrap(), 1 + i64::try_from(BATCH).unwrap());
    assert_eq!(bench.stored()[..3], [first.sealed(), batch[0].sealed(), batch[1].sealed()]);
}

/// What a client heard, and what a new process has, when the power fails in the flush.
fn after_a_power_cut(answer: fn(&Bench, &Upload) -> Outcome) -> (Outcome, usize) {
    let mut bench = Bench::new();
    bench.disk.failing.store(true, Ordering::SeqCst);
    let heard = answer(&bench, &upload());
    bench.restart();
    (heard, bench.stored().len())
}

const EIO: i32 = 5;
const EMFILE: i32 = 24;

#[test]
fn an_object_that_the_disk_does_not_give_out_keeps_no_other_from_the_desk() {
    let bench = Bench::new();
    // More than one answer and one look into the database hold.
    let all: Vec<Upload> = (0..3 * PULL_ROWS).map(|_| upload()).collect();
    bench.store(&all.iter().map(again).collect::<Vec<_>>());
    let place = |number: usize| Place { segment: 1, offset: (number * Lane::Text.sealed_len()) as u64 };
    let spoil = |numbers: &[usize], error| {
        *bench.disk.bad.lock().unwrap() = (numbers.iter().map(|number| place(*number)).collect(), error);
    };
    let pull = || {
        let (mut got, mut after) = (Vec::new(), 0);
        loop {
            let records = decode_records(&pull::after(&bench.db, &*bench.disk, after)?).unwrap();
            let Some(last) = records.last() else { return Ok(got) };
            after = last.sequence;
            got.extend(records.into_iter().map(|record| record.sealed));
        }
    };
    assert_eq!(pull().unwrap().len(), all.len(), "control");
    // One in the middle, and more in a row than one look finds.
    let row: Vec<usize> = (3..3 + PULL_ROWS + 5).collect();
    for bad in [vec![0], vec![5], row] {
        spoil(&bad, EIO);
        let rest = all.iter().enumerate().filter(|(number, _)| !bad.contains(number));
        assert_eq!(pull().unwrap(), rest.map(|(_, upload)| upload.sealed()).collect::<Vec<_>>());
    }
    spoil(&[all.len() - 1], EIO);
    assert_eq!(pull(), Err(Problem::Storage), "at the end it is not told as an end");
    // A machine out of open files says nothing about an object: nothing is left out.
    spoil(&[5], EMFILE);
    assert_eq!(pull(), Err(Problem::Storage));
}

#[test]
fn nothing_is_answered_before_it_is_durable() {
    let (heard, stored) = after_a_power_cut(|bench, upload| bench.store(&[again(upload)]).remove(0));
    assert_eq!((heard, stored), (Err(Problem::Storage), 0));
    let (heard, stored) = after_a_power_cut(|bench, upload| {
        let early = Ok(Hour(500_000));
        bench.store(&[again(upload)]);
        early
    });
    assert_eq!((heard, stored), (Ok(Hour(500_000)), 0), "control: an answer before the flush promises what is lost");
}

#[test]
fn bytes_flushed_but_not_committed_are_gone_after_a_crash_and_the_retry_stores_them() {
    let mut bench = Bench::new();
    let (before, cut) = (upload(), upload());
    bench.store(&[again(&before)]);
    bench.disk.put(&[cut.sealed()]).unwrap();
    bench.restart();
    assert_eq!(bench.stored(), [before.sealed()]);
    assert_eq!(bench.store(&[again(&cut)]), [Ok(Hour(500_000))]);
    assert_eq!(bench.stored(), [before.sealed(), cut.sealed()]);
}

#[test]
fn what_waits_during_a_flush_shares_the_next_one() {
    let bench = Bench::new();
    let (intake, writer) = bench.start();
    bench.disk.set_open(false);
    let mut outcomes = vec![intake.submit(upload()).unwrap()];
    while bench.disk.puts.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    outcomes.extend((0..30).map(|_| intake.submit(upload()).unwrap()));
    assert!(outcomes.iter_mut().all(|outcome| outcome.try_recv().is_err()), "nothing is answered before the flush");
    bench.disk.set_open(true);
    for outcome in outcomes {
        assert_eq!(outcome.blocking_recv().unwrap(), Ok(Hour(500_000)));
    }
    assert_eq!(bench.disk.puts.load(Ordering::SeqCst), 2);
    writer.stop();
}

#[test]
fn a_full_queue_says_busy_and_stopping_stores_what_is_queued() {
    let bench = Bench::new();
    let (intake, writer) = bench.start();
    bench.disk.set_open(false);
    let mut outcomes = Vec::new();
    let refused = loop {
        match intake.submit(upload()) {
            Ok(outcome) => outcomes.push(outcome),
            Err(problem) => break problem,
        }
    };
    assert_eq!(refused, Problem::Busy);
    assert!(outcomes.len() >= QUEUE);
    let stopping = std::thread::spawn(move || writer.stop());
    bench.disk.set_open(true);
    stopping.join().unwrap();
    for outcome in outcomes {
        assert_eq!(outcome.blocking_recv().unwrap(), Ok(Hour(500_000)));
    }
    let now_ended = intake.submit(upload());
    assert_eq!(now_ended.err(), Some(Problem::Busy), "after the end nothing is taken");
}

/// Sends each of `originals` again and again in random order and batches, over a disk that fails at random, until all
/// were acknowledged; returns how many objects are stored and how many sends it took.
fn storm(originals: &[Upload], retry: fn(&Upload) -> Upload) -> (usize, usize) {
    let bench = Bench::new();
    let mut waiting: Vec<usize> = (0..originals.len()).collect();
    let mut sends = 0;
    while sends < 10_000 || !waiting.is_empty() {
        let [size, failing, lost, ..] = rng::bytes::<8>();
        bench.disk.failing.store(failing % 5 == 0, Ordering::SeqCst);
        let picks: Vec<usize> = (0..=size % 24)
            .map(|_| {
                let pick = usize::from(u16::from_be_bytes(rng::bytes()));
                // Mostly what still waits; sometimes what was acknowledged long ago, as a late duplicate.
                if waiting.is_empty() || pick % 4 == 0 { pick % originals.len() } else { waiting[pick % waiting.len()] }
            })
            .collect();
        let batch: Vec<Upload> = picks.iter().map(|pick| retry(&originals[*pick])).collect();
        sends += batch.len();
        for (pick, outcome) in picks.iter().zip(bench.store(&batch)) {
            // A third of the answers gets lost on the way.
            if outcome.is_ok() && lost % 3 != 0 {
                waiting.retain(|number| number != pick);
            }
        }
    }
    let count = |sql: &str| bench.db.read(|db| db.query_row(sql, [], |row| row.get::<_, i64>(0))).unwrap();
    assert_eq!(count("SELECT sum(count) FROM token"), count("SELECT count(*) FROM object"));
    (usize::try_from(count("SELECT count(*) FROM object")).unwrap(), sends)
}

#[test]
fn ten_thousand_duplicates_reorders_failures_and_lost_answers_store_each_object_once() {
    let originals: Vec<Upload> = (0..300).map(|_| upload()).collect();
    let (stored, sends) = storm(&originals, again);
    assert_eq!(stored, 300);
    assert!(sends >= 10_000);
}

#[test]
fn control_a_retry_under_a_new_id_stores_more_than_was_sent() {
    let originals: Vec<Upload> = (0..20).map(|_| upload()).collect();
    let (stored, _) = storm(&originals, |original| {
        let mut renamed = again(original);
        renamed.head.object = ObjectId(rng::bytes());
        renamed
    });
    assert!(stored > 20);
}
