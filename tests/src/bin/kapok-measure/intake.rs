//! Sealed packets into a server, over so many connections, against plain inserts into SQLite.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kapok_wire::answer::Answer;
use kapok_wire::bundle::{UntrustedBundle, VerifiedBundle};
use kapok_wire::enrol::{EnrolAnswer, EnrolRequest};
use kapok_wire::sizes::{OBJECTS_PER_UPLOAD, TEXT_SEALED};
use kapok_wire::tls::{Trust, client_config};
use kapok_wire::token::{Blinding, Token};
use kapok_wire::upload::{Head, encode_body};
use kapok_wire::{Digest, Invite, InviteSecret, Lane, ObjectId, UploadId, rng};
use rusqlite::Connection;
use serde_json::json;

use super::Outcome;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Enrols with `invite`, then sends `count` packets over `connections`, one under way on each.
pub(crate) fn kapok(invite: &str, connections: usize, count: usize) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let took = runtime.block_on(load(invite, connections, count)).map_err(|error| error.to_string())?;
    Ok(json!({ "count": count, "seconds": took.as_secs_f64(), "per_second": count as f64 / took.as_secs_f64() }))
}

async fn load(invite: &str, connections: usize, count: usize) -> Result<Duration, Failure> {
    let invite = Invite::decode(invite)?;
    let origin = format!("https://{}", invite.address);
    let page = get(&client(&Trust::PinOnly(invite.pin))?, &format!("{origin}/v1/bundle")).await?;
    let bundle = UntrustedBundle::from_bytes(&page)?.verify_undated(&invite.roots)?;
    let trust = bundle.direct_endpoints().next().ok_or("the bundle names no endpoint")?.1;
    let tokens = enrol(&client(&trust)?, &origin, &invite, &bundle).await?;
    let bodies = Arc::new(packets(&tokens, count)?);
    let next = Arc::new(AtomicUsize::new(0));

    let start = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..connections {
        let (client, bodies, next) = (client(&trust)?, bodies.clone(), next.clone());
        let url = format!("{origin}/v1/d");
        workers.push(tokio::spawn(async move {
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let answer = client.post(&url).body(body.clone()).send().await?.bytes().await?;
                if !matches!(Answer::decode(&answer)?, Answer::Accepted(_)) {
                    return Err(Failure::from("the server refused a packet"));
                }
            }
            Ok(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    Ok(start.elapsed())
}

fn client(trust: &Trust) -> Result<reqwest::Client, Failure> {
    let config = client_config(trust, None)?;
    let client = reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().http2_prior_knowledge();
    Ok(client.timeout(Duration::from_secs(30)).build()?)
}

async fn get(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, Failure> {
    Ok(client.get(url).send().await?.bytes().await?.to_vec())
}

async fn enrol(
    client: &reqwest::Client,
    origin: &str,
    invite: &Invite,
    bundle: &VerifiedBundle,
) -> Result<Vec<Token>, Failure> {
    let blinding = Blinding::make()?;
    // EXPOSE: a copy for the one request that carries it.
    let secret = InviteSecret::from_bytes(*invite.secret.expose());
    let request = EnrolRequest { secret, blinded: blinding.elements()? }.encode()?;
    let answer = client.post(format!("{origin}/v1/enrol")).body(request).send().await?.bytes().await?;
    match EnrolAnswer::decode(&answer)? {
        EnrolAnswer::Tokens(evaluation) => Ok(blinding.finish(&evaluation, bundle.issuer())?),
        EnrolAnswer::Refused(problem) => Err(problem.into()),
    }
}

/// Bodies made beforehand: the server is measured, not the sender.
fn packets(tokens: &[Token], count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let per_token = usize::from(OBJECTS_PER_UPLOAD);
    let uploads: Vec<_> = tokens.iter().map(|token| (token, UploadId(rng::bytes()))).collect();
    (0..count)
        .map(|number| {
            let (token, upload) = uploads.get(number / per_token).ok_or("more packets than tokens carry")?;
            let mut sealed = vec![0; TEXT_SEALED];
            rng::fill(&mut sealed);
            let head = Head {
                lane: Lane::Text,
                upload: *upload,
                object: ObjectId(rng::bytes()),
                digest: Digest::of(&sealed),
                token: (*token).clone(),
            };
            Ok(encode_body(&head, &sealed)?)
        })
        .collect()
}

/// Inserts `count` packets, each in a transaction of its own, as durable as the server's.
pub(crate) fn sqlite(file: &Path, count: usize) -> Outcome {
    let db = Connection::open(file)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute("CREATE TABLE packet (id BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT", [])?;
    let mut packets = Vec::with_capacity(count);
    for _ in 0..count {
        let mut sealed = vec![0; TEXT_SEALED];
        rng::fill(&mut sealed);
        packets.push((rng::bytes::<16>(), sealed));
    }
    let mut insert = db.prepare("INSERT INTO packet (id, sealed) VALUES (?1, ?2)")?;
    let start = Instant::now();
    for (id, sealed) in &packets {
        insert.execute(rusqlite::params![id, sealed])?;
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(json!({ "count": count, "seconds": seconds, "per_second": count as f64 / seconds }))
}
