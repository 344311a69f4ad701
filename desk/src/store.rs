//! The desk's files.

pub(crate) mod durable;
pub(crate) mod folder;
pub(crate) mod inbox;
pub(crate) mod name;
pub(crate) mod record;
