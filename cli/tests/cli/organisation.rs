//! A server and a desk in this process, and a line to the server that can be made slow or cut.

use std::io::copy;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kapok_desk::{Folder, InitRequest, Link, make_invite, qr};
use kapok_server::{Config, Server, client_keys};
use tokio::runtime::Runtime;

use crate::device::TestDevice;

/// What the line does with the next connections.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Line {
    Through,
    /// Takes them and says nothing, as a very slow server does.
    Silent,
    /// Ends them at once, as where nobody listens.
    Dead,
}

pub(crate) struct Organisation {
    runtime: Runtime,
    desk: Folder,
    line: Arc<AtomicU8>,
    connections: Arc<AtomicU32>,
    _server: Server,
    _folder: tempfile::TempDir,
}

impl Organisation {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let data = folder.path().join("server");
        let mut config = Config::new(&data);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        (config.listen, config.desk_listen, config.answer_floor) = (any, any, Duration::ZERO);
        config.public = vec![listener.local_addr().unwrap()];
        let server = runtime.block_on(Server::start(config)).unwrap();
        let line = Arc::new(AtomicU8::new(Line::Through as u8));
        let connections = Arc::new(AtomicU32::new(0));
        let (target, state, count) = (server.listen(), line.clone(), connections.clone());
        spawn(move || {
            for device in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                serve(device, target, &state);
            }
        });
        let request = InitRequest {
            card: &std::fs::read(server.card_path()).unwrap(),
            organisation: "Example Monitors",
            valid_days: 30,
            passphrase: b"five invented words for a desk",
            work_factor: 4,
            now: now(),
        };
        let (desk, _) = kapok_desk::init(&folder.path().join("desk"), &request).unwrap();
        client_keys::add(&data, desk.fingerprint().unwrap()).unwrap();
        runtime.block_on(link(&desk).publish(desk.bundle().unwrap().note())).unwrap();
        Self { runtime, desk, line, connections, _server: server, _folder: folder }
    }

    pub(crate) fn set(&self, line: Line) {
        self.line.store(line as u8, Ordering::SeqCst);
    }

    /// How often a device has connected.
    pub(crate) fn connections(&self) -> u32 {
        self.connections.load(Ordering::SeqCst)
    }

    /// A fresh invite as the desk prints it: a QR code, and the text below.
    pub(crate) fn invite(&self) -> (String, String) {
        let (text, registration) = make_invite(&self.desk, 24, now()).unwrap();
        self.runtime.block_on(link(&self.desk).register(registration)).unwrap();
        (format!("{}\n\n{text}\n", qr(&text).unwrap()), text)
    }

    /// A device that is enrolled here.
    pub(crate) fn device(&self) -> TestDevice {
        let device = TestDevice::with_draft();
        device.file("invite.txt", self.invite().0.as_bytes());
        let ran = device.run(&["enrol", "--file", "invite.txt"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        device
    }

    /// A device with a finished report, text and a photo of some chunks.
    pub(crate) fn device_with_report(&self) -> TestDevice {
        let device = self.device();
        let mut photo = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01".to_vec();
        photo.resize(300_000, 7);
        device.file("photo.jpg", &photo);
        assert_eq!(device.run(&["attach", "1", "photo.jpg"]).code, 0);
        assert_eq!(device.run(&["finish", "1"]).code, 0);
        device
    }
}

fn link(desk: &Folder) -> Link {
    Link::new(&desk.card().unwrap(), desk.client_identity().unwrap()).unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn serve(device: TcpStream, target: SocketAddr, line: &Arc<AtomicU8>) {
    match line.load(Ordering::SeqCst) {
        state if state == Line::Through as u8 => {
            let Ok(server) = TcpStream::connect(target) else { return };
            for (mut from, mut to) in [
                (device.try_clone().unwrap(), server.try_clone().unwrap()),
                (server.try_clone().unwrap(), device.try_clone().unwrap()),
            ] {
                spawn(move || {
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
        state if state == Line::Silent as u8 => {
            spawn(move || {
                sleep(Duration::from_secs(120));
                drop(device);
            });
        }
        _ => drop(device),
    }
}
