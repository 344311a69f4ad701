//! The direct route against real servers on loopback: right ones, wrong ones, and a client without pins as control.

mod answers;
mod environment;
mod interception;
mod pki;
mod servers;

use std::time::Duration;

use kapok_wire::bundle::Endpoint;
use kapok_wire::sizes::TEXT_BODY;
use kapok_wire::tls::{Pin, Trust};

use super::{DirectRoute, Timeouts};
use pki::Authority;
use servers::Server;

const NAME: &str = "kapok.example";
/// Stands in a request; must never be found where only a handshake may be.
const MARKER: &[u8] = b"Sophea was here";

/// Long enough for a busy machine, short enough for a test.
const PATIENT: Timeouts = Timeouts { connect: Duration::from_secs(10), whole: Duration::from_secs(20) };
/// For servers that never answer.
const HASTY: Timeouts = Timeouts { connect: Duration::from_millis(300), whole: Duration::from_millis(600) };

/// A body of the text lane that would be recognised.
fn body() -> Vec<u8> {
    let mut body = MARKER.to_vec();
    body.resize(TEXT_BODY, 7);
    body
}

/// A route that trusts `authority` and `pin`, to `server` under `name`.
fn route(authority: &Authority, pin: Pin, server: &Server, name: &str, timeouts: Timeouts) -> DirectRoute {
    let endpoint = Endpoint {
        kind: "direct".to_owned(),
        name: name.to_owned(),
        addresses: vec![server.address],
        tls_root: String::new(),
        pins: Vec::new(),
    };
    let trust = Trust::RootAndPins { root: authority.root.clone(), pins: vec![pin, Pin([9; 32])] };
    DirectRoute::new(&endpoint, &trust, timeouts).unwrap()
}
