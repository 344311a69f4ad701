//! The trusted server: takes sealed objects, cannot read them.
//!
//! One process, one folder, no configuration. [`Server::start`] opens the data folder, makes keys at the first start
//! and listens twice: on the device port (TLS 1.3, no client certificate) and on the desk port (TLS 1.3, a
//! registered client key). It depends on `kapok-wire` and on nothing that could open a report.
//! How it is built and what it stores: `docs/design/server.md`.

mod accept;
mod bundles;
mod card;
pub mod client_keys;
mod config;
mod data;
mod db;
mod error;
mod http;
mod intake;
mod invites;
mod keys;
mod limits;
mod objects;
mod peers;
mod pull;
mod rows;
mod rules;
mod server;
mod tls;

pub use config::{Clock, Config};
pub use error::{Error, Port};
// What the command line shows as defaults, and what tests fill up.
pub use limits::{ANSWER_FLOOR, CONNECTIONS_PER_ADDRESS, ENROLMENTS, PENDING_RESETS, STREAMS, UPLOADS};
pub use server::Server;
