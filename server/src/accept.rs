//! The accept loop: handshake, one HTTP/2 connection a task, limits, and an end that waits for what is under way.
//!
//! axum's own `serve` was rejected: it has no TLS, no limits and no idle time-out. The peer's address serves to count
//! its connections while they last ([`Peers`]); no handler, file or log gets it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use axum::http::header::ALLOW;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kapok_wire::tls::{Pin, pin_of};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_service::Service as _;

use crate::limits::{
    CONNECTION_WINDOW, CONNECTIONS, FINISH, HANDSHAKE, HEADERS, IDLE, PENDING_RESETS, PING, STREAM_WINDOW, STREAMS,
};
use crate::peers::Peers;

/// Makes the configuration of the next handshake, off the async threads; `None` refuses the connection.
pub(crate) type Handshake = Arc<dyn Fn() -> Option<Arc<ServerConfig>> + Send + Sync>;

/// Serves `router` on `listener` until `stop` says so, and then ends within [`FINISH`].
pub(crate) async fn serve(
    listener: TcpListener,
    handshake: Handshake,
    router: Router,
    peers: Peers,
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            next = next => next,
        };
        let Ok((stream, address)) = accepted else {
            // Out of descriptors, most likely: wait for connections to end instead of spinning.
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        // Dropping the stream refuses it: an address with so many connections gets no more, but others do.
        let Some(peer) = peers.enter(address.ip()) else { continue };
        let (handshake, router, stop) = (Arc::clone(&handshake), router.clone(), stop.clone());
        connections.spawn(async move {
            let _places = (permit, peer);
            if let Some((stream, key)) = shake(stream, handshake).await {
                converse(stream, key, router, stop).await;
            }
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // What does not end in time is cut; the JoinSet aborts its tasks when dropped.
    let _ = timeout(FINISH, ended).await;
}

/// TLS, and the client's key if it showed one. Failures are silent: they are either scans or a device that will say
/// itself what is wrong.
async fn shake(stream: TcpStream, handshake: Handshake) -> Option<(TlsStream<TcpStream>, Option<Pin>)> {
    let _ = stream.set_nodelay(true);
    let config = tokio::task::spawn_blocking(move || handshake()).await.ok()??;
    let stream = timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await.ok()?.ok()?;
    let (_, session) = stream.get_ref();
    // rustls refuses another protocol but lets a client pass that names none.
    if session.alpn_protocol() != Some(b"h2") {
        return None;
    }
    let key = session.peer_certificates().and_then(|chain| pin_of(chain.first()?));
    Some((stream, key))
}

/// Requests under way and ever begun, to tell an idle connection.
#[derive(Default)]
struct Activity {
    open: AtomicUsize,
    begun: AtomicUsize,
}

struct Request(Arc<Activity>);

impl Request {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.open.fetch_add(1, Ordering::Relaxed);
        activity.begun.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns when between two looks nothing was under way and nothing began.
async fn idle(activity: &Activity) {
    let mut seen = activity.begun.load(Ordering::Relaxed);
    loop {
        sleep(IDLE).await;
        let begun = activity.begun.load(Ordering::Relaxed);
        if begun == seen && activity.open.load(Ordering::Relaxed) == 0 {
            return;
        }
        seen = begun;
    }
}

async fn converse(stream: TlsStream<TcpStream>, key: Option<Pin>, router: Router, mut stop: watch::Receiver<bool>) {
    let activity = Arc::new(Activity::default());
    let service = {
        let activity = Arc::clone(&activity);
        service_fn(move |request| answer(router.clone(), Request::begin(&activity), key, request))
    };
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_header_list_size(HEADERS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
        () = idle(&activity) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(FINISH, connection).await;
}

fn answer(
    mut router: Router,
    under_way: Request,
    key: Option<Pin>,
    mut request: hyper::Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> {
    if let Some(key) = key {
        request.extensions_mut().insert(key);
    }
    async move {
        let mut response = router.call(request).await;
        // axum says which methods a path has; a refusal shall look the same everywhere.
        if let Ok(response) = &mut response {
            response.headers_mut().remove(ALLOW);
        }
        drop(under_way);
        response
    }
}
