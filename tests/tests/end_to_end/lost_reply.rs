//! A line that is cut before the request or before the answer: the retry never makes a second.

use std::sync::Arc;

use kapok_core::{Device, Error, NoDeviceKey, ReportState, SyncEnd};
use kapok_tests::ledger::{Stock, cases, stored};
use kapok_tests::proxy::Cut;
use kapok_tests::raw::Raw;
use kapok_tests::story;
use kapok_tests::world::{World, facts, now, sync, sync_all, sync_options, unlocked};
use kapok_wire::Lane;

use crate::whole_way::finished;

/// Five chunks, so that a report has six objects.
const PHOTO: usize = 300_000;
const OBJECTS: usize = 6;
/// What a connection costs before the first request, in bytes; less than the smallest body by far.
const HANDSHAKE: u64 = 2_000;

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_line_is_cut_each_object_is_stored_once_and_the_desk_sees_one_report() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device = world.device(folder.path(), 64).await;
    let photo = story::photo(PHOTO);
    let (mut rounds, mut lost_replies) = (0, 0);
    for number in 1..=OBJECTS as u64 {
        // The request of this number never arrives whole, or its answer is swallowed.
        let unsent = Cut::Request { after: HANDSHAKE + (number - 1) * 60_000 };
        for cut in [unsent, Cut::Answer { number }] {
            let before = rounds * OBJECTS;
            rounds += 1;
            finished(&device, rounds as u64, &[(story::PHOTO_NAME, &photo)]);
            world.proxy.arm(Some(cut));
            let cuts = world.proxy.cuts();
            let report = sync(&device, u32::MAX).await;
            assert!(matches!(report.end, SyncEnd::Interrupted(_)), "{cut:?}: {:?}", report.end);
            assert_eq!(world.proxy.cuts(), cuts + 1, "{cut:?}");
            let view = device.outbox().unwrap().pop().unwrap();
            assert_eq!(view.state, ReportState::OnThisPhone, "{cut:?}");
            let arrived = stored(&world.link()).await.len() - before;
            match cut {
                Cut::Request { .. } => assert!(arrived < OBJECTS, "{cut:?}: {arrived}"),
                Cut::Answer { .. } => {
                    assert!(arrived > view.receipted as usize, "{cut:?}: stored {arrived}, known {}", view.receipted);
                    lost_replies += arrived - view.receipted as usize;
                }
            }
            sync_all(&device).await;
            let stock = Stock::count(&stored(&world.link()).await, &world.data());
            assert!(stock.each_once(), "{cut:?}: {stock:?}");
            assert_eq!((stock.objects, stock.packets, stock.tokens), (rounds * OBJECTS, rounds, 2 * rounds), "{cut:?}");
        }
    }
    assert!(lost_replies >= OBJECTS, "{lost_replies}");
    world.pull().await;
    let mut found = cases(&world.desk);
    found.sort_by_key(|case| case.number);
    let numbers: Vec<_> = found.iter().map(|case| case.number).collect();
    assert_eq!(numbers, (1..=rounds as u64).collect::<Vec<_>>());
    assert!(found.iter().all(|case| case.copies == 1 && case.files[0].1 == photo));
    assert!(device.outbox().unwrap().iter().all(|view| view.state == ReportState::ServerHasAll));

    // Control: a device that took a new id for its retry would make two, and these counts would tell.
    let records = stored(&world.link()).await;
    let packet = records.iter().find(|record| record.lane == Lane::Text).unwrap();
    Raw::enrolled(&world.desk, None).await.send(Lane::Text, &packet.sealed).await.unwrap();
    let stock = Stock::count(&stored(&world.link()).await, &world.data());
    assert!(!stock.each_once(), "{stock:?}");
    world.pull().await;
    assert_eq!(cases(&world.desk).iter().filter(|case| case.copies == 2).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_whose_answer_was_lost_is_asked_for_again_and_costs_one_invite() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device =
        Device::create(folder.path(), &story::passphrase(), Arc::new(NoDeviceKey), story::options(64)).unwrap();
    let invite = world.invite().await;
    // The bundle comes over one connection, which carries no request of a body's size; the tokens over the next.
    world.proxy.arm(Some(Cut::Answer { number: 1 }));
    let ended = device.enrol(&invite, &facts(), &sync_options(), now()).await.unwrap();
    assert!(matches!(ended.end, SyncEnd::Interrupted(_)), "{:?}", ended.end);
    assert_eq!(world.proxy.cuts(), 1);
    drop(device);
    let device = unlocked(folder.path());
    let ended = device.enrol(&invite, &facts(), &sync_options(), now()).await.unwrap();
    assert_eq!(ended.end, SyncEnd::Done);
    finished(&device, 1, &[]);
    sync_all(&device).await;
    assert_eq!(stored(&world.link()).await.len(), 1);

    // Control: for another device, whose request is another one, the invite is used up.
    let elsewhere = tempfile::tempdir().unwrap();
    let thief =
        Device::create(elsewhere.path(), &story::passphrase(), Arc::new(NoDeviceKey), story::options(64)).unwrap();
    let refused = thief.enrol(&invite, &facts(), &sync_options(), now()).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
}
