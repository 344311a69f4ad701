//! The device port: uploads, enrolment, the bundle.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::routing::{get, post};
use kapok_wire::answer::{Answer, UntrustedReceipt};
use kapok_wire::enrol::{EnrolAnswer, EnrolRequest};
use kapok_wire::token::Evaluation;
use kapok_wire::upload::decode_body;
use kapok_wire::{Digest, Hour, Problem};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Shared;
use super::body::Whole;
use super::reply::{ack, hold, reply};
use crate::intake::{Outcome, Upload};
use crate::{bundles, invites};

/// Routes of the device port.
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/d", post(upload))
        .route("/v1/enrol", post(enrol))
        .route("/v1/bundle", get(bundle))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(shared)
}

async fn upload(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let body = shared.upload(request).await;
    // From here on nothing depends on the client's line any more, so the floor counts from here.
    let since = Instant::now();
    let answer = match body {
        Ok(body) => store(&shared, body).await,
        Err(problem) => Err(problem),
    };
    let bytes = answer.unwrap_or_else(Answer::Refused).encode();
    hold(shared.floor, since).await;
    reply(bytes)
}

async fn store(shared: &Arc<Shared>, body: Whole) -> Result<Answer, Problem> {
    let (digest, outcome) = shared.blocking(move |shared| submit(shared, &body)).await?;
    // The writer answers every job; without an answer it is gone, and so will this process be.
    let hour: Hour = outcome.await.unwrap_or(Err(Problem::Storage))?;
    let receipt = UntrustedReceipt::sign(&shared.keys.log, &shared.origin, digest, hour);
    receipt.map(Answer::Accepted).map_err(|_| Problem::Storage)
}

/// Checks form and digest and queues the upload; its token was checked before the body was read. All in one piece off
/// the async threads: once the whole body is here the object is stored, whether the client still listens or not.
fn submit(shared: &Shared, body: &Whole) -> Result<(Digest, oneshot::Receiver<Outcome>), Problem> {
    let head = decode_body(&body.bytes)?.head;
    let digest = head.digest;
    Ok((digest, shared.intake.submit(Upload { head, body: body.bytes.clone() })?))
}

async fn enrol(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let body = shared.enrolment(request).await;
    let since = Instant::now();
    let answer = match body {
        Ok(body) => shared.blocking(move |shared| draw(shared, &body.bytes)).await,
        Err(problem) => Err(problem),
    };
    let bytes = answer.map_or_else(EnrolAnswer::Refused, EnrolAnswer::Tokens).encode();
    hold(shared.floor, since).await;
    reply(bytes)
}

fn draw(shared: &Shared, body: &[u8]) -> Result<Evaluation, Problem> {
    let request = EnrolRequest::decode(body)?;
    // Before the invite is spent: elements that cannot be evaluated shall not cost a person her invite.
    let evaluation = shared.keys.issuer.evaluate(&request.blinded).map_err(|_| Problem::Malformed)?;
    invites::use_once(&shared.db, &request, body, shared.clock.hour())?;
    Ok(evaluation)
}

async fn bundle(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let since = Instant::now();
    let page = shared.blocking(|shared| bundles::serve(&shared.db)).await;
    hold(shared.floor, since).await;
    page.map_or_else(|problem| ack(Err(problem)), reply)
}

/// Every other path and method, so that a probe learns no more here than from a malformed upload.
async fn unknown(State(shared): State<Arc<Shared>>) -> Response<Body> {
    hold(shared.floor, Instant::now()).await;
    reply(Answer::Refused(Problem::Malformed).encode())
}
