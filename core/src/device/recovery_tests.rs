//! Ways back: after a crash, a refusal or a full pool a report can still be finished and sent.

use kapok_wire::{Digest, Lane, Problem};

use super::outbox::Outcome;
use super::queues::RECORD_STEPS;
use super::testing::*;
use super::*;
use crate::policy::{Asked, Facts, Work};
use crate::time::SystemClock;
use crate::vault::{NoDeviceKey, POOL_SLOT, QueueFile};

#[test]
fn a_creation_that_was_cut_before_the_queue_was_filled_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    // As a crash between making the queue file and filling it leaves it.
    SlotPool::create(&folder.path().join(POOL_FILE), 64).unwrap();
    let queue = QueueFile::create(&folder.path().join(QUEUE_FILE), HalfFrames::QUEUE_DEFAULT, &NoDeviceKey).unwrap();
    drop(queue.record(RECORD_STEPS).unwrap());
    drop(queue);
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, "Example");
    device.finish(id, NOW).unwrap();
    drop(device);
    let again = reopened(folder.path());
    assert_eq!(again.waiting(), Ok(Work::Upload { text: 1, media: 0 }));
    again.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(again.outbox().unwrap().len(), 1);
}

#[test]
fn a_draft_that_took_its_attachments_can_be_finished_whatever_their_number() {
    for sized in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let device = device_of(folder.path(), 4, 600);
        Organisation::make().enrol(&device);
        let id = draft(&device, "Example");
        // 584 chunks are padded to 608, more than the pool has: something has to be refused *before* it is taken.
        for chunks in [256, 256, 72] {
            let _ = attach(&device, id, chunks, sized);
        }
        device.finish(id, NOW).unwrap();
    }
}

#[test]
fn the_attachment_that_no_report_would_take_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 16, 300);
    Organisation::make().enrol(&device);
    let id = draft(&device, "Example");
    for _ in 0..200 {
        attach(&device, id, 1, true).unwrap();
    }
    assert_eq!(attach(&device, id, 1, true), Err(Error::TooManyAttachments { limit: 200 }));
    device.finish(id, NOW).unwrap();
}

#[test]
fn a_removed_attachment_is_overwritten_its_room_is_free_again_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, "Example");
    let first = attach(&device, id, 20, true).unwrap();
    let second = attach(&device, id, 20, true).unwrap();
    let content = |slot| {
        let mut bytes = Box::new([0; POOL_SLOT]);
        device.own().pool().read_slot(slot, &mut bytes).unwrap();
        bytes
    };
    let slots = || -> Vec<_> {
        let used = device.with_vault(|vault| vault.read(attach::used_slots)).unwrap();
        used.into_iter().map(|slot| (slot, content(slot))).collect()
    };
    let before = slots();
    assert_eq!(before.len(), 40);
    assert!(matches!(attach(&device, id, 20, true), Err(Error::PoolFull { .. })), "control: there is no room");

    device.remove_attachment(id, first.evidence_id, NOW).unwrap();
    assert_eq!(device.attachments(id).unwrap(), [second]);
    let after = slots();
    assert_eq!(after.len(), 20);
    for (slot, bytes) in &before {
        let kept = after.iter().any(|(same, _)| same == slot);
        assert_eq!(content(*slot) == *bytes, kept, "only what was removed is overwritten");
    }
    assert_eq!(device.remove_attachment(id, first.evidence_id, NOW), Err(Error::NoSuchAttachment));
    attach(&device, id, 20, true).unwrap();
    device.finish(id, NOW).unwrap();
    assert_eq!(device.remove_attachment(id, first.evidence_id, NOW), Err(Error::NoSuchDraft));
}

#[test]
fn deleting_a_draft_whose_finish_was_cut_takes_nothing_from_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, "Example");
    attach(&device, id, 2, true).unwrap();
    // As a finish leaves it whose last step failed on a bad disk: the queue has the report, the vault still the draft.
    let (head, attachments) =
        device.with_vault(|vault| vault.read(|db| Ok((drafts::head(db, id)?, attach::list(db, id)?)))).unwrap();
    let objects = super::finish::media_objects(&attachments).collect();
    device.own().add(&outbox::NewReport { day: 20_000, finished: finished(), mark: head.mark, objects }).unwrap();
    let sealed = |device: &Device| {
        let jobs = device.own().next_batch(true, true, 100).unwrap();
        jobs.iter().map(|job| device.own().sealed_area(job).unwrap()).collect::<Vec<_>>()
    };
    let before = sealed(&device);
    let _ = device.delete_draft(id);
    assert!(sealed(&device) == before, "the report's chunks were overwritten");
    assert_eq!(device.drafts().unwrap(), []);
    assert_eq!(device.finished().unwrap().len(), 1);
}

#[test]
fn answers_are_not_taken_for_a_draft_that_is_sealed_already() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, "Example");
    let head = device.with_vault(|vault| vault.read(|db| drafts::head(db, id))).unwrap();
    device
        .own()
        .add(&outbox::NewReport { day: 20_000, finished: finished(), mark: head.mark, objects: vec![] })
        .unwrap();
    let answers = device.answers(id).unwrap();
    assert_eq!(device.save_answers(id, &answers, NOW), Err(Error::NoSuchDraft));
}

