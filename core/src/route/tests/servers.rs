//! Servers for one test: a real one over TLS and HTTP/2, and a raw one that speaks from a script. Both count what
//! they were told after the handshake.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use kapok_wire::sizes::{ANSWER, PAGE};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::pki::Leaf;

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// What a server saw.
#[derive(Default)]
pub(super) struct Seen {
    connections: AtomicUsize,
    /// Bytes of application data: decrypted ones, or TLS records that may carry them.
    content: AtomicUsize,
    requests: Mutex<Vec<Told>>,
    cut: Notify,
}

/// A server that runs until the test ends.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Seen>,
}

impl Server {
    pub(super) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(super) fn content(&self) -> usize {
        self.seen.content.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<Told> {
        self.seen.requests.lock().unwrap().clone()
    }
}

/// How the real server answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reply {
    Good,
    Short,
    Long,
    /// Far too much, without saying how much.
    Flood,
    Status(u16),
    Redirect(SocketAddr),
    Never,
    Cut,
}

/// Version and protocol the real server offers.
pub(super) struct Offer {
    pub(super) version: &'static SupportedProtocolVersion,
    pub(super) protocol: &'static [u8],
}

impl Default for Offer {
    fn default() -> Self {
        Self { version: &rustls::version::TLS13, protocol: b"h2" }
    }
}

/// A real server.
pub(super) async fn real(leaf: Leaf, offer: Offer, reply: Reply) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[offer.version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.certificate], leaf.key)
        .unwrap();
    config.alpn_protocols = vec![offer.protocol.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    serve(move |stream, seen| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let stream = Counted { inner: stream, seen: Arc::clone(&seen) };
            let told = Arc::clone(&seen);
            let router = Router::new().fallback(move |request| handle(request, reply, told));
            let http = auto::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(router);
            tokio::select! {
                _ = http.serve_connection(TokioIo::new(stream), service) => {}
                () = seen.cut.notified() => {}
            }
        }
    })
    .await
}

async fn handle(request: Request, reply: Reply, seen: Arc<Seen>) -> Response {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let told = Told {
        line: format!("{} {}", head.method, head.uri),
        headers: headers.collect(),
        body: to_bytes(body, PAGE).await.unwrap().to_vec(),
    };
    let len = if head.uri.path() == "/v1/d" { ANSWER } else { PAGE };
    seen.requests.lock().unwrap().push(told);
    let answer = |len: usize| Response::new(Body::from(vec![5; len]));
    match reply {
        Reply::Good => answer(len),
        Reply::Short => answer(len - 1),
        Reply::Long => answer(len + 1),
        Reply::Flood => Response::new(Body::from_stream(Body::from(vec![5; 4 << 20]).into_data_stream())),
        Reply::Status(status) => Response::builder().status(status).body(Body::from(vec![5; len])).unwrap(),
        Reply::Redirect(to) => Response::builder()
            .status(307)
            .header("location", format!("https://{to}/v1/d"))
            .body(Body::from(vec![5; len]))
            .unwrap(),
        Reply::Never => std::future::pending().await,
        Reply::Cut => {
            seen.cut.notify_waiters();
            std::future::pending().await
        }
    }
}

/// What the raw server does once it has heard something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    Say(&'static [u8]),
    Silence,
    HangUp,
}

/// A server that knows no TLS.
pub(super) async fn raw(script: Script) -> Server {
    serve(move |mut stream, seen| async move {
        let mut heard = vec![0; 4096];
        let mut len = stream.read(&mut heard).await.unwrap_or(0);
        match script {
            Script::Say(words) => stream.write_all(words).await.unwrap_or(()),
            Script::HangUp => return,
            Script::Silence => {}
        }
        while let Ok(more @ 1..) = stream.read(&mut heard[len..]).await {
            len += more;
            seen.content.store(application_bytes(&heard[..len]), Ordering::SeqCst);
        }
        seen.content.store(application_bytes(&heard[..len]), Ordering::SeqCst);
    })
    .await
}

/// Bytes in TLS records of the type that carries application data, and everything that is no TLS record at all.
pub(super) fn application_bytes(mut heard: &[u8]) -> usize {
    let mut sum = 0;
    while let [kind, _, _, high, low, rest @ ..] = heard {
        let len = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        match kind {
            20..=22 => {}
            23 => sum += len,
            _ => return sum + heard.len(),
        }
        heard = &rest[len..];
    }
    sum
}

/// An address where nobody listens.
pub(super) async fn nobody() -> Server {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    Server { address, seen: Arc::default() }
}

async fn serve<F, W>(work: F) -> Server
where
    F: Fn(TcpStream, Arc<Seen>) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server { address: listener.local_addr().unwrap(), seen: Arc::default() };
    let seen = Arc::clone(&server.seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            seen.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(work(stream, Arc::clone(&seen)));
        }
    });
    server
}

/// Lets a server finish reading what was sent before it is asked what it saw.
pub(super) async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Counts what is read after decryption.
struct Counted<S> {
    inner: S,
    seen: Arc<Seen>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.inner).poll_read(cx, buf);
        self.seen.content.fetch_add(buf.filled().len() - before, Ordering::SeqCst);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
