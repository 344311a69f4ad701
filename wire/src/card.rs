//! The server card: the public facts that a server writes down for its desk, which puts them into the bundle.
//!
//! Pretty JSON, since people copy it and look into it, with its members in one order, so that the same facts give the
//! same bytes. It is not signed: the desk believes a card because it was carried over in person. Unknown members are
//! skipped, a higher version is refused. What [`Card::encode`] writes, [`Card::decode`] reads: both make the same
//! checks, so a server cannot leave a card that its desk refuses. Format: `docs/formats/server-card.md`.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use crate::bundle::Log;
use crate::sizes::{CARD_LIST_MAX, CARD_MAX, ORIGIN_MAX, SERVER_NAME_MAX, TLS_ROOT_MAX};
use crate::tls::{Pin, Trust, client_config};
use crate::token::IssuerKey;

const KIND: &str = "kapok-server-card";
const VERSION: u64 = 1;

/// What a desk needs to know about a server. Nothing in it is secret: all of it reaches every device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The name in the certificate by which devices ask for the server: a DNS name or an address.
    pub name: String,
    /// Where devices connect, at least one.
    pub addresses: Vec<SocketAddr>,
    /// Where the desk connects, at least one.
    pub desk_addresses: Vec<SocketAddr>,
    /// Root certificate, DER.
    pub tls_root: Vec<u8>,
    /// Accepted keys of the server, at least one, the current first.
    pub pins: Vec<Pin>,
    /// Public key of the token issuer.
    pub token_key: IssuerKey,
    /// C2SP origin of the log that receipts promise.
    pub log_origin: String,
    /// Key by which receipts are checked.
    pub log_key: VerifyingKey,
}

/// Why a card is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Not JSON of our kind.
    #[error("it is no server card")]
    NotACard,
    /// Written by a later version.
    #[error("it is of a newer version; update this program")]
    Newer,
    /// More than a card can need.
    #[error("it is too long")]
    TooLong,
    /// A member that makes no sense.
    #[error("its {0} is missing, damaged or too long")]
    BadField(&'static str),
}

/// Read first: a later version may have any other members.
#[derive(Deserialize)]
struct Head {
    kind: String,
    version: u64,
}

/// The JSON, in the order in which it is written. Binary values are in base64.
#[derive(Serialize, Deserialize)]
struct Raw {
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

impl Card {
    /// The bytes of the file.
    ///
    /// # Errors
    /// [`CardError`] for what [`Self::decode`] would refuse.
    pub fn encode(&self) -> Result<Vec<u8>, CardError> {
        self.check()?;
        let raw = Raw {
            kind: KIND.to_owned(),
            version: VERSION,
            name: self.name.clone(),
            addresses: self.addresses.clone(),
            desk_addresses: self.desk_addresses.clone(),
            tls_root: STANDARD.encode(&self.tls_root),
            pins: self.pins.iter().map(|pin| STANDARD.encode(pin.0)).collect(),
            token_key: STANDARD.encode(self.token_key.0),
            log: self.log(),
        };
        let mut json = serde_json::to_vec_pretty(&raw).expect("plain strings always serialise");
        json.push(b'\n');
        if json.len() > CARD_MAX { Err(CardError::TooLong) } else { Ok(json) }
    }

    /// Reads a card and checks all of it.
    ///
    /// # Errors
    /// [`CardError`] with what is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > CARD_MAX {
            return Err(CardError::TooLong);
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| CardError::NotACard)?;
        if head.kind != KIND || head.version == 0 {
            return Err(CardError::NotACard);
        }
        if head.version > VERSION {
            return Err(CardError::Newer);
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(|_| CardError::NotACard)?;
        let log_key = b64(&raw.log.key).and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let card = Self {
            name: raw.name,
            addresses: raw.addresses,
            desk_addresses: raw.desk_addresses,
            tls_root: STANDARD.decode(&raw.tls_root).map_err(|_| CardError::BadField("tls_root"))?,
            pins: raw
                .pins
                .iter()
                .map(|pin| b64(pin).map(Pin))
                .collect::<Option<_>>()
                .ok_or(CardError::BadField("pins"))?,
            token_key: b64(&raw.token_key).map(IssuerKey).ok_or(CardError::BadField("token_key"))?,
            log_origin: raw.log.origin,
            log_key: log_key.ok_or(CardError::BadField("log"))?,
        };
        card.check()?;
        Ok(card)
    }

    /// Whom to accept on both ports.
    #[must_use]
    pub fn trust(&self) -> Trust {
        Trust::RootAndPins { root: self.tls_root.clone(), pins: self.pins.clone() }
    }

    /// Who signs receipts, as the bundle says it.
    #[must_use]
    pub fn log(&self) -> Log {
        Log { origin: self.log_origin.clone(), key: STANDARD.encode(self.log_key.as_bytes()) }
    }

    fn check(&self) -> Result<(), CardError> {
        let list = |len: usize| (1..=CARD_LIST_MAX).contains(&len);
        let checks = [
            ("name", (1..=SERVER_NAME_MAX).contains(&self.name.len())),
            ("addresses", list(self.addresses.len())),
            ("desk_addresses", list(self.desk_addresses.len())),
            ("pins", list(self.pins.len())),
            ("log", (1..=ORIGIN_MAX).contains(&self.log_origin.len())),
            // Last, since it parses: the pins are not empty here, so what fails is the certificate.
            ("tls_root", self.tls_root.len() <= TLS_ROOT_MAX && client_config(&self.trust(), None).is_ok()),
        ];
        match checks.into_iter().find(|(_, good)| !good) {
            Some((field, _)) => Err(CardError::BadField(field)),
            None => Ok(()),
        }
    }
}

fn b64(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
