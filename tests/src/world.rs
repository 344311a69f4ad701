//! An organisation whose server and desk run here, and devices that reach it over a [`Proxy`].

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kapok_core::wire::Invite;
use kapok_core::{
    Captive, Clock as _, Device, Facts, Metered, NetworkLabel, NoDeviceKey, Panic, Roaming, Seen, SyncEnd, SyncOptions,
    SyncReport, SystemClock, Time, Timeouts, Transport, UserHold,
};
use kapok_desk::{Folder, InitRequest, Link, make_invite, pull_all};
use kapok_server::{Config, Server, client_keys};
use tempfile::TempDir;

use crate::proxy::Proxy;
use crate::story;

/// Opens the desk's key files.
pub const DESK_PASSPHRASE: &[u8] = b"five invented words for a desk";
/// Cheap, since these keys guard nothing.
const WORK_FACTOR: u8 = 4;

/// Everything but the devices.
pub struct World {
    folder: TempDir,
    /// The line between devices and server.
    pub proxy: Proxy,
    server: Option<Server>,
    ports: (SocketAddr, SocketAddr),
    /// The desk's folder.
    pub desk: Folder,
}

impl World {
    /// Starts everything in this process, with a published bundle.
    ///
    /// # Panics
    /// If something does not start.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let proxy = Proxy::start().await;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start(config(&folder.path().join("server"), (any, any), proxy.address())).await.unwrap();
        let card = std::fs::read(server.card_path()).unwrap();
        let ports = (server.listen(), server.desk_listen());
        proxy.lead_to(Some(ports.0));
        let desk = organise(&folder.path().join("desk"), &folder.path().join("server"), &card).await;
        Self { folder, proxy, server: Some(server), ports, desk }
    }

    /// The server's data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// The folder that holds everything.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Where the server's two ports are.
    #[must_use]
    pub fn ports(&self) -> (SocketAddr, SocketAddr) {
        self.ports
    }

    /// Stops the server in good order; devices reach nobody.
    ///
    /// # Panics
    /// If it does not stop.
    pub async fn stop(&mut self) {
        self.proxy.lead_to(None);
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Starts it again: the same folder, the same ports.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart(&mut self) {
        self.stop().await;
        let end = Instant::now() + Duration::from_secs(10);
        self.server = loop {
            match Server::start(config(&self.data(), self.ports, self.proxy.address())).await {
                // Requests whose line was cut hold the folder until they have ended.
                Err(kapok_server::Error::InUse(_)) if Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                started => break Some(started.unwrap()),
            }
        };
        self.proxy.lead_to(Some(self.ports.0));
    }

    /// A connection of the desk.
    ///
    /// # Panics
    /// If the desk's folder is damaged.
    #[must_use]
    pub fn link(&self) -> Link {
        link(&self.desk)
    }

    /// A fresh invite.
    ///
    /// # Panics
    /// If the server does not take it.
    pub async fn invite(&self) -> Invite {
        invite(&self.desk).await
    }

    /// A new device, enrolled, unlocked.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn device(&self, folder: &Path, slots: u32) -> Device {
        let device =
            Device::create(folder, &story::passphrase(), Arc::new(NoDeviceKey), story::options(slots)).unwrap();
        self.enrol(&device).await;
        device
    }

    /// Another batch of tokens.
    ///
    /// # Panics
    /// If it is not given.
    pub async fn enrol(&self, device: &Device) {
        let report = device.enrol(&self.invite().await, &facts(), &sync_options(), now()).await.unwrap();
        assert_eq!(report.end, SyncEnd::Done);
    }

    /// Everything that the server has, into the desk's inbox.
    ///
    /// # Panics
    /// If it cannot be pulled.
    pub async fn pull(&self) {
        let inbox = self.desk.inbox();
        pull_all(&self.link(), &inbox, false, |_| {}).await.unwrap();
    }
}

fn config(data: &Path, ports: (SocketAddr, SocketAddr), public: SocketAddr) -> Config {
    let mut config = Config::new(data);
    (config.listen, config.desk_listen) = ports;
    config.public = vec![public];
    config.answer_floor = Duration::ZERO;
    config
}

/// A desk with all keys, registered at the server whose data lie in `data`, and its bundle published.
///
/// # Panics
/// If something refuses.
pub async fn organise(folder: &Path, data: &Path, card: &[u8]) -> Folder {
    let request = InitRequest {
        card,
        organisation: "Example Monitors",
        valid_days: 30,
        passphrase: DESK_PASSPHRASE,
        work_factor: WORK_FACTOR,
        now: now().0,
    };
    let (desk, _) = kapok_desk::init(folder, &request).unwrap();
    client_keys::add(data, desk.fingerprint().unwrap()).unwrap();
    link(&desk).publish(desk.bundle().unwrap().note()).await.unwrap();
    desk
}

/// A connection of a desk.
///
/// # Panics
/// If its folder is damaged.
#[must_use]
pub fn link(desk: &Folder) -> Link {
    Link::new(&desk.card().unwrap(), desk.client_identity().unwrap()).unwrap()
}

/// A fresh invite, registered.
///
/// # Panics
/// If the server does not take it.
pub async fn invite(desk: &Folder) -> Invite {
    let (text, registration) = make_invite(desk, 24, now().0).unwrap();
    link(desk).register(registration).await.unwrap();
    Invite::decode(&text).unwrap()
}

/// The device of `folder`, locked.
///
/// # Panics
/// If it does not open.
#[must_use]
pub fn reopened(folder: &Path) -> Device {
    Device::open(folder, Arc::new(NoDeviceKey)).unwrap()
}

/// The device of `folder`, unlocked.
///
/// # Panics
/// If it does not open.
#[must_use]
pub fn unlocked(folder: &Path) -> Device {
    let device = reopened(folder);
    device.unlock(&story::passphrase(), &SystemClock).unwrap();
    device
}

/// The time of this machine.
#[must_use]
pub fn now() -> Time {
    SystemClock.now()
}

/// A cable at home: everything may leave.
#[must_use]
pub fn facts() -> Facts {
    Facts {
        transport: Transport::Ethernet,
        metered: Metered::No,
        roaming: Roaming::No,
        captive: Captive::No,
        label: NetworkLabel::Home,
        intercepted: Seen::Never,
        filtered: Seen::Never,
        user_hold: UserHold::Released,
        panic: Panic::Off,
        ..Facts::unknown()
    }
}

/// Short patience, one network.
#[must_use]
pub fn sync_options() -> SyncOptions {
    SyncOptions {
        network: b"fictional cable".to_vec(),
        confirmed: BTreeSet::new(),
        timeouts: Timeouts { connect: Duration::from_secs(10), whole: Duration::from_secs(20) },
        ..SyncOptions::default()
    }
}

/// One sync, at most `max` objects.
///
/// # Panics
/// If the device itself fails; trouble on the line is in the report.
pub async fn sync(device: &Device, max: u32) -> SyncReport {
    let options = SyncOptions { max_objects: max, ..sync_options() };
    device.sync(&facts(), &options, &SystemClock, &mut |_| {}).await.unwrap()
}

/// Syncs until nothing waits.
///
/// # Panics
/// If something still waits after a few times.
pub async fn sync_all(device: &Device) {
    for _ in 0..5 {
        let report = sync(device, u32::MAX).await;
        if report.end == SyncEnd::Done && report.waiting == 0 {
            return;
        }
    }
    panic!("not sent: {:?}", device.outbox().unwrap());
}
