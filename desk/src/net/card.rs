//! What the desk does with a server card: whom to connect to, and what goes into bundle and invites.
//!
//! The desk believes the card, so it is copied in person or over a channel that the organisation trusts; from it come
//! the pins by which the desk recognises its server. Format: `docs/formats/server-card.md`.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_wire::bundle::{Endpoint, Log};
use kapok_wire::card::{Card, CardError};
use kapok_wire::tls::{Pin, Trust};

use crate::error::Error;

/// A checked card.
#[derive(Clone, Debug)]
pub struct ServerCard(Card);

impl ServerCard {
    /// Reads a card.
    ///
    /// # Errors
    /// [`Error::Card`] with what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self(Card::decode(bytes)?))
    }

    /// Whom the desk accepts on the desk port.
    #[must_use]
    pub fn trust(&self) -> Trust {
        self.0.trust()
    }

    /// The name in the server's certificate.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where the desk connects, at least one.
    #[must_use]
    pub fn desk_addresses(&self) -> &[SocketAddr] {
        &self.0.desk_addresses
    }

    /// The pin that goes into invites.
    ///
    /// # Errors
    /// [`Error::Card`], which a parsed card never gives.
    pub fn pin(&self) -> Result<Pin, Error> {
        first(&self.0.pins, "pins")
    }

    /// The address that goes into invites.
    ///
    /// # Errors
    /// [`Error::Card`], which a parsed card never gives.
    pub fn device_address(&self) -> Result<SocketAddr, Error> {
        first(&self.0.addresses, "addresses")
    }

    /// How devices reach the server, as the bundle says it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            kind: "direct".to_owned(),
            name: self.0.name.clone(),
            addresses: self.0.addresses.clone(),
            tls_root: STANDARD.encode(&self.0.tls_root),
            pins: self.0.pins.iter().map(|pin| STANDARD.encode(pin.0)).collect(),
        }
    }

    /// The token issuer's key, as the bundle says it.
    #[must_use]
    pub fn token_key(&self) -> String {
        STANDARD.encode(self.0.token_key.0)
    }

    /// Who signs receipts, as the bundle says it.
    #[must_use]
    pub fn log(&self) -> Log {
        self.0.log()
    }
}

fn first<T: Copy>(list: &[T], field: &'static str) -> Result<T, Error> {
    list.first().copied().ok_or(Error::Card(CardError::BadField(field)))
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
            "kind": "kapok-server-card", "version": 1, "name": "127.0.0.1",
            "addresses": ["127.0.0.1:8443"], "desk_addresses": ["127.0.0.1:8444"],
            "tls_root": STANDARD.encode(crate::net::identity::make().unwrap().0), "pins": [STANDARD.encode([9; 32])],
            "token_key": STANDARD.encode(issuer.0),
            "log": { "origin": "kapok-log/test", "key": STANDARD.encode(log.as_bytes()) },
            "added_later": true,
        })
    }

    #[test]
    fn what_the_card_says_goes_into_bundle_and_invites_unchanged() {
        let json = card_json();
        let card = ServerCard::parse(json.to_string().as_bytes()).unwrap();
        assert_eq!(card.device_address().unwrap().to_string(), "127.0.0.1:8443");
        assert_eq!(card.desk_addresses(), ["127.0.0.1:8444".parse().unwrap()]);
        assert_eq!(card.pin().unwrap(), Pin([9; 32]));
        let endpoint = serde_json::to_value(card.endpoint()).unwrap();
        for member in ["name", "addresses", "tls_root", "pins"] {
            assert_eq!(endpoint[member], json[member], "{member}");
        }
        assert_eq!(card.token_key(), json["token_key"]);
        assert_eq!(serde_json::to_value(card.log()).unwrap(), json["log"]);
    }

    #[test]
    fn a_refused_card_says_what_is_wrong_and_what_to_do() {
        let mut bad = card_json();
        bad["pins"] = json!([]);
        let said = ServerCard::parse(bad.to_string().as_bytes()).unwrap_err().to_string();
        assert!(said.contains("its pins") && said.contains("copy server-card.json"), "{said}");
    }
}
