//! A vault that moves to a new phone: what waits is sent by one phone, once.

use std::sync::Arc;

use kapok_core::{Device, Error, MoveError, NoDeviceKey, SystemClock};
use kapok_tests::ledger::{Stock, cases, stored};
use kapok_tests::story;
use kapok_tests::world::{World, facts, reopened, sync, sync_all, sync_options, unlocked};

use crate::whole_way::finished;

const PHOTO: usize = 300_000;
const OBJECTS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_sent_by_the_new_phone_once_and_by_the_old_one_never() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (old_home, file) = (folder.path().join("old"), folder.path().join("file"));
    let old = world.device(&old_home, 64).await;
    let photo = story::photo(PHOTO);
    finished(&old, 1, &[(story::PHOTO_NAME, &photo)]);
    // A part went out before, under a token that the old phone has given it.
    assert_eq!(sync(&old, 2).await.sent, 2, "control: before the move it sends");
    let new_home = folder.path().join("new");
    let new = Device::create(&new_home, &story::passphrase(), Arc::new(NoDeviceKey), story::options(64)).unwrap();
    let key = new.receive_move().unwrap();
    let digits = old.send_move(&key.text, &key.digits, &file).unwrap();

    let refused = |error| assert_eq!(error, Some(Error::Move(MoveError::Moving)));
    let try_sync = async |device: &Device| device.sync(&facts(), &sync_options(), &SystemClock, &mut |_| {}).await;
    refused(try_sync(&old).await.err());
    old.lock();
    refused(try_sync(&old).await.err());
    drop(old);
    let old = reopened(&old_home);
    refused(try_sync(&old).await.err());
    assert_eq!(stored(&world.link()).await.len(), 2, "nothing left the old phone");

    let arrival = new.import_move(&file, &digits).unwrap();
    drop(new);
    let new = unlocked(&new_home);
    sync_all(&new).await;
    let stock = Stock::count(&stored(&world.link()).await, &world.data());
    assert!(stock.each_once(), "{stock:?}");
    assert_eq!((stock.objects, stock.packets), (OBJECTS, 1));
    old.unlock(&story::passphrase(), &SystemClock).unwrap();
    old.end_move(&arrival).unwrap();
    assert!(old.outbox().unwrap().is_empty());
    assert_eq!(try_sync(&old).await.err(), Some(Error::NotEnrolled));
    world.pull().await;
    let numbers: Vec<_> = cases(&world.desk).iter().map(|case| case.number).collect();
    assert_eq!(numbers, [1]);
}
