//! What a start needs to know, with defaults for everything: no configuration is needed to try it.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kapok_wire::Hour;

use crate::limits::{ANSWER_FLOOR, CONNECTIONS_PER_ADDRESS};

/// Where the time comes from, so that tests can move it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// A clock that answers with what `seconds` returns: seconds since 1970.
    pub fn from_fn(seconds: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(seconds))
    }

    pub(crate) fn seconds(&self) -> u64 {
        (self.0)()
    }

    pub(crate) fn hour(&self) -> Hour {
        Hour::from_unix_seconds(self.seconds())
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// How a server starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder; made at the first start.
    pub data: PathBuf,
    /// Where devices connect. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the desk connects.
    pub desk_listen: SocketAddr,
    /// DNS names for the certificate; addresses are in it anyway.
    pub names: Vec<String>,
    /// Addresses at which devices reach this server, if they are not [`Self::listen`]: behind a forwarded port, or
    /// when listening on all addresses. Port 0 means the port of [`Self::listen`].
    pub public: Vec<SocketAddr>,
    /// Answers on the device port leave at whole multiples of this time after the request was complete. A duplicate
    /// and a refusal need no flush and would otherwise be told from a stored object by their time alone, although all
    /// are encrypted and equally long. Zero switches it off, for measurements.
    pub answer_floor: Duration,
    /// Connections that one address (with IPv6: one /64) may have at a time on a port. More are closed at once. Carriers
    /// put many phones behind one address, and everything that a relay or an onion service forwards comes from one.
    pub connections_per_address: NonZeroUsize,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Config {
    /// A server on loopback with its data in `data`.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            desk_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8444)),
            names: Vec::new(),
            public: Vec::new(),
            answer_floor: ANSWER_FLOOR,
            connections_per_address: CONNECTIONS_PER_ADDRESS,
            clock: Clock::system(),
        }
    }
}
