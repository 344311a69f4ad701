//! What the commands that talk about sending share: facts, options, and the one place where a runtime is made.

use std::future::Future;
use std::net::SocketAddr;

use kapok_core::{Device, Facts, OrganisationView, SyncOptions, Transport};

use crate::app::App;
use crate::args::NetworkArgs;
use crate::failure::{Exit, Failure};
use crate::{facts, route_table};

/// Facts and options for the way to the organisation's server.
pub(crate) struct Connection {
    pub(crate) organisation: Option<OrganisationView>,
    pub(crate) facts: Facts,
    pub(crate) options: SyncOptions,
}

impl Connection {
    pub(crate) fn of(app: &App, device: &Device, given: &NetworkArgs) -> Result<Self, Failure> {
        let organisation = device.organisation(app.now())?;
        let addresses = organisation.as_ref().map_or(&[][..], |organisation| &organisation.addresses);
        // While no vault is open only a queue that was lent has addresses, and nothing may show that there is one.
        let (facts, options) =
            if device.is_locked() { look_quietly(given, addresses) } else { look(app, given, addresses) };
        Ok(Self { organisation, facts, options })
    }
}

/// Facts about the way to some addresses, and the name of the network they were gathered on.
pub(crate) fn look(app: &App, given: &NetworkArgs, addresses: &[SocketAddr]) -> (Facts, SyncOptions) {
    let (facts, options) = look_quietly(given, addresses);
    if given.network.is_none() && facts.transport == Transport::Unknown && !addresses.is_empty() {
        app.say("note.network_unknown");
    }
    (facts, options)
}

fn look_quietly(given: &NetworkArgs, addresses: &[SocketAddr]) -> (Facts, SyncOptions) {
    let network = addresses.iter().find_map(|address| route_table::network_name(address.ip())).unwrap_or_default();
    (facts::gather(given, addresses), SyncOptions { network, ..SyncOptions::default() })
}

/// Runs `work` to its end, or until Ctrl-C. Dropping it half-way is safe: the core stores each outcome as it comes.
pub(crate) fn run<T>(work: impl Future<Output = kapok_core::Result<T>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(kapok_core::Error::from)?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = work => Some(done),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    match done {
        Some(done) => Ok(done?),
        None => Err(Failure::new("sync.stopped", Exit::Stopped)),
    }
}
