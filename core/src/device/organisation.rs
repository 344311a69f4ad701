//! The organisation this device is enrolled with, as a host shows it and finds a way to it.

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
    /// The organisation of the open vault; while all are locked, that of the queues which are sent from then, with the
    /// addresses of all of them. `None` before enrolment.
    ///
    /// # Errors
    /// Damage of the queue file.
    pub fn organisation(&self, now: Time) -> Result<Option<OrganisationView>> {
        let mut view: Option<OrganisationView> = None;
        for outbox in self.outboxes() {
            let Some(bundle) = outbox.bundle()? else { continue };
            let addresses = bundle.direct_endpoints().flat_map(|(endpoint, _)| endpoint.addresses.clone());
            match &mut view {
                Some(view) => view.addresses.extend(addresses),
                None => {
                    view = Some(OrganisationView {
                        name: bundle.content().organisation.clone(),
                        addresses: addresses.collect(),
                        expired: bundle.is_expired(now.0),
                    });
                }
            }
        }
        Ok(view)
    }
}
