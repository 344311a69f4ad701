//! Starting, restarting and ending.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kapok_wire::tls::{Pin, Trust, client_config};
use kapok_wire::{Problem, UploadId};

use crate::support::{Desk, Device, Object, World, binary, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_keys_objects_spent_tokens_and_receipts() {
    let mut world = World::new().await;
    let before = world.server.card.clone();
    let object = Object::packet(&world.tokens[0]);
    let first = world.device.post(object.body()).await.unwrap();
    world.restart();
    let after = world.server.card.clone();
    assert_eq!(
        (&before.pins, &before.tls_root, &before.token_key, before.log()),
        (&after.pins, &after.tls_root, &after.token_key, after.log())
    );
    assert_eq!(world.device.post(object.body()).await.unwrap(), first);
    let mut second = Object::packet(&world.tokens[0]);
    assert_eq!(world.device.upload(&second).await, Err(Problem::TokenSpent));
    second.head.upload = object.head.upload;
    assert!(world.device.upload(&second).await.is_ok());
    assert_eq!(world.desk.pull().await.len(), 2);
}

#[test]
fn a_second_server_on_the_same_folder_says_so_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path());
    let second = binary(dir.path()).stderr(Stdio::piped()).stdout(Stdio::piped()).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another kapok-server uses"));
    drop(first);
    drop(start(dir.path()));
}

#[test]
fn a_lost_database_or_object_file_is_an_error_and_not_a_fresh_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut world = runtime.block_on(World::new());
    let object = Object::packet(&world.tokens[0]);
    assert!(runtime.block_on(world.device.upload(&object)).is_ok());
    terminate(&mut world);
    for name in ["kapok.sqlite", "objects/00000001.seg"] {
        let (path, aside) = (world.data().join(name), world.dir.path().join("aside"));
        std::fs::rename(&path, &aside).unwrap();
        for content in [None, Some(b"" as &[u8]), Some(b"not what it was" as &[u8])] {
            let _ = content.map(|content| std::fs::write(&path, content).unwrap());
            let output = binary(&world.data()).output().unwrap();
            assert!(!output.status.success(), "{name} with {content:?}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("restore it"), "{name} with {content:?}");
            assert_eq!(std::fs::read(&path).ok().as_deref(), content, "{name} is left as it was found");
        }
        std::fs::rename(&aside, &path).unwrap();
    }
    world.restart();
    assert_eq!(runtime.block_on(world.desk.pull()).len(), 1, "control: with both back it starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_folder_that_others_may_read_every_secret_file_is_still_private() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let world = World::around(dir, start(&data)).await;
    assert!(world.device.upload(&Object::packet(&world.tokens[0])).await.is_ok());
    let (mut files, mut public) = (0, Vec::new());
    for folder in [data.clone(), data.join("objects")] {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            files += 1;
            if entry.metadata().unwrap().permissions().mode() & 0o077 != 0 {
                public.push(entry.file_name());
            }
        }
    }
    // Database with its log and index, keys, lock, objects, one segment; and the card.
    assert!(files >= 8, "control: {files} files were looked at");
    assert_eq!(public, ["server-card.json"], "the card alone is public");
}

/// SIGTERM, and how it ended.
fn terminate(world: &mut World) -> bool {
    let id = world.server.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    world.server.child.wait().unwrap().success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_server_answers_what_is_under_way_and_ends() {
    let mut world = World::new().await;
    let sending: Vec<_> = (0..32)
        .map(|number| {
            let (device, object) = (world.device.clone(), Object::packet(&world.tokens[number]));
            tokio::spawn(async move { device.post(object.body()).await.ok().map(|answer| (object, answer)) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let since = Instant::now();
    assert!(terminate(&mut world));
    assert!(since.elapsed() < Duration::from_secs(15));
    let mut acknowledged = Vec::new();
    for sent in sending {
        acknowledged.extend(sent.await.unwrap());
    }
    world.restart();
    let stored = world.desk.pull().await;
    for (object, answer) in &acknowledged {
        assert!(world.device.receipt(object, answer).is_ok());
        assert_eq!(object.count_in(&stored), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_expects_another_key_sends_nothing() {
    let world = World::new().await;
    let config = client_config(&Trust::PinOnly(Pin([7; 32])), None).unwrap();
    let client = reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().build().unwrap();
    assert!(client.get(format!("{}/v1/bundle", world.device.url)).send().await.is_err());
    let same = Device::new(&world.server.card);
    let object = Object::make(kapok_wire::Lane::Text, &world.tokens[0], UploadId([1; 16]));
    assert!(same.upload(&object).await.is_ok(), "control");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_storing_thread_panics_ends_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = kapok_server::Config::new(dir.path());
    config.listen.set_port(0);
    config.desk_listen.set_port(0);
    config.clock = kapok_server::Clock::from_fn(|| {
        assert_ne!(std::thread::current().name(), Some("intake"), "planted");
        500_000 * 3_600
    });
    let server = kapok_server::Server::start(config.clone()).await.unwrap();
    let desk = Desk::registered(server.card(), dir.path());
    let device = Device::new(server.card());
    let running = tokio::spawn(server.run_until(std::future::pending()));
    let tokens = device.enrol(&desk).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!running.is_finished(), "control: it runs as long as nothing panics");
    assert_eq!(device.upload(&Object::packet(&tokens[0])).await.unwrap_err(), Problem::Storage);
    let ended = tokio::time::timeout(Duration::from_secs(15), running).await.unwrap().unwrap();
    assert!(matches!(ended, Err(kapok_server::Error::IntakeEnded)));

    config.clock = kapok_server::Clock::system();
    let server = kapok_server::Server::start(config).await.unwrap();
    assert!(server.run_until(async {}).await.is_ok(), "control: an end that was asked for is no error");
}
