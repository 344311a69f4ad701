//! Reading bodies: a permit to fill memory goes only to those who may store something.
//!
//! An upload shows its token in the first 256 bytes, so these are read and checked first. Taking the permit before
//! the first byte was rejected: whoever opened enough streams and sent nothing kept all permits, and every honest
//! upload was told `Busy`. Enrolment has nothing to show before its body is whole, and the desk showed its key in the
//! handshake; each has a pool of its own, so that neither can be used against uploads.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use hyper::body::Body as _;
use kapok_wire::Problem;
use kapok_wire::sizes::{HEAD, MEDIA_BODY, TEXT_BODY};
use kapok_wire::upload::Head;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::Shared;
use crate::limits::{BODY_TIME, DESK_BODIES, ENROLMENTS, FRAME_TIME, UPLOADS};

/// How many bodies of each kind may be read, and tokens checked, at a time.
pub(super) struct Pools {
    uploads: Arc<Semaphore>,
    enrolments: Arc<Semaphore>,
    desk: Arc<Semaphore>,
    /// As many as there are cores; others wait their turn. Forged tokens must not fill the pool of blocking threads,
    /// which the database needs too.
    checks: Semaphore,
}

impl Pools {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            enrolments: Arc::new(Semaphore::new(ENROLMENTS)),
            desk: Arc::new(Semaphore::new(DESK_BODIES)),
            checks: Semaphore::new(cores),
        }
    }
}

/// A body that is here, with the permit for the memory it takes. Whatever works on it keeps both, so that bodies that
/// wait for a thread count too.
pub(super) struct Whole {
    pub(super) bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

/// A body on its way in.
struct Incoming {
    body: Body,
    length: usize,
    read: Vec<u8>,
}

impl Incoming {
    /// The body, if its announced length is one of `allowed`. Any other is refused before a byte of it is read.
    fn announced(request: Request<Body>, allowed: &[usize]) -> Result<Self, Problem> {
        let announced = request.headers().get(CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let length = announced.filter(|length| allowed.contains(length)).ok_or(Problem::Malformed)?;
        Ok(Self { body: request.into_body(), length, read: Vec::new() })
    }

    /// The next frame; false at the end. Too slow, too long or cut off is `Busy`: nothing is wrong with what the
    /// device has, so the same body may come again.
    async fn next(&mut self, deadline: Instant) -> Result<bool, Problem> {
        let frame = timeout_at(deadline, poll_fn(|context| Pin::new(&mut self.body).poll_frame(context)));
        let Some(frame) = frame.await.map_err(|_| Problem::Busy)? else {
            return Ok(false);
        };
        if let Ok(data) = frame.map_err(|_| Problem::Busy)?.into_data() {
            if data.len() > self.length - self.read.len() {
                return Err(Problem::Busy);
            }
            self.read.extend_from_slice(&data);
        }
        Ok(true)
    }

    /// The first 256 bytes, once they are here.
    async fn head(&mut self, deadline: Instant) -> Result<Head, Problem> {
        while self.read.len() < HEAD {
            if !self.next(deadline).await? {
                return Err(Problem::Busy);
            }
        }
        let head = self.read.get(..HEAD).and_then(Head::decode).ok_or(Problem::Malformed)?;
        if head.lane.body_len() == self.length { Ok(head) } else { Err(Problem::Malformed) }
    }

    /// The whole body, if `pool` has a permit left.
    async fn whole(mut self, pool: &Arc<Semaphore>, deadline: Instant) -> Result<Whole, Problem> {
        let permit = Arc::clone(pool).try_acquire_owned().map_err(|_| Problem::Busy)?;
        self.read.reserve_exact(self.length - self.read.len());
        while self.next(deadline).await? {}
        if self.read.len() != self.length {
            return Err(Problem::Busy);
        }
        Ok(Whole { bytes: self.read.into(), _permit: permit })
    }
}

impl Shared {
    /// An upload whose token is ours. Without one nothing after the head is read and no permit is taken.
    pub(super) async fn upload(self: &Arc<Self>, request: Request<Body>) -> Result<Whole, Problem> {
        let begun = Instant::now();
        let mut incoming = Incoming::announced(request, &[TEXT_BODY, MEDIA_BODY])?;
        let token = incoming.head(begun + FRAME_TIME).await?.token;
        let ours = {
            let _turn = self.pools.checks.acquire().await.map_err(|_| Problem::Busy)?;
            self.blocking(move |shared| Ok(shared.keys.issuer.recognises(&token))).await?
        };
        if !ours {
            return Err(Problem::TokenInvalid);
        }
        incoming.whole(&self.pools.uploads, begun + BODY_TIME).await
    }

    /// An enrolment.
    pub(super) async fn enrolment(&self, request: Request<Body>) -> Result<Whole, Problem> {
        let begun = Instant::now();
        let incoming = Incoming::announced(request, &[TEXT_BODY])?;
        incoming.whole(&self.pools.enrolments, begun + FRAME_TIME).await
    }

    /// A body of the desk, if its announced length is one of `allowed`.
    pub(super) async fn body(&self, request: Request<Body>, allowed: &[usize]) -> Result<Bytes, Problem> {
        let begun = Instant::now();
        let incoming = Incoming::announced(request, allowed)?;
        Ok(incoming.whole(&self.pools.desk, begun + BODY_TIME).await?.bytes)
    }
}
