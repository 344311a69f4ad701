//! The server card: public facts that the desk puts into a bundle. Rewritten at each start, since ports may change.
//!
//! Format: `docs/design/server.md`. Nothing in it is secret, and everything in it is in the bundle of every device.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_wire::Digest;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::data::{DataFolder, write_whole};
use crate::keys::Keys;

const KIND: &str = "kapok-server-card";
const VERSION: u32 = 1;

/// What a desk needs to know about a server. Binary values are in base64, as in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Always `kapok-server-card`.
    pub kind: String,
    /// 1; a reader refuses a higher one.
    pub version: u32,
    /// The name in the certificate by which devices ask for the server.
    pub name: String,
    /// Where devices connect.
    pub addresses: Vec<SocketAddr>,
    /// Where the desk connects.
    pub desk_addresses: Vec<SocketAddr>,
    /// Root certificate, DER.
    pub tls_root: String,
    /// SHA-256 of the server's public key info.
    pub pins: Vec<String>,
    /// Public key of the token issuer.
    pub token_key: String,
    /// Who signs receipts.
    pub log: CardLog,
}

/// The log that this server's receipts promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardLog {
    /// C2SP origin.
    pub origin: String,
    /// Ed25519 public key.
    pub key: String,
}

/// The log's origin follows from its key, so that it stays when names and addresses change.
pub(crate) fn origin(keys: &Keys) -> String {
    let digest = Digest::of(keys.log.verifying_key().as_bytes()).0;
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("kapok-log/{short}")
}

impl Card {
    pub(crate) fn new(
        keys: &Keys,
        pin: kapok_wire::tls::Pin,
        name: String,
        addresses: Vec<SocketAddr>,
        desk_addresses: Vec<SocketAddr>,
    ) -> Result<Self, Error> {
        let token_key = keys.issuer.public_key().map_err(|_| Error::Certificate)?;
        Ok(Self {
            kind: KIND.to_owned(),
            version: VERSION,
            name,
            addresses,
            desk_addresses,
            tls_root: STANDARD.encode(&keys.tls_root),
            pins: vec![STANDARD.encode(pin.0)],
            token_key: STANDARD.encode(token_key.0),
            log: CardLog { origin: origin(keys), key: STANDARD.encode(keys.log.verifying_key().as_bytes()) },
        })
    }

    pub(crate) fn write(&self, folder: &DataFolder) -> Result<(), Error> {
        let mut json = serde_json::to_vec_pretty(self).expect("plain strings always serialise");
        json.push(b'\n');
        write_whole(&folder.card(), &json, 0o644)
    }
}
