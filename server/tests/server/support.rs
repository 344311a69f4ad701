//! A server process, a device and a desk, all of them plainly made up.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use kapok_server::client_keys;
use kapok_wire::answer::{Ack, Answer, Receipt};
use kapok_wire::card::Card;
use kapok_wire::enrol::{EnrolAnswer, EnrolRequest};
use kapok_wire::pull::{Record, decode_records};
use kapok_wire::registration::InviteRegistration;
use kapok_wire::sizes::ANSWER;
use kapok_wire::tls::{ClientIdentity, Pin, client_config, pin_of};
use kapok_wire::token::{Blinding, IssuerKey, Token};
use kapok_wire::upload::{Head, encode_body};
use kapok_wire::{Digest, Hour, InviteSecret, Lane, ObjectId, Problem, UploadId, rng};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::client::TlsStream;

/// Later than any test runs.
pub(crate) const FAR: Hour = Hour(10_000_000);

/// A `kapok-server` process.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) card: Card,
    /// Its lines until it was ready.
    pub(crate) said: Vec<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn binary(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kapok-server"));
    command.arg("--data").arg(data).args(["--listen", "127.0.0.1:0", "--desk-listen", "127.0.0.1:0"]);
    command
}

/// Starts a server without a floor: only the tests about time need one.
pub(crate) fn start(data: &Path) -> Process {
    let mut command = binary(data);
    command.args(["--answer-floor-ms", "0"]);
    start_with(command)
}

pub(crate) fn start_with(mut command: Command) -> Process {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap) {
        said.push(line);
        if said.last().is_some_and(|line| line.starts_with('{')) {
            break;
        }
    }
    let ready: serde_json::Value = serde_json::from_str(said.last().expect("the ready line")).unwrap();
    let card = std::fs::read(ready["card"].as_str().unwrap()).unwrap();
    Process { child, card: Card::decode(&card).unwrap(), said }
}

/// A connection from 127.0.0.`host` to the device port, or `None` if the server closes it.
pub(crate) async fn tls(card: &Card, host: u8) -> Option<TlsStream<TcpStream>> {
    let config = Arc::new(client_config(&card.trust(), None).unwrap());
    let address = card.addresses[0];
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0))).unwrap();
    let stream = socket.connect(address).await.ok()?;
    tokio_rustls::TlsConnector::from(config).connect(address.ip().into(), stream).await.ok()
}

fn builder(card: &Card, identity: Option<ClientIdentity>) -> reqwest::ClientBuilder {
    let config = client_config(&card.trust(), identity).unwrap();
    reqwest::Client::builder().tls_backend_preconfigured(config).https_only(true).no_proxy()
}

/// A device as the network sees it.
#[derive(Clone)]
pub(crate) struct Device {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    log: (VerifyingKey, String),
    issuer: IssuerKey,
}

impl Device {
    pub(crate) fn new(card: &Card) -> Self {
        Self::with(card, builder(card, None))
    }

    pub(crate) fn disguised(card: &Card, agent: &str, address: std::net::IpAddr) -> Self {
        Self::with(card, builder(card, None).user_agent(agent).local_address(address))
    }

    fn with(card: &Card, builder: reqwest::ClientBuilder) -> Self {
        Self {
            http: builder.build().unwrap(),
            url: format!("https://{}", card.addresses[0]),
            log: (card.log_key, card.log_origin.clone()),
            issuer: card.token_key,
        }
    }

    /// The raw answer to an upload, after checking what holds for every answer.
    pub(crate) async fn post(&self, body: Vec<u8>) -> Result<Vec<u8>, reqwest::Error> {
        let response = self.http.post(format!("{}/v1/d", self.url)).body(body).send().await?;
        assert_eq!(response.status(), 200);
        let bytes = response.bytes().await?.to_vec();
        assert_eq!(bytes.len(), ANSWER);
        Ok(bytes)
    }

    /// Uploads, and verifies the receipt.
    pub(crate) async fn upload(&self, object: &Object) -> Result<Receipt, Problem> {
        let answer = self.post(object.body()).await.expect("an answer");
        self.receipt(object, &answer)
    }

    pub(crate) fn receipt(&self, object: &Object, answer: &[u8]) -> Result<Receipt, Problem> {
        match Answer::decode(answer).unwrap() {
            Answer::Accepted(receipt) => Ok(receipt.verify(&self.log.0, &self.log.1, object.head.digest).unwrap()),
            Answer::Refused(problem) => Err(problem),
        }
    }

