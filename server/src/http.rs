//! The two sets of routes, and what all of them share.
//!
//! No handler learns who asks: the address stays in the accept loop's count, and no header but Content-Length is read. The
//! status is always 200 and what went wrong is inside the body, so refusals look like everything else on the wire.

mod body;
mod desk;
mod device;
mod reply;

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use kapok_wire::Problem;

use crate::config::Clock;
use crate::db::Db;
use crate::intake::Intake;
use crate::keys::Keys;
use crate::objects::Objects;

pub(crate) use desk::routes as desk_routes;
pub(crate) use device::routes as device_routes;

/// What handlers need.
pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) intake: Intake,
    pub(crate) keys: Keys,
    pub(crate) origin: String,
    pub(crate) clock: Clock,
    pub(crate) floor: Duration,
    pools: body::Pools,
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
        Self { db, objects, intake, keys, origin, clock, floor, pools: body::Pools::new(), _lock: lock }
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
