//! Nobody without a token, an invite or a registered key keeps others from uploading.

use std::time::Duration;

use axum::body::Bytes;
use hyper::Request;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kapok_server::{CONNECTIONS_PER_ADDRESS, ENROLMENTS, STREAMS, UPLOADS};
use kapok_wire::answer::Answer;
use kapok_wire::sizes::{ANSWER, HEAD, MEDIA_BODY, TEXT_BODY};
use kapok_wire::token::{Blinding, Token};
use kapok_wire::{Lane, Problem, UploadId, rng};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::body::Stalled;
use crate::support::{Object, World, tls};

/// What a connection opens: all the streams it may have.
const EACH: usize = STREAMS as usize;
/// With these connections there are more streams than permits for uploads.
const CONNECTIONS: usize = UPLOADS / EACH + 2;

/// A connection from 127.0.0.`host`, or `None` if the server closes it.
async fn connect(world: &World, host: u8, tasks: &mut JoinSet<()>) -> Option<SendRequest<Stalled>> {
    let stream = tls(&world.server.card, host).await?;
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
    tasks.spawn(async move {
        let _ = connection.await;
    });
    Some(sender)
}

/// Streams that send `first` of a body that never ends. Dropping it ends them.
struct Flood {
    _tasks: JoinSet<()>,
    answers: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Flood {
    async fn start(world: &World, path: &str, connections: usize, length: usize, first: Option<Bytes>) -> Self {
        let (mut tasks, (send, answers)) = (JoinSet::new(), mpsc::unbounded_channel());
        for index in 0..connections {
            let host = u8::try_from(10 + index / 60).unwrap();
            let sender = connect(world, host, &mut tasks).await.expect("a connection");
            for _ in 0..EACH {
                let (mut sender, send) = (sender.clone(), send.clone());
                let (url, first) = (format!("{}{path}", world.device.url), first.clone());
                tasks.spawn(async move {
                    // Whoever is refused comes back at once.
                    loop {
                        let request = Request::post(&url).header("content-length", length);
                        let request = request.body(Stalled(first.clone())).unwrap();
                        let Ok(response) = sender.send_request(request).await else { return };
                        assert_eq!(response.status(), 200);
                        let body = axum::body::to_bytes(axum::body::Body::new(response.into_body()), 1 << 20).await;
                        let _ = send.send(body.unwrap().to_vec());
                    }
                });
            }
        }
        Self { _tasks: tasks, answers }
    }

    /// The next `count` answers to uploads, all of which refuse for `problem`.
    async fn refused(&mut self, count: usize, problem: Problem) {
        for got in 0..count {
            let answer = timeout(Duration::from_secs(10), self.answers.recv()).await;
            let answer = answer.unwrap_or_else(|_| panic!("only {got} of {count} answers")).unwrap();
            assert_eq!(answer.len(), ANSWER);
            assert_eq!(Answer::decode(&answer), Ok(Answer::Refused(problem)));
        }
    }

    async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(300), self.answers.recv()).await.is_err()
    }
}

/// An honest upload gets its receipt soon.
pub(crate) async fn uploads(world: &World, token: &Token) {
    let object = Object::packet(token);
    let upload = timeout(Duration::from_secs(2), world.device.upload(&object));
    assert!(upload.await.expect("an answer within two seconds").is_ok());
}

fn media(token: &Token) -> Object {
    Object::make(Lane::Media, token, UploadId(rng::bytes()))
}

fn head_of(object: &Object) -> Bytes {
    object.head.encode().to_vec().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_without_a_good_token_take_no_permit_and_with_one_they_do() {
    let world = World::new().await;
    let mut silent = Flood::start(&world, "/v1/d", CONNECTIONS, MEDIA_BODY, None).await;
    sleep(Duration::from_millis(500)).await;
    uploads(&world, &world.tokens[0]).await;
    assert!(silent.is_silent().await, "control: they still wait with their bodies");
    drop(silent);

    let forged = Token { output: [9; 64], ..world.tokens[1].clone() };
    let mut forgers = Flood::start(&world, "/v1/d", CONNECTIONS, MEDIA_BODY, Some(head_of(&media(&forged)))).await;
    // None of them ever sends more than its head, so it is not read on either.
    forgers.refused(CONNECTIONS * EACH, Problem::TokenInvalid).await;
    uploads(&world, &world.tokens[1]).await;
    forgers.refused(CONNECTIONS * EACH, Problem::TokenInvalid).await;
    drop(forgers);

    let insiders = Some(head_of(&media(&world.tokens[2])));
    let mut insiders = Flood::start(&world, "/v1/d", CONNECTIONS, MEDIA_BODY, insiders).await;
    insiders.refused(CONNECTIONS * EACH - UPLOADS, Problem::Busy).await;
    let refused = world.device.upload(&Object::packet(&world.tokens[3])).await;
    assert_eq!(refused.unwrap_err(), Problem::Busy, "control: with valid tokens the permits are taken");
    drop(insiders);
    sleep(Duration::from_millis(500)).await;
    uploads(&world, &world.tokens[3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_head_is_refused_before_the_rest_comes() {
    let world = World::new().await;
    let good = media(&world.tokens[0]);
    let changed = |at: usize| {
        let mut head = good.head.encode();
        head[at] ^= 1;
        Bytes::from(head.to_vec())
    };
    // Version, lane, reserved bytes; and a good head in front of the other length.
    let bad = [(changed(0), MEDIA_BODY), (changed(1), MEDIA_BODY), (changed(2), MEDIA_BODY)];
    for (head, length) in bad.into_iter().chain([(changed(255), MEDIA_BODY), (head_of(&good), TEXT_BODY)]) {
        let mut flood = Flood::start(&world, "/v1/d", 1, length, Some(head)).await;
        flood.refused(EACH, Problem::Malformed).await;
    }
    for (what, head) in [("a good head", head_of(&good)), ("255 bytes", head_of(&good).slice(..HEAD - 1))] {
        let mut flood = Flood::start(&world, "/v1/d", 1, MEDIA_BODY, Some(head)).await;
        assert!(flood.is_silent().await, "control: {what} waits for more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stalled_enrolments_keep_nobody_from_uploading() {
    let world = World::new().await;
    let flood = Flood::start(&world, "/v1/enrol", ENROLMENTS / EACH + 1, TEXT_BODY, None).await;
    sleep(Duration::from_millis(500)).await;
    uploads(&world, &world.tokens[0]).await;
    let blinding = Blinding::make().unwrap();
    let enrolled = world.device.enrol_with(rng::bytes(), &blinding).await;
    assert_eq!(enrolled.unwrap_err(), Problem::Busy, "control: their own pool is full");
    drop(flood);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(world.device.enrol_with(rng::bytes(), &blinding).await.unwrap_err(), Problem::InviteUnknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_so_many_connections_and_others_still_get_theirs() {
    let world = World::new().await;
    let mut tasks = JoinSet::new();
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_PER_ADDRESS.get() {
        held.push(connect(&world, 9, &mut tasks).await.expect("a connection"));
    }
    assert!(connect(&world, 9, &mut tasks).await.is_none());
    assert!(connect(&world, 8, &mut tasks).await.is_some(), "control: another address");
    uploads(&world, &world.tokens[0]).await;
    drop((held, tasks));
    sleep(Duration::from_millis(500)).await;
    assert!(connect(&world, 9, &mut JoinSet::new()).await.is_some(), "once they left it may come again");
}
