//! The desk port: pulled objects, invites, publication.
//!
//! The handshake let only registered keys in; each request asks again, so that a removed key is out at once and not
//! only when its connection ends.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{Response, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use kapok_wire::Problem;
use kapok_wire::registration::InviteRegistration;
use kapok_wire::sizes::{ANSWER, PAGE};
use kapok_wire::tls::Pin;

use super::Shared;
use super::reply::{ack, reply};
use crate::{bundles, client_keys, invites, pull};

/// Routes of the desk port. Each connection adds its key as an [`Extension`].
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/q", get(objects))
        .route("/v1/invites", post(invite))
        .route("/v1/bundle", put(bundle))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(from_fn_with_state(Arc::clone(&shared), still_registered))
        .with_state(shared)
}

async fn still_registered(
    State(shared): State<Arc<Shared>>,
    Extension(key): Extension<Pin>,
    request: Request,
    next: middleware::Next,
) -> Response<Body> {
    let registered = shared.blocking(|shared| client_keys::registered(&shared.db).map_err(|_| Problem::Storage)).await;
    match registered {
        Ok(keys) if keys.contains(&key) => Next::run(next, request).await,
        Ok(_) => ack(Err(Problem::Malformed)),
        Err(problem) => ack(Err(problem)),
    }
}

async fn objects(State(shared): State<Arc<Shared>>, uri: Uri) -> Response<Body> {
    let after = match uri.query() {
        None => Some(0),
        Some(query) => query.strip_prefix("after=").and_then(|number| number.parse().ok()),
    };
    let Some(after) = after else {
        return ack(Err(Problem::Malformed));
    };
    let pages = shared.blocking(move |shared| pull::after(&shared.db, &*shared.objects, after)).await;
    pages.map_or_else(|problem| ack(Err(problem)), reply)
}

async fn invite(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let done = async {
        let invite = InviteRegistration::decode(&shared.body(request, &[ANSWER]).await?)?;
        shared.blocking(move |shared| invites::register(&shared.db, &invite, shared.clock.hour())).await
    };
    ack(done.await)
}

async fn bundle(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let done = async {
        let page = shared.body(request, &[PAGE]).await?;
        shared.blocking(move |shared| bundles::publish(&shared.db, &page, shared.clock.seconds())).await
    };
    ack(done.await)
}

async fn unknown() -> Response<Body> {
    ack(Err(Problem::Malformed))
}
