//! The way to the first bundle: all that is known yet is an address and a key, from the invite.

use std::net::SocketAddr;

use kapok_wire::Invite;
use kapok_wire::tls::{Trust, client_config};

use super::Route as _;
use super::direct::{DirectRoute, Timeouts};
use super::error::RouteError;

/// Fetches the bundle that an invite points to, and can do nothing else.
///
/// With the invite's pin alone neither name nor dates of the certificate are checked, so this type has no way to send
/// a secret or a report. The bundle that arrives is verified by the root keys, and gives a full [`DirectRoute`].
#[derive(Debug)]
pub struct InviteRoute(DirectRoute);

impl InviteRoute {
    /// The way that `invite` names. Opens no connection.
    ///
    /// # Errors
    /// [`RouteError::BadEndpoint`] if the address is not an IP address with a port: names are never looked up.
    pub fn new(invite: &Invite, timeouts: Timeouts) -> Result<Self, RouteError> {
        let address: SocketAddr = invite.address.parse().map_err(|_| RouteError::BadEndpoint)?;
        let config = client_config(&Trust::PinOnly(invite.pin), None).map_err(|_| RouteError::BadEndpoint)?;
        let name = address.ip().to_string();
        DirectRoute::with_config(&name, &[address], config, timeouts).map(Self)
    }

    /// Brings the page with the bundle, still to be verified against the invite's root hashes.
    ///
    /// # Errors
    /// [`RouteError::Failed`] with what the try showed.
    pub async fn fetch_bundle(&self) -> Result<Vec<u8>, RouteError> {
        self.0.fetch_bundle().await
    }
}
