//! Clients that speak HTTP/2 by hand and badly: frames no library would send, and ends no library would make.

use std::time::Duration;

use kapok_wire::sizes::{ANSWER, TEXT_BODY};
use kapok_wire::{Problem, UploadId, rng};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

use kapok_server::{CONNECTIONS_PER_ADDRESS, PENDING_RESETS, STREAMS};

use crate::flood::uploads;
use crate::support::{Device, Object, World, binary, start_with, tls};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of an upload, without compression.
fn headers(length: usize) -> Vec<u8> {
    let length = length.to_string();
    let text = |value: &str| [&[u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
    // :method POST, :scheme https, :path, :authority, content-length.
    [&[0x83, 0x87, 0x04][..], &text("/v1/d"), &[0x01], &text("127.0.0.1"), &[0x0f, 0x0d], &text(&length)].concat()
}

/// A whole upload that announces `length`.
fn upload(stream: u32, length: usize, body: &[u8]) -> Vec<u8> {
    let mut frames = frame(HEADERS, END_HEADERS, stream, &headers(length));
    let (first, rest) = body.split_at(body.len().min(TEXT_BODY));
    if rest.is_empty() {
        frames.extend(frame(DATA, END_STREAM, stream, first));
    } else {
        frames.extend(frame(DATA, 0, stream, first));
        frames.extend(frame(DATA, END_STREAM, stream, rest));
    }
    frames
}

/// A connection after its greeting.
struct Raw {
    from: ReadHalf<TlsStream<TcpStream>>,
    to: WriteHalf<TlsStream<TcpStream>>,
}

impl Raw {
    async fn open(world: &World, host: u8) -> Self {
        let (from, mut to) = tokio::io::split(tls(&world.server.card, host).await.expect("a connection"));
        to.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).await.unwrap();
        Self { from, to }
    }

    /// Kind, stream and content of the next frame of one of `kinds`; `None` at the end or after a second of silence.
    async fn next(&mut self, kinds: &[u8]) -> Option<(u8, u32, Vec<u8>)> {
        loop {
            let mut head = [0; 9];
            timeout(Duration::from_secs(1), self.from.read_exact(&mut head)).await.ok()?.ok()?;
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            self.from.read_exact(&mut payload).await.ok()?;
            if kinds.contains(&head[3]) {
                return Some((head[3], u32::from_be_bytes(head[5..].try_into().unwrap()), payload));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_stop_anywhere_before_a_request_keep_nobody_else_out() {
    let world = World::new().await;
    let address = world.server.card.addresses[0];
    let (mut silent, mut greeted, mut halfway) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..CONNECTIONS_PER_ADDRESS.get() {
        match number % 3 {
            0 => {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
                silent.push(socket.connect(address).await.unwrap());
            }
            1 => greeted.push(tls(&world.server.card, 9).await.unwrap()),
            _ => {
                let mut raw = Raw::open(&world, 9).await;
                let whole = frame(HEADERS, END_HEADERS, 1, &headers(TEXT_BODY));
                raw.to.write_all(&whole[..whole.len() - 5]).await.unwrap();
                halfway.push(raw);
            }
        }
    }
    sleep(Duration::from_millis(300)).await;
    assert!(tls(&world.server.card, 9).await.is_none(), "control: they hold every place of their address");
    uploads(&world, &world.tokens[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_streams_than_allowed_are_refused_and_the_allowed_ones_are_not() {
    let world = World::new().await;
    let mut raw = Raw::open(&world, 9).await;
    let mut refused = Vec::new();
    for number in 0..STREAMS + 3 {
        raw.to.write_all(&frame(HEADERS, END_HEADERS, 2 * number + 1, &headers(TEXT_BODY))).await.unwrap();
    }
    while let Some((_, stream, code)) = raw.next(&[RESET]).await {
        assert_eq!(code, REFUSED_STREAM);
        refused.push(stream);
    }
    assert_eq!(refused, (0..3).map(|extra| 2 * (STREAMS + extra) + 1).collect::<Vec<_>>());
}

/// Kilobytes of memory that the server has.
fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.server.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_are_reset_at_once_cost_no_memory_write_no_log_and_keep_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut command = binary(&dir.path().join("data"));
    command.args(["--answer-floor-ms", "0"]).stderr(std::fs::File::create(&log).unwrap());
    let world = World::around(dir, start_with(command)).await;
    uploads(&world, &world.tokens[0]).await;
    let before = memory(&world);
    let mut sent = 0u32;
    for round in 0..4 {
        let Raw { mut from, mut to } = Raw::open(&world, 9).await;
        // What the server says has to be taken, or the line stops.
        let reader = tokio::spawn(async move { tokio::io::copy(&mut from, &mut tokio::io::sink()).await });
        for number in 0..5_000 {
            let stream = 2 * number + 1;
            let reset = frame(RESET, 0, stream, &8u32.to_be_bytes());
            let both = [frame(HEADERS, END_HEADERS, stream, &headers(TEXT_BODY)), reset].concat();
            if to.write_all(&both).await.is_err() {
                break;
            }
            sent += 1;
            if number == 2_500 {
                // A token of its own: it opens one upload.
                uploads(&world, &world.tokens[1 + round]).await;
            }
        }
        reader.abort();
    }
    uploads(&world, &world.tokens[5]).await;
    assert!(sent > 50, "control: streams were reset, {sent} of them");
    let grown = memory(&world).saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB more after {sent} streams");
    // HTTP/2 warns of such a client, and would write a line for each of its connections.
    assert_eq!(std::fs::read_to_string(log).unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_resets_ends_its_connection_and_a_few_do_not() {
    let world = World::new().await;
    let reset = |number: u32| {
        let stream = 2 * number + 1;
        let reset = frame(RESET, 0, stream, &8u32.to_be_bytes());
        [frame(HEADERS, END_HEADERS, stream, &headers(TEXT_BODY)), reset].concat()
    };
    let waiting = u32::try_from(PENDING_RESETS).unwrap();
    for (count, ends) in [(STREAMS, false), (4 * waiting, true)] {
        let mut raw = Raw::open(&world, 9).await;
        // In one piece, so that the server finds them all at once.
        raw.to.write_all(&(0..count).flat_map(reset).collect::<Vec<_>>()).await.unwrap();
        assert_eq!(raw.next(&[GO_AWAY]).await.is_some(), ends, "{count}");
    }
    uploads(&world, &world.tokens[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_over_the_limit_reach_no_handler_and_endless_ones_end_the_connection() {
    let world = World::new().await;
    let ask = |size: usize| {
        let request = world.device.http.post(format!("{}/v1/d", world.device.url)).header("x-note", "a".repeat(size));
        request.body(vec![0; TEXT_BODY]).send()
    };
    assert!(!ask(5_000).await.is_ok_and(|response| response.status() == 200));
    let fits = ask(2_000).await.unwrap();
    assert_eq!((fits.status().as_u16(), fits.bytes().await.unwrap().len()), (200, ANSWER), "control");

    let mut raw = Raw::open(&world, 9).await;
    let before = memory(&world);
    raw.to.write_all(&frame(HEADERS, 0, 1, &headers(TEXT_BODY))).await.unwrap();
    let mut sent = 0;
    // A literal header of 16 KiB each, for ever.
    let more = [&[0x00, 0x01, b'x', 0x7f, 0x81, 0x7e][..], &[b'a'; 16_000]].concat();
    while sent < 4_096 && raw.to.write_all(&frame(CONTINUATION, 0, 1, &more)).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 4_096, "64 MiB of headers were taken");
    assert!(memory(&world).saturating_sub(before) < 16 << 10);
    uploads(&world, &world.tokens[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_as_long_as_announced_is_not_stored() {
    let world = World::new().await;
    let body = Object::packet(&world.tokens[0]).body();
    let longer = [body.as_slice(), &[0]].concat();
    for (what, sent) in [("shorter", &body[..TEXT_BODY - 1]), ("longer", &longer), ("empty", &[])] {
        let mut raw = Raw::open(&world, 9).await;
        raw.to.write_all(&upload(1, TEXT_BODY, sent)).await.unwrap();
        let (kind, ..) = raw.next(&[HEADERS, RESET]).await.unwrap_or_else(|| panic!("no end of the stream: {what}"));
        if kind == HEADERS {
            assert_eq!(raw.next(&[DATA]).await.unwrap().2.len(), ANSWER, "{what}");
        }
        assert!(world.desk.pull().await.is_empty(), "{what}");
    }
    let mut raw = Raw::open(&world, 9).await;
    raw.to.write_all(&upload(1, TEXT_BODY, &body)).await.unwrap();
    assert_eq!(raw.next(&[DATA]).await.unwrap().2.len(), ANSWER);
    assert_eq!(world.desk.pull().await.len(), 1, "control: the right length is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_stores_nothing_half_and_can_send_all_of_it_again() {
    let world = World::new().await;
    let (whole, half) = (Object::packet(&world.tokens[0]), Object::packet(&world.tokens[1]));
    let mut raw = Raw::open(&world, 9).await;
    let frames = upload(1, TEXT_BODY, &half.body());
    raw.to.write_all(&frames[..frames.len() / 2]).await.unwrap();
    // The end of the line in one direction only: the other stays open until the server has seen it.
    raw.to.shutdown().await.unwrap();
    while raw.next(&[]).await.is_some() {}
    assert!(world.desk.pull().await.is_empty());

    let mut raw = Raw::open(&world, 9).await;
    raw.to.write_all(&upload(1, TEXT_BODY, &whole.body())).await.unwrap();
    raw.to.shutdown().await.unwrap();
    while raw.next(&[]).await.is_some() {}
    // The end may overtake the body inside HTTP/2, so it was stored or it was not. Without a receipt a device sends again.
    assert!(world.device.upload(&whole).await.is_ok() && world.device.upload(&half).await.is_ok());
    let stored = world.desk.pull().await;
    assert_eq!((whole.count_in(&stored), half.count_in(&stored), stored.len()), (1, 1, 2), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_token_sent_at_once_for_eight_uploads_opens_exactly_one() {
    let world = World::new().await;
    let race = |tokens: Vec<kapok_wire::token::Token>| {
        let all: Vec<_> = tokens
            .into_iter()
            .map(|token| {
                let (device, object) = (Device::new(&world.server.card), Object::packet(&token));
                tokio::spawn(async move { device.upload(&object).await.map(|_| ()) })
            })
            .collect();
        async {
            let mut outcomes = Vec::new();
            for one in all {
                outcomes.push(one.await.unwrap());
            }
            outcomes
        }
    };
    for token in &world.tokens[..5] {
        let outcomes = race(vec![token.clone(); 8]).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(Problem::TokenSpent)).count(), 7);
    }
    assert_eq!(world.desk.pull().await.len(), 5);
    let own = race(world.tokens[5..13].to_vec()).await;
    assert!(own.iter().all(Result::is_ok), "control: eight tokens open eight");
    let same = Object::make(kapok_wire::Lane::Text, &world.tokens[0], UploadId(rng::bytes()));
    assert_eq!(world.device.upload(&same).await, Err(Problem::TokenSpent), "later too");
}
