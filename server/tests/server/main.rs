//! The server as others see it: real processes, real TLS, real disks, and each claim with its control.

// clippy's allowance for tests covers test functions only, not the helpers between them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod body;
mod command;
mod crash;
mod desk;
mod enrol;
mod flood;
mod hostile;
mod start;
mod support;
mod timing;
mod tls;
mod traces;
mod upload;
