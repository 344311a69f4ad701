//! The desk port: registered keys only, pulled pages, bundle rules.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use kapok_server::client_keys;
use kapok_wire::answer::{Ack, page};
use kapok_wire::bundle::{Algorithm, Bundle, ClassKeys, Endpoint, Floor, ROOT_NAME, UntrustedBundle};
use kapok_wire::card::Card;
use kapok_wire::sizes::PAGE;
use kapok_wire::tls::client_config;
use kapok_wire::{Lane, Problem, UploadId, note, rng};

use crate::support::{Desk, Object, World};

async fn reaches(desk: &Desk) -> bool {
    desk.http.get(format!("{}/v1/q?after=0", desk.url)).send().await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_registered_key_gets_through_the_handshake() {
    let world = World::new().await;
    let stranger = Desk::stranger(&world.server.card);
    assert!(!reaches(&stranger).await, "an unregistered certificate");
    let config = client_config(&world.server.card.trust(), None).unwrap();
    let bare = reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().build().unwrap();
    assert!(bare.get(format!("{}/v1/q?after=0", stranger.url)).send().await.is_err(), "no certificate");
    assert!(reaches(&world.desk).await, "control: the registered one");

    client_keys::add(&world.data(), stranger.pin()).unwrap();
    assert!(reaches(&stranger).await, "registering works while the server runs");
    assert_eq!(client_keys::list(&world.data()).unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_key_is_out_at_once_also_on_its_open_connection() {
    let world = World::new().await;
    assert_eq!(world.desk.invite([1; 32], crate::support::FAR).await, Ack::Done);
    client_keys::remove(&world.data(), world.desk.pin()).unwrap();
    assert_eq!(world.desk.invite([2; 32], crate::support::FAR).await, Ack::Refused(Problem::Malformed));
    let mut desk = world.desk;
    desk.reconnect(&world.server.card);
    assert!(!reaches(&desk).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_pulls_everything_in_order_and_page_by_page() {
    let world = World::new().await;
    let mut objects = Vec::new();
    for (number, token) in world.tokens.iter().enumerate().take(40) {
        let lane = if number % 2 == 0 { Lane::Media } else { Lane::Text };
        objects.push(Object::make(lane, token, UploadId(rng::bytes())));
        assert!(world.device.upload(&objects[number]).await.is_ok());
    }
    let stored = world.desk.pull().await;
    let ids = |records: &[kapok_wire::pull::Record]| records.iter().map(|r| r.object).collect::<Vec<_>>();
    assert_eq!(ids(&stored), objects.iter().map(|o| o.head.object).collect::<Vec<_>>());
    assert!(objects.iter().all(|object| object.count_in(&stored) == 1));
    assert!(stored.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    for bad in ["after=-1", "after=x", "before=1", "after=18446744073709551616"] {
        let response = world.desk.http.get(format!("{}/v1/q?{bad}", world.desk.url)).send().await.unwrap();
        assert_eq!(Ack::decode(&response.bytes().await.unwrap()), Ok(Ack::Refused(Problem::Malformed)), "{bad}");
    }
    let past = world.desk.http.get(format!("{}/v1/q?after={}", world.desk.url, u64::MAX)).send().await.unwrap();
    assert_eq!(past.bytes().await.unwrap().len(), PAGE);
}

fn root(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn bundle(card: &Card, roots: [u8; 3], sequence: u64) -> Bundle {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let keys = |class: &str| ClassKeys {
        algorithm: Algorithm::X25519,
        recipients: vec![format!("age1{class}one"), format!("age1{class}two")],
    };
    Bundle {
        organisation: "Example Monitors".to_owned(),
        sequence,
        not_before: now - 60,
        not_after: now + 86_400,
        roots: roots.map(|seed| STANDARD.encode(root(seed).verifying_key().as_bytes())),
        triage: keys("triage"),
        identities: keys("identities"),
        endpoints: vec![Endpoint {
            kind: "direct".to_owned(),
            name: card.name.clone(),
            addresses: card.addresses.clone(),
            tls_root: STANDARD.encode(&card.tls_root),
            pins: card.pins.iter().map(|pin| STANDARD.encode(pin.0)).collect(),
        }],
        token_keys: vec![STANDARD.encode(card.token_key.0)],
        logs: vec![card.log()],
        floor: Floor::Low,
    }
}

fn signed(bundle: &Bundle, signers: &[u8]) -> Vec<u8> {
    let text = bundle.note_text().unwrap();
    let note = signers.iter().fold(text, |text, seed| note::sign(&text, ROOT_NAME, &root(*seed)).unwrap());
    page(note.into_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_only_go_forward_and_only_under_the_first_roots() {
    let mut world = World::new().await;
    let card = world.server.card.clone();
    let get = |world: &World| world.device.http.get(format!("{}/v1/bundle", world.device.url)).send();
    let nothing = get(&world).await.unwrap().bytes().await.unwrap();
    assert_eq!(Ack::decode(&nothing), Ok(Ack::Refused(Problem::NotFound)));

    let refused = Ack::Refused(Problem::BundleRefused);
    let two = bundle(&card, [1, 2, 3], 2);
    assert_eq!(world.desk.publish(signed(&two, &[1])).await, refused, "one signature");
    assert_eq!(world.desk.publish(page(b"not a note".to_vec()).unwrap()).await, refused);
    assert_eq!(world.desk.publish(vec![0; PAGE]).await, refused);
    assert_eq!(world.desk.publish(signed(&two, &[1, 2])).await, Ack::Done);
    assert_eq!(world.desk.publish(signed(&two, &[1, 2])).await, Ack::Done, "again is success");

    let mut other = two.clone();
    other.organisation = "Example Imitators".to_owned();
    assert_eq!(world.desk.publish(signed(&other, &[1, 2])).await, refused, "one number, two contents");
    assert_eq!(world.desk.publish(signed(&bundle(&card, [1, 2, 3], 1), &[1, 2])).await, refused, "a lower number");
    assert_eq!(world.desk.publish(signed(&bundle(&card, [4, 5, 6], 9), &[4, 5])).await, refused, "other roots");
    let mut old = bundle(&card, [1, 2, 3], 3);
    old.not_after = old.not_before + 1;
    assert_eq!(world.desk.publish(signed(&old, &[1, 3])).await, refused, "expired");
    world.restart();
    assert_eq!(world.desk.publish(signed(&bundle(&card, [4, 5, 6], 9), &[4, 5])).await, refused, "kept for ever");
    let three = bundle(&card, [1, 2, 3], 3);
    assert_eq!(world.desk.publish(signed(&three, &[2, 3])).await, Ack::Done);

    let page = get(&world).await.unwrap().bytes().await.unwrap();
    assert_eq!(page.len(), PAGE);
    let served = UntrustedBundle::from_bytes(&page).unwrap().verify_undated(&three.root_hashes().unwrap()).unwrap();
    assert_eq!(served.content(), &three);
}
