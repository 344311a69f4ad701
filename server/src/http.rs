//! The two sets of routes, and what all of them share.
//!
//! No handler learns who asks: the address stays in the accept loop, and no header but Content-Length is read. The
//! status is always 200 and what went wrong is inside the body, so refusals look like everything else on the wire.

mod desk;
mod device;
mod reply;

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use kapok_wire::Problem;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::config::Clock;
use crate::db::Db;
use crate::intake::Intake;
use crate::keys::Keys;
use crate::objects::Objects;

pub(crate) use desk::routes as desk_routes;
pub(crate) use device::routes as device_routes;

/// Bodies read at a time: 64 MiB of them at most.
const BODIES: usize = 1_024;
/// Longest a body may take. 64 KiB in two minutes is 4.4 kbit/s, less than any network that still carries TLS.
const BODY_TIME: Duration = Duration::from_secs(120);

/// What handlers need.
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) intake: Intake,
    pub(crate) keys: Keys,
    pub(crate) origin: String,
    pub(crate) clock: Clock,
    pub(crate) floor: Duration,
    bodies: Semaphore,
    /// Keeps other servers out of the data folder as long as any request is under way.
    _lock: Arc<File>,
}

impl Shared {
    pub(crate) fn new(
        db: Db,
        objects: Arc<dyn Objects>,
        intake: Intake,
        keys: Keys,
        clock: Clock,
        floor: Duration,
        lock: Arc<File>,
    ) -> Self {
        let origin = crate::card::origin(&keys);
        Self { db, objects, intake, keys, origin, clock, floor, bodies: Semaphore::new(BODIES), _lock: lock }
    }

    /// The body, if its announced length is one of `allowed`. Any other is refused before a byte of it is read.
    async fn body(&self, request: Request<Body>, allowed: &[usize]) -> Result<Bytes, Problem> {
        let announced = request.headers().get(CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let length = announced.filter(|length| allowed.contains(length)).ok_or(Problem::Malformed)?;
        let _permit = self.bodies.try_acquire().map_err(|_| Problem::Busy)?;
        let read = timeout(BODY_TIME, axum::body::to_bytes(request.into_body(), length)).await;
        // Too slow or cut off: nothing is wrong with the body, so the same one may come again.
        let bytes = read.ok().and_then(Result::ok).ok_or(Problem::Busy)?;
        if bytes.len() == length { Ok(bytes) } else { Err(Problem::Busy) }
    }

    /// Runs `work` off the async threads, to its end even if the client leaves.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&shared)).await.unwrap_or_else(|_| {
            tracing::error!("A request's work panicked.");
            Err(Problem::Busy)
        })
    }
}
