//! Writing the server card. Rewritten at each start, since ports may change.
//!
//! Format: `docs/formats/server-card.md`. Nothing in it is secret, and everything in it is in the bundle of every device.

use std::net::SocketAddr;

use kapok_wire::Digest;
use kapok_wire::card::Card;
use kapok_wire::tls::Pin;

use crate::Error;
use crate::data::{DataFolder, write_whole};
use crate::keys::Keys;

/// The log's origin follows from its key, so that it stays when names and addresses change.
pub(crate) fn origin(keys: &Keys) -> String {
    let digest = Digest::of(keys.log.verifying_key().as_bytes()).to_string();
    let short: String = digest.chars().take(16).collect();
    format!("kapok-log/{short}")
}

/// The card of this start.
pub(crate) fn card(
    keys: &Keys,
    pin: Pin,
    name: String,
    addresses: Vec<SocketAddr>,
    desk_addresses: Vec<SocketAddr>,
) -> Result<Card, Error> {
    Ok(Card {
        name,
        addresses,
        desk_addresses,
        tls_root: keys.tls_root.clone(),
        pins: vec![pin],
        token_key: keys.issuer.public_key().map_err(|_| Error::Certificate)?,
        log_origin: origin(keys),
        log_key: keys.log.verifying_key(),
    })
}

/// Leaves the card in the data folder, for the desk to copy.
pub(crate) fn write(card: &Card, folder: &DataFolder) -> Result<(), Error> {
    write_whole(&folder.card(), &card.encode()?, 0o644)
}
