//! What phone, server and desk say to each other.
//!
//! Types, sizes and formats of the wire: upload bodies and answers, receipts, tokens, the organisation bundle,
//! invites, the server card, and the one TLS configuration every client uses. No file, no socket, no clock: callers pass `now` in.
//! The server depends on this crate and on nothing that could open a report; that graph is checked by
//! `cargo xtask test`.

pub mod answer;
pub mod bundle;
mod bytes;
pub mod canonical;
pub mod card;
pub mod enrol;
mod hex;
mod ids;
mod invite;
pub mod note;
mod problem;
pub mod pull;
pub mod registration;
pub mod rng;
pub mod sizes;
pub mod tls;
pub mod token;
pub mod upload;
#[cfg(test)]
mod vectors;

pub use hex::HexError;
pub use ids::{Digest, Hour, Lane, ObjectId, TokenKeyId, UploadId};
pub use invite::{Invite, InviteError, InviteSecret};
pub use problem::{Problem, Remedy};
