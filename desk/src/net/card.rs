//! The server card: the public facts that `kapok-server` writes down for its desk.
//!
//! The desk believes the card, so it is copied in person or over a channel that the organisation trusts; from it come
//! the pins by which the desk recognises its server. Unknown members are skipped; a newer version is refused.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_wire::bundle::{Endpoint, Log};
use kapok_wire::tls::{Pin, Trust, client_config};
use serde::Deserialize;

use crate::error::Error;

/// Longest card, in bytes: a root certificate and a few keys and addresses.
pub(crate) const CARD_MAX: usize = 64 << 10;
const KIND: &str = "kapok-server-card";
const VERSION: u64 = 1;

/// A checked card.
#[derive(Clone, Debug)]
pub struct ServerCard {
    raw: RawCard,
    root: Vec<u8>,
    pins: Vec<Pin>,
}

#[derive(Clone, Debug, Deserialize)]
struct RawCard {
    kind: String,
    version: u64,
    name: String,
    addresses: Vec<SocketAddr>,
    desk_addresses: Vec<SocketAddr>,
    tls_root: String,
    pins: Vec<String>,
    token_key: String,
    log: Log,
}

impl ServerCard {
    /// Reads a card.
    ///
    /// # Errors
    /// [`Error::Card`] with what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let raw: RawCard = serde_json::from_slice(bytes).map_err(|_| Error::Card("it is no server card"))?;
        if raw.kind != KIND {
            return Err(Error::Card("it is no server card"));
        }
        if raw.version != VERSION {
            return Err(Error::Card("it is of a newer version; update kapok-desk"));
        }
        let root = STANDARD.decode(&raw.tls_root).map_err(|_| Error::Card("its root certificate is damaged"))?;
        let pin = |text: &String| STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).map(Pin);
        let pins: Option<Vec<Pin>> = raw.pins.iter().map(pin).collect();
        let pins = pins.filter(|pins| !pins.is_empty()).ok_or(Error::Card("its pins are damaged"))?;
        if raw.name.is_empty() || raw.addresses.is_empty() {
            return Err(Error::Card("it names no address"));
        }
        let card = Self { raw, root, pins };
        client_config(&card.trust(), None).map_err(|_| Error::Card("its root certificate is damaged"))?;
        Ok(card)
    }

    /// Whom the desk accepts on the desk port.
    #[must_use]
    pub fn trust(&self) -> Trust {
        Trust::RootAndPins { root: self.root.clone(), pins: self.pins.clone() }
    }

    /// The name in the server's certificate.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.raw.name
    }

    /// Where the desk connects.
    #[must_use]
    pub fn desk_addresses(&self) -> &[SocketAddr] {
        &self.raw.desk_addresses
    }

    /// The pin that goes into invites.
    ///
    /// # Errors
    /// [`Error::Card`], which a parsed card never gives.
    pub fn pin(&self) -> Result<Pin, Error> {
        self.pins.first().copied().ok_or(Error::Card("its pins are damaged"))
    }

    /// The address that goes into invites.
    ///
    /// # Errors
    /// [`Error::Card`], which a parsed card never gives.
    pub fn device_address(&self) -> Result<SocketAddr, Error> {
        self.raw.addresses.first().copied().ok_or(Error::Card("it names no address"))
    }

    /// How devices reach the server, as the bundle says it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            kind: "direct".to_owned(),
            name: self.raw.name.clone(),
            addresses: self.raw.addresses.clone(),
            tls_root: self.raw.tls_root.clone(),
            pins: self.raw.pins.clone(),
        }
    }

    /// The token issuer's key, as the bundle says it.
    #[must_use]
    pub fn token_key(&self) -> String {
        self.raw.token_key.clone()
    }

    /// Who signs receipts, as the bundle says it.
    #[must_use]
    pub fn log(&self) -> Log {
        self.raw.log.clone()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// A card that a server could have written; nobody listens there.
    pub(crate) fn card_json() -> serde_json::Value {
        let log = ed25519_dalek::SigningKey::from_bytes(&[4; 32]).verifying_key();
        let issuer = kapok_wire::token::Issuer::derive(&[5; 32]).unwrap().public_key().unwrap();
        json!({
            "kind": KIND, "version": 1, "name": "127.0.0.1",
            "addresses": ["127.0.0.1:8443"], "desk_addresses": ["127.0.0.1:8444"],
            "tls_root": STANDARD.encode(crate::net::identity::make().unwrap().0), "pins": [STANDARD.encode([9; 32])],
            "token_key": STANDARD.encode(issuer.0),
            "log": { "origin": "kapok-log/test", "key": STANDARD.encode(log.as_bytes()) },
            "added_later": true,
        })
    }

    #[test]
    fn a_card_reads_and_a_wrong_one_says_why() {
        let parse = |card: &serde_json::Value| ServerCard::parse(card.to_string().as_bytes());
        let card = parse(&card_json()).unwrap();
        assert_eq!(card.device_address().unwrap().to_string(), "127.0.0.1:8443");
        assert_eq!(card.pin().unwrap(), Pin([9; 32]));
        for (member, value) in [
            ("kind", json!("other")),
            ("version", json!(2)),
            ("pins", json!([])),
            ("pins", json!(["AAAA"])),
            ("tls_root", json!("?")),
            ("tls_root", json!("AAAA")),
            ("addresses", json!([])),
            ("addresses", json!(["nowhere"])),
            ("name", json!("")),
        ] {
            let mut bad = card_json();
            bad[member] = value;
            assert!(matches!(parse(&bad), Err(Error::Card(_))), "{member}");
        }
        assert!(ServerCard::parse(b"\xff").is_err());
    }
}
