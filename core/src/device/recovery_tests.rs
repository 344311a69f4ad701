//! Ways back: after a crash, a refusal or a full pool a report can still be finished and sent.

use std::io::Cursor;

use kapok_report::EvidenceOrigin;
use kapok_wire::Problem;

use super::outbox::Outcome;
use super::testing::*;
use super::*;
use crate::vault::NoDeviceKey;

fn attach(device: &Device, draft: DraftId, chunks: usize, sized: bool) -> Result<AttachmentView> {
    let meta = NewAttachment { file_name: "a".into(), kind: None, origin: EvidenceOrigin::CapturedInApp };
    let bytes = vec![7; chunks * 65_264];
    let size = sized.then_some(bytes.len() as u64);
    device.attach_stream(draft, &mut Cursor::new(bytes), &meta, size, NOW)
}

#[test]
fn a_creation_that_was_cut_before_the_queue_was_filled_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    // As a crash between making the queue file and filling it leaves it.
    SlotPool::create(&folder.path().join(POOL_FILE), 64).unwrap();
    let queue = QueueFile::create(&folder.path().join(QUEUE_FILE), HalfFrames::QUEUE_DEFAULT, &NoDeviceKey).unwrap();
    drop(queue.into_store(QUEUE_STEPS).unwrap());
    let device = device(folder.path());
    Organisation::make().enrol(&device);
    let id = draft(&device, "Example");
    device.finish(id, NOW).unwrap();
    drop(device);
    assert_eq!(reopened(folder.path()).outbox().unwrap().len(), 1);
}
