//! The organisation this device is enrolled with, as a host shows it and finds a way to it. Works while locked.

use std::net::SocketAddr;

use super::Device;
use crate::error::Result;
use crate::time::Time;

/// What a host may know about the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationView {
    /// Its name, as its bundle gives it.
    pub name: String,
    /// Addresses of its server: a host looks for a route to them before it says that there is a network.
    pub addresses: Vec<SocketAddr>,
    /// Its settings are past their date.
    pub expired: bool,
}

impl Device {
    /// The organisation in force; `None` before enrolment.
    ///
    /// # Errors
    /// Damage of the queue file.
    pub fn organisation(&self, now: Time) -> Result<Option<OrganisationView>> {
        let view = self.outbox.bundle()?.map(|bundle| OrganisationView {
            name: bundle.content().organisation.clone(),
            addresses: bundle.direct_endpoints().flat_map(|(endpoint, _)| endpoint.addresses.clone()).collect(),
            expired: bundle.is_expired(now.0),
        });
        Ok(view)
    }
}
