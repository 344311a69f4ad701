//! The right server: what it is told, and what is done with what it says.

use std::net::SocketAddr;

use kapok_wire::bundle::{Endpoint, RootHashes};
use kapok_wire::sizes::{ANSWER, MEDIA_BODY, PAGE, TEXT_BODY};
use kapok_wire::tls::{Pin, Trust};
use kapok_wire::{Hour, Invite, InviteSecret, Lane};

use super::super::{DirectRoute, InviteRoute, Outcome, Route as _, RouteError, RouteId};
use super::pki::Authority;
use super::servers::{Offer, Reply, Server, nobody, real, settle};
use super::{HASTY, NAME, PATIENT, body, route};

async fn ours(name: &str, reply: Reply) -> (DirectRoute, Server) {
    let authority = Authority::make();
    let leaf = authority.leaf(name);
    let pin = leaf.pin;
    let server = real(leaf, Offer::default(), reply).await;
    let timeouts = if matches!(reply, Reply::Never) { HASTY } else { PATIENT };
    (route(&authority, pin, &server, name, timeouts), server)
}

#[tokio::test]
async fn the_right_server_gets_each_body_whole_over_one_connection_and_its_answer_comes_back() {
    let (route, server) = ours(NAME, Reply::Good).await;
    assert_eq!(route.id(), RouteId::Direct);
    assert_eq!(route.post(Lane::Text, body()).await.unwrap(), [5; ANSWER]);
    assert_eq!(route.post(Lane::Media, vec![8; MEDIA_BODY]).await.unwrap(), [5; ANSWER]);
    assert_eq!(route.enrol(vec![9; TEXT_BODY]).await.unwrap(), [5; PAGE]);
    assert_eq!(route.fetch_bundle().await.unwrap(), [5; PAGE]);
    let told = server.requests();
    let lines: Vec<_> = told.iter().map(|told| told.line.replace(NAME, "NAME")).collect();
    assert_eq!(
        lines,
        [
            "POST https://NAME/v1/d",
            "POST https://NAME/v1/d",
            "POST https://NAME/v1/enrol",
            "GET https://NAME/v1/bundle"
        ]
    );
    assert_eq!(told[0].body, body());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_headers_are_the_same_few_for_everybody() {
    let (route, server) = ours(NAME, Reply::Good).await;
    route.post(Lane::Text, body()).await.unwrap();
    route.fetch_bundle().await.unwrap();
    let names = |at: usize| {
        let mut names: Vec<_> = server.requests()[at].headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
        names.sort();
        names
    };
    assert_eq!(names(0), ["accept: */*", "content-length: 16384", "content-type: application/octet-stream"]);
    assert_eq!(names(1), ["accept: */*"]);
}

#[tokio::test]
async fn an_address_literal_serves_as_a_name() {
    let (route, server) = ours("127.0.0.1", Reply::Good).await;
    route.post(Lane::Text, body()).await.unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_of_another_length_or_status_is_the_servers_fault() {
    for reply in [Reply::Short, Reply::Long, Reply::Flood, Reply::Status(204), Reply::Status(404), Reply::Status(503)] {
        let (route, _server) = ours(NAME, reply).await;
        let fault = Err(RouteError::Failed(Outcome::ServerFault));
        assert_eq!(route.post(Lane::Text, body()).await, fault, "{reply:?}");
        assert_eq!(route.fetch_bundle().await.map(|_| [0; ANSWER]), fault, "{reply:?}");
    }
}

#[tokio::test]
async fn a_redirect_by_the_right_server_is_not_followed() {
    let (_, elsewhere) = ours(NAME, Reply::Good).await;
    let (route, server) = ours(NAME, Reply::Redirect(elsewhere.address)).await;
    assert_eq!(route.post(Lane::Text, body()).await, Err(RouteError::Failed(Outcome::ServerFault)));
    settle().await;
    assert_eq!((server.requests().len(), elsewhere.connections()), (1, 0));
}

#[tokio::test]
async fn a_server_that_goes_silent_is_a_timeout_and_a_cut_line_a_cut_and_neither_is_tried_again() {
    for (reply, outcome) in [(Reply::Never, Outcome::Timeout), (Reply::Cut, Outcome::Cut)] {
        let (route, server) = ours(NAME, reply).await;
        assert_eq!(route.post(Lane::Text, body()).await, Err(RouteError::Failed(outcome)));
        settle().await;
        assert_eq!(server.requests().len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_body_of_the_wrong_size_is_refused_before_anything_is_sent() {
    let (route, server) = ours(NAME, Reply::Good).await;
    assert_eq!(route.post(Lane::Text, vec![1; TEXT_BODY - 1]).await, Err(RouteError::WrongSize));
    assert_eq!(route.post(Lane::Media, vec![1; TEXT_BODY]).await, Err(RouteError::WrongSize));
    assert_eq!(route.enrol(vec![1; MEDIA_BODY]).await, Err(RouteError::WrongSize));
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_endpoint_that_would_need_a_lookup_or_has_no_pin_is_refused() {
    let authority = Authority::make();
    let new = |name: &str, addresses: &[&str], pins: Vec<Pin>| {
        let endpoint = Endpoint {
            kind: "direct".to_owned(),
            name: name.to_owned(),
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
            tls_root: String::new(),
            pins: Vec::new(),
        };
        let trust = Trust::RootAndPins { root: authority.root.clone(), pins };
        DirectRoute::new(&endpoint, &trust, PATIENT).map(|_| ())
    };
    let pins = || vec![Pin([1; 32])];
    assert_eq!(new(NAME, &["127.0.0.1:443"], pins()), Ok(()));
    assert_eq!(new("::1", &["[::1]:443"], pins()), Ok(()));
    for (name, addresses, pins) in [
        (NAME, &[] as &[&str], pins()),
        ("127.0.0.1", &["127.0.0.2:443"], pins()),
        ("", &["127.0.0.1:443"], pins()),
        ("someone@kapok.example", &["127.0.0.1:443"], pins()),
        ("kapok.example/path", &["127.0.0.1:443"], pins()),
        (NAME, &["127.0.0.1:443"], Vec::new()),
    ] {
        assert_eq!(new(name, addresses, pins), Err(RouteError::BadEndpoint), "{name}");
    }
}

fn invite(pin: Pin, address: String) -> Invite {
    let secret = InviteSecret::from_bytes([3; 32]);
    Invite { roots: RootHashes([[1; 32], [2; 32], [3; 32]]), pin, secret, expires: Hour(500_000), address }
}

#[tokio::test]
async fn an_invite_fetches_the_bundle_from_the_key_it_names_and_from_no_other() {
    let leaf = Authority::make().leaf("any.example");
    let pin = leaf.pin;
    let server = real(leaf, Offer::default(), Reply::Good).await;
    let page = InviteRoute::new(&invite(pin, server.address.to_string()), PATIENT).unwrap().fetch_bundle().await;
    assert_eq!(page.unwrap(), [5; PAGE]);

    let foreign = Authority::make().leaf("any.example");
    let shown = Some(foreign.pin);
    let server = real(foreign, Offer::default(), Reply::Good).await;
    let other = InviteRoute::new(&invite(pin, server.address.to_string()), PATIENT).unwrap();
    assert_eq!(other.fetch_bundle().await, Err(RouteError::Failed(Outcome::Intercepted { shown })));
    settle().await;
    assert_eq!((server.content(), server.requests().len()), (0, 0));
}

#[tokio::test]
async fn an_invite_to_a_name_is_refused_because_nothing_is_looked_up() {
    let address: SocketAddr = nobody().await.address;
    let named = invite(Pin([1; 32]), format!("localhost:{}", address.port()));
    assert_eq!(InviteRoute::new(&named, PATIENT).map(|_| ()), Err(RouteError::BadEndpoint));
}
