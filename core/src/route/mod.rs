//! Routes: the ways out of the device, and the only code in it that opens a connection.
//!
//! A route carries bodies of fixed size to the server and answers of fixed size back. It never decides whether it may:
//! the caller has asked [`crate::decide`] and holds an Allow. It does not retry either: the outbox does, with the same
//! id. What it does decide is what a failure *means* ([`Outcome`]), because the handshake with our pinned key is also
//! our only check for captive portals and interception.
//!
//! Rejected: a general HTTP client handed in from outside. Whoever can pass a client in can pass one that trusts the
//! system's certificate authorities; here the only constructor is the one with pins (`direct.rs`).

mod classify;
mod direct;
mod error;
mod id;
mod invite;
mod outcome;
#[cfg(test)]
mod tests;

use std::future::Future;

use kapok_wire::Lane;
use kapok_wire::sizes::ANSWER;

pub use direct::{DirectRoute, Timeouts};
pub use error::{RouteError, RouteRemedy};
pub use id::RouteId;
pub use invite::InviteRoute;
pub use outcome::Outcome;

/// A way to the server. Its futures may be dropped at any point: nothing is half done on this side.
pub trait Route: Send + Sync {
    /// Its name.
    fn id(&self) -> RouteId;

    /// Sends one upload body and brings back the answer, which is still to be decoded and verified.
    fn post(&self, lane: Lane, body: Vec<u8>) -> impl Future<Output = Result<[u8; ANSWER], RouteError>> + Send;

    /// Sends an enrolment request of the text lane's size and brings back a page.
    fn enrol(&self, request: Vec<u8>) -> impl Future<Output = Result<Vec<u8>, RouteError>> + Send;

    /// Brings the page with the organisation's bundle, still to be verified.
    fn fetch_bundle(&self) -> impl Future<Output = Result<Vec<u8>, RouteError>> + Send;
}