#[test]
fn a_new_enrolment_sends_what_was_refused_for_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    let organisation = Organisation::make();
    organisation.enrol(&device);
    let id = draft(&device, "Example");
    device.finish(id, NOW).unwrap();
    let job = device.own().next_batch(true, true, 10).unwrap().remove(0);
    device.own().record(&[(job.clone(), Outcome::Refused(Problem::TokenInvalid))]).unwrap();
    assert_eq!(device.own().waiting().unwrap(), (0, 0), "control: it does not wait any more");
    organisation.enrol(&device);
    let again = device.own().next_batch(true, true, 10).unwrap();
    assert_eq!(again.iter().map(|job| job.object).collect::<Vec<_>>(), [job.object]);
    assert!(again[0].token != job.token, "the refused token is not used again");
}

#[test]
fn a_queue_never_fills_up_with_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 4, 1_024);
    let organisation = Organisation::make();
    for _ in 0..12 {
        // Far more tokens than are spent: they go before any report does.
        organisation.enrol(&device);
        // As many objects as the pool holds wait together, each with its receipt still to come.
        let objects = (0..1_000).map(|slot| outbox::NewObject {
            object: kapok_wire::ObjectId(kapok_wire::rng::bytes()),
            lane: if slot == 0 { Lane::Text } else { Lane::Media },
            slot: device.own_slot(slot),
        });
        let report = outbox::NewReport {
            day: 20_000,
            finished: finished(),
            mark: kapok_wire::rng::bytes(),
            objects: objects.collect(),
        };
        device.own().add(&report).unwrap();
        device.own().settle(&report.mark).unwrap();
        let digest = Digest([1; 32]);
        let receipt = organisation.receipt(digest);
        for _ in 0..2 {
            let jobs = device.own().next_batch(true, true, 500).unwrap();
            let receipted = |job| (job, Outcome::Receipted(digest, receipt.clone()));
            device.own().record(&jobs.into_iter().map(receipted).collect::<Vec<_>>()).unwrap();
        }
    }
    let view = device.outbox().unwrap();
    assert_eq!(view.len(), 12, "the reports themselves are still listed");
    assert!(view.iter().all(|report| report.state == ReportState::ServerHasAll));
    assert_eq!(view[11].objects, 1_000, "the newest is whole");
}

/// Lets a report of so many chunks wait in the open vault, gives it receipts for all of them, and counts those after a restart.
fn receipted(folder: &Path, device: Device, chunks: u16) -> u32 {
    let objects = (0..chunks).map(u32::from).map(|slot| outbox::NewObject {
        object: kapok_wire::ObjectId(kapok_wire::rng::bytes()),
        lane: Lane::Media,
        slot: device.own_slot(slot),
    });
    let report = outbox::NewReport { day: 20_000, finished: finished(), mark: [1; 16], objects: objects.collect() };
    let organisation = Organisation::make();
    organisation.enrol(&device);
    device.own().add(&report).unwrap();
    let digest = Digest([1; 32]);
    let receipt = organisation.receipt(digest);
    let jobs = device.own().next_batch(true, true, chunks).unwrap();
    let receipted = |job| (job, Outcome::Receipted(digest, receipt.clone()));
    device.own().record(&jobs.into_iter().map(receipted).collect::<Vec<_>>()).unwrap();
    drop(device);
    let again = reopened(folder);
    again.unlock(&passphrase(), &Still).unwrap();
    again.outbox().unwrap()[0].receipted
}

#[test]
fn a_large_pool_has_a_queue_that_holds_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 4, 4_096);
    assert_eq!(receipted(folder.path(), device, 4_096), 4_096);
}

#[test]
fn a_pool_that_grew_as_far_as_it_may_has_a_queue_that_holds_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let device = device_of(folder.path(), 4, 256);
    let whole = 4 * 4 * 256 * POOL_SLOT as u64;
    assert_eq!(device.grow_pool(whole + 4 * POOL_SLOT as u64, GrowthIsVisible), Err(Error::BadSize), "it is the most");
    device.grow_pool(whole, GrowthIsVisible).unwrap();
    assert_eq!(receipted(folder.path(), device, 1_024), 1_024);
}

#[tokio::test]
async fn what_was_refused_is_tried_again_when_a_person_asks_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, "Example");
    device.finish(id, NOW).unwrap();
    let job = device.own().next_batch(true, true, 10).unwrap().remove(0);
    device.own().record(&[(job.clone(), Outcome::Refused(Problem::Malformed))]).unwrap();
    for (asked, waiting) in [(Asked::ByEngine, 0), (Asked::ByPerson, 1)] {
        let options = SyncOptions { asked, ..SyncOptions::default() };
        // The organisation of these tests has no usable address, so nothing is sent.
        let _ = device.sync(&Facts::unknown(), &options, &SystemClock, &mut |_| ()).await;
        assert_eq!(device.own().waiting().unwrap(), (waiting, 0), "{asked:?}");
    }
    let again = device.own().next_batch(true, true, 10).unwrap();
    assert_eq!((again[0].object, again[0].upload), (job.object, job.upload), "the same object under the same token");
}

#[test]
fn a_mark_whose_draft_is_forgotten_is_taken_off_at_the_next_unlock() {
    let folder = tempfile::tempdir().unwrap();
    let first = device(folder.path());
    // As a crash between the last two steps of a finish leaves it.
    let report = outbox::NewReport { day: 20_000, finished: finished(), mark: [1; 16], objects: vec![] };
    first.own().add(&report).unwrap();
    drop(first);
    let again = reopened(folder.path());
    assert!(again.own().pending(&[1; 16]).unwrap().is_some(), "control: it is there before");
    again.unlock(&passphrase(), &Still).unwrap();
    assert_eq!(again.own().pending(&[1; 16]).unwrap(), None);
}
