//! Phone, server and desk together: none lost, none twice, none readable. Each claim beside a control that must fail.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "all of this crate is test code")]

mod after_lock;
mod crash;
mod forgotten;
mod impostor;
mod lost_reply;
mod moving;
mod padding;
mod plaintext;
mod random;
mod restart;
mod scanner;
mod threads;
mod whole_way;
