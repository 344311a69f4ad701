//! Starting and stopping: the one place where the parts meet.

use std::fs::File;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use kapok_wire::card::Card;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::accept::{Handshake, serve};
use crate::config::Config;
use crate::data::DataFolder;
use crate::db::Db;
use crate::error::{Error, Port};
use crate::http::{Shared, desk_routes, device_routes};
use crate::intake::{self, Writer};
use crate::keys::Keys;
use crate::limits::DRAIN;
use crate::objects::{Objects, Segments};
use crate::peers::Peers;
use crate::tls::Leaf;
use crate::{card, client_keys, pull};

/// A running server. Stop it with [`Server::stop`]; dropping it leaves its tasks to the runtime, and the data folder
/// stays locked until they end.
#[derive(Debug)]
pub struct Server {
    card: Card,
    card_path: PathBuf,
    listen: SocketAddr,
    desk_listen: SocketAddr,
    pin: kapok_wire::tls::Pin,
    stop: watch::Sender<bool>,
    ports: Vec<JoinHandle<()>>,
    writer: Writer,
}

/// What was prepared before the ports open.
struct Prepared {
    folder: DataFolder,
    lock: Arc<File>,
    keys: Keys,
    db: Db,
    objects: Arc<dyn Objects>,
}

fn prepare(data: &std::path::Path) -> Result<Prepared, Error> {
    let folder = DataFolder::make(data)?;
    let lock = Arc::new(folder.lock()?);
    let keys = Keys::load_or_make(&folder)?;
    let db = Db::open(&folder)?;
    let objects = Arc::new(Segments::open(&folder, &pull::segments(&db)?)?);
    Ok(Prepared { folder, lock, keys, db, objects })
}

async fn bind(address: SocketAddr, port: Port) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |error: std::io::Error| Error::Listen { address, port, kind: error.kind() };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let real = listener.local_addr().map_err(failed)?;
    Ok((listener, real))
}

/// Where devices reach the server.
fn public(config: &Config, listen: SocketAddr) -> Vec<SocketAddr> {
    if config.public.is_empty() {
        return vec![listen];
    }
    let with_port = |address: &SocketAddr| {
        let port = if address.port() == 0 { listen.port() } else { address.port() };
        SocketAddr::new(address.ip(), port)
    };
    config.public.iter().map(with_port).collect()
}

impl Server {
    /// Opens or makes the data folder, and serves when this returns. Needs a multi-threaded tokio runtime.
    ///
    /// # Errors
    /// [`Error`] if the folder is in use, damaged or not writable, or if a port is taken.
    pub async fn start(config: Config) -> Result<Self, Error> {
        if config.public.is_empty() && config.listen.ip().is_unspecified() {
            return Err(Error::NoPublicAddress(config.listen));
        }
        let data = config.data.clone();
        let prepared = tokio::task::spawn_blocking(move || prepare(&data)).await;
        let Prepared { folder, lock, keys, db, objects } = prepared.map_err(|_| Error::Database)??;
        let (device, listen) = bind(config.listen, Port::Device).await?;
        let (desk, desk_listen) = bind(config.desk_listen, Port::Desk).await?;
        let addresses = public(&config, listen);

        // The desk may come in by the same addresses as devices, or by the one it is bound to.
        let reachable = addresses.iter().map(SocketAddr::ip).filter(|_| desk_listen.ip().is_unspecified());
        let mut desk_addresses: Vec<_> = reachable.map(|ip| SocketAddr::new(ip, desk_listen.port())).collect();
        if desk_addresses.is_empty() {
            desk_addresses.push(desk_listen);
        }
        let mut ips: Vec<_> = addresses.iter().chain(&desk_addresses).chain([&listen]).map(SocketAddr::ip).collect();
        ips.retain(|ip| !ip.is_unspecified());
        ips.sort();
        ips.dedup();
        let first = addresses.first().map(|address| address.ip().to_string()).unwrap_or_default();
        let name = config.names.first().cloned().unwrap_or(first);

        let leaf = Leaf::issue(&keys, &config.names, &ips)?;
        let card = card::card(&keys, leaf.pin, name, addresses, desk_addresses)?;
        card::write(&card, &folder)?;
        let card_path = folder.card();
        let started = intake::start(db.clone(), Arc::clone(&objects), config.clock.clone(), Arc::clone(&lock));
        let (intake, writer) = started.map_err(Error::file(&config.data))?;
        let pin = leaf.pin;
        let device_tls = Arc::new(leaf.device_config(&keys)?);
        let shared = Arc::new(Shared::new(db, objects, intake, keys, config.clock, config.answer_floor, lock));
        let device_handshake: Handshake = Arc::new(move || Some(Arc::clone(&device_tls)));
        let desk_handshake: Handshake = {
            let shared = Arc::clone(&shared);
            // Read for each handshake, so that `desk add` works without a restart.
            Arc::new(move || {
                let registered = client_keys::registered(&shared.db).ok()?;
                leaf.desk_config(&shared.keys, registered).ok().map(Arc::new)
            })
        };
        let (stop, stopped) = watch::channel(false);
        let peers = || Peers::new(config.connections_per_address);
        let device_router = device_routes(Arc::clone(&shared));
        let ports = vec![
            tokio::spawn(serve(device, device_handshake, device_router, peers(), stopped.clone())),
            tokio::spawn(serve(desk, desk_handshake, desk_routes(shared), peers(), stopped)),
        ];
        Ok(Self { card, card_path, listen, desk_listen, pin, stop, ports, writer })
    }

    /// Public facts for the desk; they also lie in [`Self::card_path`].
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Where the card was written.
    #[must_use]
    pub fn card_path(&self) -> &std::path::Path {
        &self.card_path
    }

    /// The device port as it was bound.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// The desk port as it was bound.
    #[must_use]
    pub fn desk_listen(&self) -> SocketAddr {
        self.desk_listen
    }

    /// The pin of the server's key.
    #[must_use]
    pub fn pin(&self) -> kapok_wire::tls::Pin {
        self.pin
    }

    /// Returns only if the thread that stores has panicked. The process should then end with an error, so that it is
    /// started afresh instead of telling every device to come back later.
    async fn failed(&self) {
        self.writer.ended().await;
        tracing::error!("The thread that stores uploads has ended; the server must be started again.");
    }

    /// Serves until `end` returns, and stops; or stops by itself when nothing can be stored any more.
    ///
    /// # Errors
    /// [`Error::IntakeEnded`] in the latter case.
    pub async fn run_until(self, end: impl Future<Output = ()>) -> Result<(), Error> {
        let result = tokio::select! {
            () = end => Ok(()),
            () = self.failed() => Err(Error::IntakeEnded),
        };
        self.stop().await;
        result
    }

    /// Stops: takes no more connections, answers what is under way, stores what is queued. Ends within half a minute.
    pub async fn stop(self) {
        // Nobody listening means the ports ended already.
        let _ = self.stop.send(true);
        for port in self.ports {
            let _ = port.await;
        }
        let writer = self.writer;
        let _ = timeout(DRAIN, tokio::task::spawn_blocking(move || writer.stop())).await;
    }
}
