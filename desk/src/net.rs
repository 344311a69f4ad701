//! The desk's one connection: its own server, and nobody else.

pub(crate) mod card;
pub(crate) mod identity;
pub(crate) mod link;
pub(crate) mod pull;
