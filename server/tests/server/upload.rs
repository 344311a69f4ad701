//! Uploads: stored once, answered alike.

use std::time::Duration;

use kapok_wire::answer::Answer;
use kapok_wire::sizes::{ANSWER, TEXT_BODY};
use kapok_wire::token::{Blinding, Issuer, Token};
use kapok_wire::{Lane, Problem, UploadId, rng};

use crate::support::{Device, Object, World, binary, start_with};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_stored_once_and_a_retry_gets_the_same_bytes() {
    let world = World::new().await;
    let mut objects = Vec::new();
    for (lane, token) in [Lane::Text, Lane::Media].into_iter().zip(&world.tokens) {
        let object = Object::make(lane, token, UploadId(rng::bytes()));
        let first = world.device.post(object.body()).await.unwrap();
        assert!(world.device.receipt(&object, &first).is_ok());
        for _ in 0..3 {
            assert_eq!(world.device.post(object.body()).await.unwrap(), first);
        }
        objects.push(object);
    }
    let stored = world.desk.pull().await;
    assert_eq!(stored.len(), 2);
    assert!(objects.iter().all(|object| object.count_in(&stored) == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_copies_at_once_are_one_object_and_one_answer() {
    let world = World::new().await;
    let object = Object::packet(&world.tokens[0]);
    let copies: Vec<_> = (0..20)
        .map(|_| {
            let (device, body) = (Device::new(&world.server.card), object.body());
            tokio::spawn(async move { device.post(body).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for copy in copies {
        answers.push(copy.await.unwrap());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(world.desk.pull().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_leaves_before_the_answer_has_stored_its_object_once() {
    // The floor holds the answer back, so the client is surely gone before it.
    let dir = tempfile::tempdir().unwrap();
    let mut command = binary(&dir.path().join("data"));
    command.args(["--answer-floor-ms", "700"]);
    let world = World::around(dir, start_with(command)).await;
    let object = Object::packet(&world.tokens[0]);
    for _ in 0..2 {
        // A client of its own, so that dropping it closes the connection.
        let hasty = Device::new(&world.server.card);
        let gone = tokio::time::timeout(Duration::from_millis(300), hasty.post(object.body())).await;
        assert!(gone.is_err(), "the client did not see an answer");
    }
    assert_eq!(object.count_in(&world.desk.pull().await), 1);
    assert!(world.device.upload(&object).await.is_ok());
    let stored = world.desk.pull().await;
    assert_eq!((stored.len(), object.count_in(&stored)), (1, 1));
    let again = Object {
        head: kapok_wire::upload::Head { object: kapok_wire::ObjectId(rng::bytes()), ..object.head.clone() },
        ..object
    };
    assert!(world.device.upload(&again).await.is_ok());
    assert_eq!(world.desk.pull().await.len(), 2, "control: a new id on the retry makes a second object");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_refused_gets_the_same_status_and_length() {
    let world = World::new().await;
    let good = Object::packet(&world.tokens[0]);
    let body = good.body();
    let mut random = vec![0; TEXT_BODY];
    rng::fill(&mut random);
    let mut wrong_digest = body.clone();
    wrong_digest[TEXT_BODY - 1] ^= 1;
    let forged = Object::packet(&Token { output: [7; 64], ..world.tokens[1].clone() });
    let blinding = Blinding::make().unwrap();
    let other_issuer = Issuer::derive(&[3; 32]).unwrap();
    let evaluation = other_issuer.evaluate(&blinding.elements().unwrap()).unwrap();
    let foreign = blinding.finish(&evaluation, &other_issuer.public_key().unwrap()).unwrap();
    let table: [(&str, Vec<u8>, Problem); 9] = [
        ("oversized", [body.as_slice(), &[0]].concat(), Problem::Malformed),
        ("far oversized", vec![0; 2_000_000], Problem::Malformed),
        ("truncated", body[..TEXT_BODY - 1].to_vec(), Problem::Malformed),
        ("empty", Vec::new(), Problem::Malformed),
        ("random", random, Problem::Malformed),
        ("the other lane's length", [body.as_slice(), &[0; 49_152]].concat(), Problem::Malformed),
        ("wrong digest", wrong_digest, Problem::Malformed),
        ("forged token", forged.body(), Problem::TokenInvalid),
        ("token of another issuer", Object::packet(&foreign[0]).body(), Problem::TokenInvalid),
    ];
    for (name, body, problem) in table {
        // `post` checks status and length.
        let answer = world.device.post(body).await.unwrap();
        assert_eq!(Answer::decode(&answer), Ok(Answer::Refused(problem)), "{name}");
    }
    for (method, path) in
        [("GET", "/v1/d"), ("PUT", "/v1/d"), ("POST", "/v1/q"), ("GET", "/"), ("GET", "/v1/q?after=0")]
    {
        let request = world.device.http.request(method.parse().unwrap(), format!("{}{path}", world.device.url));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{method} {path}");
        assert_eq!(response.bytes().await.unwrap().len(), ANSWER, "{method} {path}");
    }
    assert!(world.desk.pull().await.is_empty());
    assert!(world.device.upload(&good).await.is_ok(), "control: the good body is accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_duplicate_and_refused_have_the_same_headers() {
    let world = World::new().await;
    let object = Object::packet(&world.tokens[0]);
    let mut headers = Vec::new();
    for body in [object.body(), object.body(), vec![0; TEXT_BODY], vec![0; 5]] {
        let response = world.device.http.post(format!("{}/v1/d", world.device.url)).body(body).send().await.unwrap();
        headers.push(response.headers().clone());
    }
    for (method, path) in
        [("GET", "/v1/d"), ("DELETE", "/v1/bundle"), ("GET", "/"), ("POST", "/v2/d"), ("GET", "/v1/bundle")]
    {
        let request = world.device.http.request(method.parse().unwrap(), format!("{}{path}", world.device.url));
        headers.push(request.send().await.unwrap().headers().clone());
    }
    assert!(headers.windows(2).all(|pair| pair[0] == pair[1]), "{headers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_one_upload_of_sixty_four_objects() {
    let world = World::new().await;
    let (token, upload) = (&world.tokens[0], UploadId([1; 16]));
    let objects: Vec<_> = (0..65).map(|_| Object::make(Lane::Text, token, upload)).collect();
    for object in &objects[..64] {
        assert!(world.device.upload(object).await.is_ok());
        // A retry does not count.
        assert!(world.device.upload(object).await.is_ok());
    }
    assert_eq!(world.device.upload(&objects[64]).await, Err(Problem::UploadFull));
    let other = Object::make(Lane::Text, token, UploadId([2; 16]));
    assert_eq!(world.device.upload(&other).await, Err(Problem::TokenSpent));
    let mut taken = Object::packet(&world.tokens[1]);
    taken.head.object = objects[0].head.object;
    assert_eq!(world.device.upload(&taken).await, Err(Problem::IdTaken));
    assert_eq!(world.desk.pull().await.len(), 64);
    let next = Object::make(Lane::Text, &world.tokens[1], UploadId([2; 16]));
    assert!(world.device.upload(&next).await.is_ok(), "control: the next token does, also after a refusal");
}
