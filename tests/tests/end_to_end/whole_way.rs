//! One report's whole way: Khmer answers, a photo and a recording, from the draft to the desk, bit for bit.

use std::io::Cursor;

use kapok_core::report::EvidenceOrigin;
use kapok_core::{Device, DraftId, NewAttachment, ReportState, SyncEnd};
use kapok_tests::ledger::{Stock, cases, stored};
use kapok_tests::scan::{Scanner, plant};
use kapok_tests::story;
use kapok_tests::world::{World, now, sync};

/// Takes a report as far as the outbox; gives its code.
pub(crate) fn finished(device: &Device, number: u64, files: &[(&str, &[u8])]) -> String {
    let draft = drafted(device, number, files);
    device.finish(draft, now()).unwrap().code
}

/// A draft that tells a story, with files.
pub(crate) fn drafted(device: &Device, number: u64, files: &[(&str, &[u8])]) -> DraftId {
    let draft = device.new_draft(story::FORM, "km", now()).unwrap();
    device.save_answers(draft, &story::answers(device.pack(), number), now()).unwrap();
    for (name, bytes) in files {
        let about = NewAttachment { file_name: (*name).into(), kind: None, origin: EvidenceOrigin::CapturedInApp };
        device.attach_stream(draft, &mut Cursor::new(bytes), &about, None, now()).unwrap();
    }
    draft
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_arrives_whole_and_is_readable_nowhere_on_its_way() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device = world.device(folder.path(), 64).await;
    let (photo, voice) = (story::photo(150_000), story::voice(90_000));
    let code = finished(&device, 3, &[(story::PHOTO_NAME, &photo), (story::VOICE_NAME, &voice)]);
    device.lock();
    let report = sync(&device, u32::MAX).await;
    assert_eq!((report.end, report.waiting), (SyncEnd::Done, 0));
    let view = &device.outbox().unwrap()[0];
    assert_eq!((view.state, view.receipted), (ReportState::ServerHasAll, view.objects));

    let records = stored(&world.link()).await;
    let stock = Stock::count(&records, &world.data());
    assert!(stock.each_once(), "{stock:?}");
    assert_eq!((stock.objects, stock.packets, stock.tokens), (view.objects as usize, 1, 2));
    world.pull().await;
    let found = cases(&world.desk);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code.as_str(), found[0].number, found[0].copies), (code.as_str(), 3, 1));
    let mut files = found[0].files.clone();
    files.sort();
    let mut sent = vec![(story::PHOTO_NAME.to_owned(), photo.clone()), (story::VOICE_NAME.to_owned(), voice.clone())];
    sent.sort();
    assert!(files == sent, "names and contents are the originals");

    // Device, server, and the desk that opened it just now.
    let markers = story::markers(&photo, &voice);
    let scanner = Scanner::new(&markers);
    for place in [folder.path(), world.root()] {
        assert_eq!(scanner.scan(place).unwrap(), []);
    }
    plant(&world.data().join("planted"), &markers).unwrap();
    assert!(!scanner.scan(world.root()).unwrap().is_empty(), "control: a plain file is found there");
}