    pub(crate) async fn enrol_with(&self, secret: [u8; 32], blinding: &Blinding) -> Result<Vec<Token>, Problem> {
        let secret = InviteSecret::from_bytes(secret);
        let body = EnrolRequest { secret, blinded: blinding.elements().unwrap() }.encode().unwrap();
        let response = self.http.post(format!("{}/v1/enrol", self.url)).body(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        match EnrolAnswer::decode(&response.bytes().await.unwrap()).unwrap() {
            EnrolAnswer::Tokens(evaluation) => Ok(blinding.finish(&evaluation, &self.issuer).unwrap()),
            EnrolAnswer::Refused(problem) => Err(problem),
        }
    }

    /// An invite by `desk`, used.
    pub(crate) async fn enrol(&self, desk: &Desk) -> Vec<Token> {
        let secret = rng::bytes();
        assert_eq!(desk.invite(secret, FAR).await, Ack::Done);
        self.enrol_with(secret, &Blinding::make().unwrap()).await.unwrap()
    }
}

/// The desk's key and its client.
pub(crate) struct Desk {
    key: rcgen::KeyPair,
    certificate: rcgen::Certificate,
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

impl Desk {
    /// A desk with a fresh, unregistered key.
    pub(crate) fn stranger(card: &Card) -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        let (http, url) = Self::connection(&key, &certificate, card);
        Self { key, certificate, http, url }
    }

    fn connection(key: &rcgen::KeyPair, certificate: &rcgen::Certificate, card: &Card) -> (reqwest::Client, String) {
        let identity = ClientIdentity {
            certificate: certificate.der().clone(),
            key: rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        };
        (builder(card, Some(identity)).build().unwrap(), format!("https://{}", card.desk_addresses[0]))
    }

    /// A desk whose key is registered, with the server running.
    pub(crate) fn registered(card: &Card, data: &Path) -> Self {
        let desk = Self::stranger(card);
        client_keys::add(data, desk.pin()).unwrap();
        desk
    }

    /// A new connection, to a server that may have other ports now.
    pub(crate) fn reconnect(&mut self, card: &Card) {
        (self.http, self.url) = Self::connection(&self.key, &self.certificate, card);
    }

    pub(crate) fn pin(&self) -> Pin {
        pin_of(self.certificate.der()).unwrap()
    }

    pub(crate) async fn invite(&self, secret: [u8; 32], expires: Hour) -> Ack {
        let secret_hash = InviteSecret::from_bytes(secret).hash();
        let body = InviteRegistration { secret_hash, expires }.encode();
        let response = self.http.post(format!("{}/v1/invites", self.url)).body(body).send().await.unwrap();
        Ack::decode(&response.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn publish(&self, page: Vec<u8>) -> Ack {
        let response = self.http.put(format!("{}/v1/bundle", self.url)).body(page).send().await.unwrap();
        Ack::decode(&response.bytes().await.unwrap()).unwrap()
    }

    /// Everything the server has.
    pub(crate) async fn pull(&self) -> Vec<Record> {
        let mut all: Vec<Record> = Vec::new();
        loop {
            let after = all.last().map_or(0, |record| record.sequence);
            let response = self.http.get(format!("{}/v1/q?after={after}", self.url)).send().await.unwrap();
            let page = decode_records(&response.bytes().await.unwrap()).unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }
}

/// Something sealed: random bytes, as the server must see it.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) head: Head,
    pub(crate) sealed: Vec<u8>,
}

impl Object {
    pub(crate) fn make(lane: Lane, token: &Token, upload: UploadId) -> Self {
        let mut sealed = vec![0; lane.sealed_len()];
        rng::fill(&mut sealed);
        let digest = Digest::of(&sealed);
        let head = Head { lane, upload, object: ObjectId(rng::bytes()), digest, token: token.clone() };
        Self { head, sealed }
    }

    /// A packet under a token of its own.
    pub(crate) fn packet(token: &Token) -> Self {
        Self::make(Lane::Text, token, UploadId(rng::bytes()))
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        encode_body(&self.head, &self.sealed).unwrap()
    }

    /// How many of `records` are this object, bit by bit.
    pub(crate) fn count_in(&self, records: &[Record]) -> usize {
        records.iter().filter(|r| r.object == self.head.object && r.sealed == self.sealed).count()
    }
}

/// A server, a registered desk and an enrolled device.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) server: Process,
    pub(crate) desk: Desk,
    pub(crate) device: Device,
    pub(crate) tokens: Vec<Token>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = start(&dir.path().join("data"));
        Self::around(dir, server).await
    }

    pub(crate) async fn around(dir: tempfile::TempDir, server: Process) -> Self {
        let desk = Desk::registered(&server.card, &dir.path().join("data"));
        let device = Device::new(&server.card);
        let tokens = device.enrol(&desk).await;
        Self { dir, server, desk, device, tokens }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// SIGKILL, or what `stop` does, and the same folder again.
    pub(crate) fn restart(&mut self) {
        let _ = self.server.child.kill();
        self.server.child.wait().unwrap();
        self.server = start(&self.data());
        self.desk.reconnect(&self.server.card);
        self.device = Device::new(&self.server.card);
    }
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
