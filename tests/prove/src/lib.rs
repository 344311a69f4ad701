//! The claims about the vault, proved by measuring: `cargo xtask prove`.
//!
//! - [`claim`]: what a claim is, and how its line is made.
//! - [`claims`]: all of them, one file each.
//! - [`budget`]: how often things are done; seeds.
//! - [`counting_key`]: a device key that counts, as the hardware would.
//! - [`features`], [`image`], [`judge`]: copies of a folder, numbers about their bytes, and who judges them.
//! - [`lanes`]: claims beside each other, each in a process of its own.
//! - [`layout`]: where things lie in a container.
//! - [`moves`]: a move to a new phone, killed anywhere.
//! - [`solver`]: everything tried as every kind of key.
//! - [`steps`]: what a person does, killed at a chosen write.
//! - [`virtual_clock`]: clocks that only the test moves.
//!
//! Every claim runs twice: defended, and as its control with the defence switched off. A control that passes means that the
//! measurement is blind, and counts as much as a claim that fails. All of this crate is test code, so it may panic; a
//! panic is caught and makes its claim fail.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "all of this crate is test code")]

pub mod budget;
pub mod claim;
pub mod claims;
pub mod counting_key;
pub mod features;
pub mod image;
pub mod judge;
pub mod lanes;
pub mod layout;
pub mod moves;
pub mod solver;
pub mod steps;
pub mod virtual_clock;
