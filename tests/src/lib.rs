//! What the end-to-end proofs are made of: phone, server and desk in one process, and what goes wrong around them.
//!
//! - [`scan`]: marker strings in every byte of a folder, also inside deflated and base64 text.
//! - [`memory`]: the same in the memory of a child process.
//! - [`proxy`]: a line that is cut at a chosen request or answer.
//! - [`world`]: an organisation whose server and desk run here, and devices enrolled with it.
//! - [`ledger`]: what the server and the desk hold, counted.
//! - [`raw`]: a client that breaks the rules a device keeps.
//! - [`streams`]: compressed streams in the middle of anything.
//! - [`child`]: processes that are killed at random moments and never outlive their test.
//! - [`after_lock`]: what is left of a vault in memory.
//! - [`kills`]: what must be true after them.
//! - [`session`]: what a child does whose memory is searched.
//! - [`page`]: a container read by its format page alone, with its keys.
//! - [`file_keys`]: the keys of sealed reports, as the desk finds them.
//! - [`story`]: fictional people, whose names are the markers.
//!
//! Every proof has a control that must fail with the defence off. All of this crate is test code, so it may panic.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "all of this crate is test code")]

pub mod after_lock;
pub mod child;
pub mod file_keys;
pub mod kills;
pub mod ledger;
pub mod memory;
pub mod page;
pub mod proxy;
pub mod raw;
pub mod scan;
pub mod session;
pub mod story;
pub mod streams;
pub mod world;
