//! The organisation's keys.

pub(crate) mod keyring;
pub(crate) mod proof;
pub(crate) mod secret;
