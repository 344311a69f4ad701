//! SIGKILL in the middle of intake, and a disk that takes no more: what was acknowledged is there.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kapok_wire::{Lane, Problem, UploadId, rng};

use crate::support::{Desk, Device, Object, World, start, start_with};

/// What one device sent, and how many of these were acknowledged.
type Sent = (Vec<Object>, usize);

async fn send_until_cut(device: Device, token: kapok_wire::token::Token, stop: Arc<AtomicBool>) -> Sent {
    let (upload, mut sent) = (UploadId(rng::bytes()), Vec::new());
    while !stop.load(Ordering::SeqCst) && sent.len() < 64 {
        let object = Object::make(if sent.len() % 4 == 0 { Lane::Media } else { Lane::Text }, &token, upload);
        let answer = device.post(object.body()).await;
        sent.push(object);
        match answer {
            Ok(answer) => assert!(device.receipt(&sent[sent.len() - 1], &answer).is_ok()),
            // All before the last were acknowledged.
            Err(_) => return (sent.clone(), sent.len() - 1),
        }
    }
    let acknowledged = sent.len();
    (sent, acknowledged)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_sigkill_every_acknowledged_object_is_there_exactly_once() {
    let mut world = World::new().await;
    let mut tokens = world.tokens.clone().into_iter();
    let (mut acknowledged, mut cut) = (Vec::new(), Vec::new());
    for round in 0..6u64 {
        let stop = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let device = Device::new(&world.server.card);
                tokio::spawn(send_until_cut(device, tokens.next().unwrap(), Arc::clone(&stop)))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(60 + round * 41 % 150)).await;
        world.server.child.kill().unwrap();
        stop.store(true, Ordering::SeqCst);
        for sender in senders {
            let (mut sent, known) = sender.await.unwrap();
            cut.extend(sent.split_off(known));
            acknowledged.extend(sent);
        }
        world.restart();
        let stored = world.desk.pull().await;
        for object in &acknowledged {
            assert_eq!(object.count_in(&stored), 1, "round {round}");
        }
    }
    assert!(acknowledged.len() > 20 && !cut.is_empty(), "the kill fell into the middle of the intake");
    for object in &cut {
        assert!(world.device.upload(object).await.is_ok(), "the retry of a cut upload succeeds");
    }
    let stored = world.desk.pull().await;
    assert!(cut.iter().chain(&acknowledged).all(|object| object.count_in(&stored) == 1));
    assert_eq!(stored.len(), cut.len() + acknowledged.len());
}

/// A process that may write files of one mebibyte at most, as if the disk were full.
fn cramped(data: &std::path::Path) -> Command {
    let mut command = Command::new("sh");
    // Without the trap the system would end the process instead of failing the write.
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$@\"";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_kapok-server"), "--data"]).arg(data);
    command.args(["--listen", "127.0.0.1:0", "--desk-listen", "127.0.0.1:0", "--answer-floor-ms", "0"]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_answered_as_such_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut command = cramped(&data);
    command.stderr(std::fs::File::create(dir.path().join("log")).unwrap());
    let mut world = World::around(dir, start_with(command)).await;
    let (mut stored, mut refused) = (Vec::new(), Vec::new());
    for token in &world.tokens[..60] {
        let object = Object::make(Lane::Media, token, UploadId(rng::bytes()));
        match world.device.upload(&object).await {
            Ok(_) => stored.push(object),
            Err(problem) => {
                assert_eq!(problem, Problem::Storage);
                refused.push(object);
            }
        }
    }
    assert!(!refused.is_empty() && stored.len() > 10, "{} stored, {} refused", stored.len(), refused.len());
    assert!(world.server.child.try_wait().unwrap().is_none(), "the process survives");
    let log = std::fs::read_to_string(world.dir.path().join("log")).unwrap();
    assert!(log.contains("look at the disk"), "the operator is told: {log}");

    // Space again: nothing was lost, nothing half stored, and the same bytes succeed.
    world.server.child.kill().unwrap();
    world.server.child.wait().unwrap();
    world.server = start(&data);
    world.desk = Desk::registered(&world.server.card, &data);
    world.device = Device::new(&world.server.card);
    for object in refused.iter().chain(&stored) {
        assert!(world.device.upload(object).await.is_ok());
    }
    let all = world.desk.pull().await;
    assert_eq!(all.len(), 60);
    assert!(refused.iter().chain(&stored).all(|object| object.count_in(&all) == 1));
}
