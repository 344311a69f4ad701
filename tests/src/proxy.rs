//! A line between device and server that is cut at a chosen moment.
//!
//! What goes through is encrypted, but TLS records have a length in front, and bodies and answers have fixed sizes: so
//! the line knows when a request or an answer passes, without a key. Everything else is forwarded unchanged.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kapok_wire::sizes::{ANSWER, TEXT_BODY};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the device has sent more than so many bytes: the request that would go over it never arrives.
    Request {
        /// Encrypted bytes that still pass.
        after: u64,
    },
    /// When the server's answer of this number comes back, counted from one within the connection: it is swallowed.
    Answer {
        /// Which one.
        number: u64,
    },
}

#[derive(Default)]
struct State {
    target: Option<SocketAddr>,
    plan: Option<Cut>,
    cuts: u32,
    connections: u32,
}

/// The line. It ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    hang_up: watch::Sender<u32>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A line that leads nowhere yet.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let (hang_up, heard) = watch::channel(0);
        let task = tokio::spawn(accept(listener, state.clone(), heard));
        Self { address, state, hang_up, task }
    }

    /// Where devices connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to `target` from now on; connections that are open are hung up.
    pub fn lead_to(&self, target: Option<SocketAddr>) {
        lock(&self.state).target = target;
        self.hang_up.send_modify(|times| *times += 1);
    }

    /// Cuts once, on the next connection that gets so far.
    pub fn arm(&self, cut: Option<Cut>) {
        lock(&self.state).plan = cut;
    }

    /// How often it cut.
    #[must_use]
    pub fn cuts(&self) -> u32 {
        lock(&self.state).cuts
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> u32 {
        lock(&self.state).connections
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>, heard: watch::Receiver<u32>) {
    while let Ok((device, _)) = listener.accept().await {
        let target = {
            let mut state = lock(&state);
            state.connections += 1;
            state.target
        };
        // Nowhere to lead to: the device sees a connection that ends at once.
        let Some(target) = target else { continue };
        let (state, mut heard) = (state.clone(), heard.clone());
        heard.mark_unchanged();
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(target).await else { return };
            // Whatever ends first ends both directions: the sockets are dropped with this task.
            tokio::select! {
                () = carry(device, server, &state) => {}
                _ = heard.changed() => {}
            }
        });
    }
}

async fn carry(device: TcpStream, server: TcpStream, state: &Mutex<State>) {
    // Nagle's algorithm on two more sockets would only make the tests slow.
    let _ = (device.set_nodelay(true), server.set_nodelay(true));
    let (device_in, device_out) = device.into_split();
    let (server_in, server_out) = server.into_split();
    let sent = Mutex::new(0);
    tokio::select! {
        () = requests(device_in, server_out, state, &sent) => {}
        () = answers(server_in, device_out, state, &sent) => {}
    }
}

async fn requests(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &Mutex<State>,
    sent: &Mutex<u64>,
) {
    while let Some(record) = read_record(&mut from).await {
        let total = {
            let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            *sent += record.len() as u64;
            *sent
        };
        if fires(state, |cut| matches!(cut, Cut::Request { after } if total > after)) {
            return;
        }
        if to.write_all(&record).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    state: &Mutex<State>,
    sent: &Mutex<u64>,
) {
    let mut seen = 0;
    while let Some(record) = read_record(&mut from).await {
        // The handshake is over and a whole request may have arrived; smaller records are HTTP/2's own talk.
        let asked = *sent.lock().unwrap_or_else(PoisonError::into_inner) >= TEXT_BODY as u64;
        if asked && record.len() >= ANSWER {
            // Several answers may share a record.
            seen += (record.len() / (ANSWER + 16)).max(1) as u64;
        }
        if fires(state, |cut| matches!(cut, Cut::Answer { number } if seen >= number)) {
            return;
        }
        if to.write_all(&record).await.is_err() {
            return;
        }
    }
}

/// Whether the plan is carried out here; only one connection does, once.
fn fires(state: &Mutex<State>, here: impl Fn(Cut) -> bool) -> bool {
    let mut state = lock(state);
    let fires = state.plan.is_some_and(here);
    if fires {
        state.plan = None;
        state.cuts += 1;
    }
    fires
}

/// One TLS record with its head, or `None` at the end.
async fn read_record(from: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut record = vec![0; 5];
    from.read_exact(&mut record).await.ok()?;
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + length, 0);
    from.read_exact(&mut record[5..]).await.ok()?;
    Some(record)
}
