//! What is left on the server after a run: sealed objects, ids and hours. No address, no agent, no header, no path.

use std::path::Path;

use kapok_wire::{Problem, rng};

use crate::support::{Device, Object, World, binary, start_with};

const AGENT: &str = "canary-agent/7.3";
const MARKER: &str = "canary-plaintext-of-a-header";
const ADDRESS: [u8; 4] = [127, 0, 3, 77];

/// Every file under `folder` with its bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    all
}

/// Names of the files that hold one of the marks.
fn found(folder: &Path) -> Vec<String> {
    let text = "127.0.3.77";
    let all = files(folder);
    let holds = |bytes: &[u8], mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    let marked = all.iter().filter(|(name, bytes)| {
        // Four bytes may stand in a megabyte of random objects by chance; text does not.
        (!name.ends_with(".seg") && holds(bytes, &ADDRESS))
            || [AGENT, MARKER, text].iter().any(|mark| holds(bytes, mark.as_bytes()))
    });
    marked.map(|(name, _)| name.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_keeps_no_trace_of_who_sent_what() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut command = binary(&data);
    command.stderr(std::fs::File::create(dir.path().join("log")).unwrap()).env("RUST_LOG", "trace");
    let mut world = World::around(dir, start_with(command)).await;
    let device = Device::disguised(&world.server.card, AGENT, ADDRESS.into());
    for token in &world.tokens[..5] {
        assert!(device.upload(&Object::packet(token)).await.is_ok());
    }
    let spent = Object::packet(&world.tokens[0]);
    assert_eq!(device.upload(&spent).await, Err(Problem::TokenSpent));
    for path in ["/v1/d", "/v1/enrol", "/v1/bundle", "/canary-plaintext-of-a-header"] {
        let request = device.http.post(format!("{}{path}?{MARKER}", device.url)).header("x-note", MARKER);
        request.body(MARKER.repeat(40)).send().await.unwrap();
    }
    // A body of the right length with the marker in clear, refused.
    let mut clear = MARKER.repeat(600).into_bytes();
    clear.truncate(16_384);
    assert_eq!(device.post(clear).await.unwrap()[..3], [1, 0, 1]);
    // Once while it runs, with its write-ahead log, and once after it ended.
    assert_eq!(found(world.dir.path()), [""; 0]);
    world.server.child.kill().unwrap();
    world.server.child.wait().unwrap();
    assert_eq!(found(world.dir.path()), [""; 0]);

    for planted in [AGENT.as_bytes(), MARKER.as_bytes(), &ADDRESS] {
        std::fs::write(data.join("access.log"), [b"planted ", planted].concat()).unwrap();
        assert_eq!(found(world.dir.path()).len(), 1, "control: the scan finds what an access log would hold");
    }
    std::fs::remove_file(data.join("access.log")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_and_no_file_says_which_token_brought_an_object() {
    let world = World::new().await;
    let object = Object::packet(&world.tokens[0]);
    assert!(world.device.upload(&object).await.is_ok());
    let database = rusqlite::Connection::open(world.data().join("kapok.sqlite")).unwrap();
    let columns = |table: &str| -> Vec<String> {
        let mut all = database.prepare("SELECT name FROM pragma_table_info(?)").unwrap();
        all.query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(columns("object"), ["sequence", "object", "digest", "lane", "hour", "segment", "offset"]);
    assert_eq!(columns("token"), ["nonce", "upload", "count"]);
    // The object file is the sealed area and nothing else: not even the head with the token is in it.
    let segment = std::fs::read(world.data().join("objects/00000001.seg")).unwrap();
    assert_eq!(segment, object.sealed);
    assert_ne!(rng::bytes::<16>(), object.head.object.0);
}
