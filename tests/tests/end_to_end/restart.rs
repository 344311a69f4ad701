//! The server's process is killed in the middle of media and started again: the device goes on, nothing is twice.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kapok_core::{Device, NoDeviceKey, ReportState, SyncEnd, SystemClock};
use kapok_tests::child::{Running, binary};
use kapok_tests::ledger::{Stock, cases, stored};
use kapok_tests::story::{self, Dice};
use kapok_tests::world::{facts, invite, link, now, organise, sync_all, sync_options};

use crate::whole_way::finished;

const ROUNDS: u64 = 8;
/// 23 chunks and one of padding.
const PHOTO: usize = 1_500_000;

/// A server process on these ports; what it said about itself when it was ready.
fn serve(data: &Path, ports: [&str; 2]) -> (Running, serde_json::Value) {
    let mut command = Command::new(binary("kapok-server"));
    command.arg("--data").arg(data).args(["--listen", ports[0], "--desk-listen", ports[1], "--answer-floor-ms", "0"]);
    let mut server = Running::start(command);
    let ready = server.wait_for(Duration::from_secs(20), |line| line.starts_with('{')).expect("the ready line");
    (server, serde_json::from_str(&ready).unwrap())
}

/// Syncs, and kills the server a moment after some chunks went through. True if that fell into the middle.
async fn sync_and_kill(device: &Device, server: Running, moment: Duration) -> bool {
    let victim = Arc::new(Mutex::new(Some(server)));
    let mut shot = None;
    let mut progress = |progress: kapok_core::Progress| {
        if progress.done >= 4 && shot.is_none() {
            let victim = victim.clone();
            shot = Some(std::thread::spawn(move || {
                std::thread::sleep(moment);
                victim.lock().unwrap().take().map(Running::kill)
            }));
        }
    };
    let report = device.sync(&facts(), &sync_options(), &SystemClock, &mut progress).await.unwrap();
    shot.unwrap().join().unwrap();
    matches!(report.end, SyncEnd::Interrupted(_)) && report.waiting > 0
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_of_media_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("server");
    let (mut server, ready) = serve(&data, ["127.0.0.1:0"; 2]);
    let ports = [ready["listen"].as_str().unwrap(), ready["desk_listen"].as_str().unwrap()];
    let card = fs::read(ready["card"].as_str().unwrap()).unwrap();
    let desk = organise(&folder.path().join("desk"), &data, &card).await;
    let home = folder.path().join("device");
    let device = Device::create(&home, &story::passphrase(), Arc::new(NoDeviceKey), story::options(64)).unwrap();
    let enrolled = device.enrol(&invite(&desk).await, &facts(), &sync_options(), now()).await.unwrap();
    assert_eq!(enrolled.end, SyncEnd::Done);

    let (photo, mut dice, mut middle, mut objects) = (story::photo(PHOTO), Dice(9), 0, 0);
    let early = folder.path().join("early");
    for round in 1..=ROUNDS {
        finished(&device, round, &[(story::PHOTO_NAME, &photo)]);
        middle += u64::from(sync_and_kill(&device, server, Duration::from_micros(dice.below(9_000))).await);
        if round == ROUNDS {
            copy(&data, &early);
        }
        (server, _) = serve(&data, ports);
        sync_all(&device).await;
        objects += device.outbox().unwrap().last().unwrap().objects as usize;
        let stock = Stock::count(&stored(&link(&desk)).await, &data);
        assert!(stock.each_once(), "{stock:?}");
        assert_eq!((stock.objects, stock.packets as u64), (objects, round));
    }
    assert!(middle >= 2, "only {middle} of {ROUNDS} kills fell into the middle");
    assert!(device.outbox().unwrap().iter().all(|view| view.state == ReportState::ServerHasAll));
    let inbox = desk.inbox();
    kapok_desk::pull_all(&link(&desk), &inbox, false, |_| {}).await.unwrap();
    let found = cases(&desk);
    assert_eq!(found.len() as u64, ROUNDS);
    assert!(found.iter().all(|case| case.copies == 1 && case.files[0].1 == photo));

    // Control: a server that forgot what it acknowledged would be noticed by the same count.
    drop(server);
    let (_forgetful, _) = serve(&early, ports);
    let stock = Stock::count(&stored(&link(&desk)).await, &early);
    assert!(stock.objects < objects, "{stock:?}");
}
