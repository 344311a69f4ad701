//! A device is used from several threads: while one sends, another writes and deletes. Slots go from hand to hand then,
//! and none may be taken back from its new owner.

use std::time::{Duration, Instant};

use kapok_core::report::EvidenceOrigin;
use kapok_core::{Device, DraftId, Error, NewAttachment};
use kapok_tests::ledger::{Stock, cases, stored};
use kapok_tests::story;
use kapok_tests::world::{World, now, sync, sync_all};

use crate::whole_way::drafted;

const TIME: Duration = Duration::from_secs(8);
/// Few enough that a slot is used again soon; enough that a report fits beside a deleted draft.
const SLOTS: u32 = 96;
const REPORTS: u64 = 100;
/// Drafts that are finished while others write to them.
const ROUNDS: u64 = 20;

/// Finishes some reports, deletes a draft between two of them, until the time or the tokens are over.
fn write(device: &Device, photo: &[u8], end: Instant) -> u64 {
    let mut number = 0;
    while Instant::now() < end && number < REPORTS {
        let free = device.outbox().unwrap().iter().map(|view| view.objects - view.receipted).sum::<u32>() < 12;
        if !free {
            std::thread::yield_now();
            continue;
        }
        let files = [(story::PHOTO_NAME, photo)];
        let doomed = drafted(device, 9_999, &files);
        let draft = drafted(device, number + 1, &files);
        device.delete_draft(doomed).unwrap();
        device.finish(draft, now()).unwrap();
        number += 1;
    }
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_thread_writes_is_not_destroyed_by_what_another_sends_or_deletes() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device = world.device(folder.path(), SLOTS).await;
    let photo = story::photo(200_000);
    let end = Instant::now() + TIME;
    let (written, more) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&device, &photo, end));
        let scratch = scope.spawn(|| {
            // A third hand that takes and gives back slots.
            let mut times = 0;
            while Instant::now() < end {
                let files = [(story::VOICE_NAME, &photo[..70_000])];
                let draft = drafted(&device, 9_998, &files);
                device.delete_draft(draft).unwrap();
                times += 1;
            }
            times
        });
        let senders = async {
            // Two at once, as an app and its worker in the background may do.
            while Instant::now() < end {
                tokio::join!(sync(&device, u32::MAX), sync(&device, u32::MAX));
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(senders));
        (writer.join().unwrap(), scratch.join().unwrap())
    });
    sync_all(&device).await;
    let views = device.outbox().unwrap();
    assert!(views.iter().all(|view| view.problem.is_none()), "{views:?}");
    let stock = Stock::count(&stored(&world.link()).await, &world.data());
    assert!(stock.each_once() && stock.packets as u64 == written, "{stock:?}");
    world.pull().await;
    let found = cases(&world.desk);
    assert_eq!(found.len() as u64, written);
    assert!(found.iter().all(|case| case.copies == 1 && case.files[0].1 == photo));
    assert!(written >= 10 && more >= 10, "{written} reports, {more} drafts");
    println!("{written} reports, {more} drafts deleted beside them");

    // Control: the pool was so small that slots had to be used again.
    assert!(stock.objects as u32 > SLOTS, "{stock:?}");
    assert_eq!(device.delete_draft(DraftId(0)), Err(Error::NoSuchDraft));
}

/// Saves story after story until the draft is gone; the last number that was acknowledged.
fn save(device: &Device, draft: DraftId, from: u64) -> u64 {
    for number in from.. {
        match device.save_answers(draft, &story::answers(device.pack(), number), now()) {
            Ok(()) => {}
            Err(Error::NoSuchDraft) => return number - 1,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("a draft that is never finished")
}

/// Attaches small files until the draft is gone; how many were acknowledged.
fn attach(device: &Device, draft: DraftId) -> usize {
    for files in 0.. {
        let about = NewAttachment { file_name: "note".into(), kind: None, origin: EvidenceOrigin::ImportedFile };
        match device.attach_stream(draft, &mut &b"invented note"[..], &about, Some(13), now()) {
            Ok(_) => {}
            Err(Error::NoSuchDraft) => return files,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("a draft that is never finished")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_finish_in_another_thread_is_in_the_report() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device = world.device(folder.path(), 256).await;
    let mut promised = Vec::new();
    for round in 1..=ROUNDS {
        let draft = drafted(&device, round * 1_000, &[]);
        let (last, files) = std::thread::scope(|scope| {
            let saver = scope.spawn(|| save(&device, draft, round * 1_000 + 1));
            let attacher = scope.spawn(|| attach(&device, draft));
            std::thread::sleep(Duration::from_millis(10 + round % 7));
            // Two who finish the same draft: one of them does.
            let other = scope.spawn(|| device.finish(draft, now()).map(drop));
            let ends = [device.finish(draft, now()).map(drop), other.join().unwrap()];
            assert!(ends.contains(&Ok(())) && ends.contains(&Err(Error::NoSuchDraft)), "{ends:?}");
            (saver.join().unwrap(), attacher.join().unwrap())
        });
        promised.push((last, files));
        sync_all(&device).await;
    }
    world.pull().await;
    let mut told: Vec<_> = cases(&world.desk).iter().map(|case| (case.number, case.files.len())).collect();
    told.sort_unstable();
    assert_eq!(told, promised);
    // Control: the savers did come between, so that a draft read too early would have told another story.
    let between = promised.iter().zip(1..).filter(|((last, _), round)| *last > round * 1_000).count() as u64;
    assert!(between > ROUNDS / 2, "{promised:?}");
    assert!(promised.iter().any(|(_, files)| *files > 0), "{promised:?}");
}
