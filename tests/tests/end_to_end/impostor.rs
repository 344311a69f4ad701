//! Somebody poses as the server: nothing is sent, nothing is freed, and the network stays held.

use std::fs;

use kapok_core::{Decision, Outcome, Reason, ReportState, RouteError, SyncEnd, SyncOptions, SystemClock};
use kapok_server::{Config, Server};
use kapok_tests::ledger::stored;
use kapok_tests::story;
use kapok_tests::world::{World, facts, now, reopened, sync, sync_all, sync_options};

use crate::whole_way::finished;

#[tokio::test(flavor = "multi_thread")]
async fn an_intercepted_network_is_held_by_name_and_frees_nothing() {
    let (ours, theirs) = (World::start().await, World::start().await);
    let folder = tempfile::tempdir().unwrap();
    let device = ours.device(folder.path(), 64).await;
    finished(&device, 1, &[(story::PHOTO_NAME, &story::photo(100_000))]);
    let waiting = device.outbox().unwrap();

    ours.proxy.lead_to(Some(theirs.ports().0));
    let report = sync(&device, u32::MAX).await;
    assert!(
        matches!(report.end, SyncEnd::Interrupted(RouteError::Failed(Outcome::Intercepted { .. }))),
        "{:?}",
        report.end
    );
    assert_eq!((report.sent, report.bytes_down), (0, 0));
    let held = |decision: &Decision| match decision {
        Decision::Hold { reasons, .. } => reasons.contains(&Reason::Intercepted),
        Decision::Allow(_) | Decision::Confirm { .. } => false,
    };
    assert!(held(&device.decide(&facts(), &sync_options(), now()).unwrap()));
    drop(device);
    let device = reopened(folder.path());
    let decision = device.decide(&facts(), &sync_options(), now()).unwrap();
    assert!(held(&decision), "after a restart too: {decision:?}");

    // The genuine server is back, but on this network nothing is even tried.
    ours.proxy.lead_to(Some(ours.ports().0));
    let connections = ours.proxy.connections();
    assert!(matches!(sync(&device, u32::MAX).await.end, SyncEnd::Held(decision) if held(&decision)));
    assert_eq!(ours.proxy.connections(), connections);
    let objects =
        |views: &[kapok_core::OutboxView]| views.iter().map(|v| (v.objects, v.receipted, v.state)).collect::<Vec<_>>();
    assert_eq!(objects(&device.outbox().unwrap()), objects(&waiting));
    for world in [&ours, &theirs] {
        assert_eq!(stored(&world.link()).await.len(), 0);
    }

    // Another network is not to blame, and the same report leaves over it.
    let elsewhere = SyncOptions { network: b"another fictional cable".to_vec(), ..sync_options() };
    let report = device.sync(&facts(), &elsewhere, &SystemClock, &mut |_| {}).await.unwrap();
    assert_eq!((report.end, report.waiting), (SyncEnd::Done, 0));
    assert_eq!(device.outbox().unwrap()[0].state, ReportState::ServerHasAll);

    // Control: the impostor takes reports from whoever trusts its key, so only the pin kept ours.
    let folder = tempfile::tempdir().unwrap();
    let trusting = theirs.device(folder.path(), 64).await;
    finished(&trusting, 1, &[]);
    sync_all(&trusting).await;
    assert_eq!(stored(&theirs.link()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_by_another_log_key_frees_nothing() {
    let mut world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let device = world.device(folder.path(), 64).await;
    finished(&device, 1, &[]);
    // Whoever stole the TLS key but not the log's can take what arrives, but not make the device forget it.
    world.stop().await;
    let stolen = tempfile::tempdir().unwrap();
    let keys = fs::read_to_string(world.data().join("keys.json")).unwrap();
    let mut keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    keys["log_seed"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into();
    let file = stolen.path().join("keys.json");
    fs::write(&file, keys.to_string()).unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut config = Config::new(stolen.path());
    (config.listen, config.desk_listen) = (([127, 0, 0, 1], 0).into(), ([127, 0, 0, 1], 0).into());
    config.public = vec![world.proxy.address()];
    let thief = Server::start(config).await.unwrap();
    world.proxy.lead_to(Some(thief.listen()));
    let report = sync(&device, u32::MAX).await;
    assert!(matches!(report.end, SyncEnd::Interrupted(RouteError::Failed(Outcome::ServerFault))), "{:?}", report.end);
    assert_eq!((report.sent, device.outbox().unwrap()[0].receipted), (0, 0));
    world.proxy.lead_to(None);
    thief.stop().await;

    // Control: the genuine log frees it, and the same packet is still there to be sent.
    world.restart().await;
    sync_all(&device).await;
    assert_eq!(device.outbox().unwrap()[0].state, ReportState::ServerHasAll);
    assert_eq!(stored(&world.link()).await.len(), 1);
}
