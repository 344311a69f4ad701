//! May something leave this device now? One pure function answers.
//!
//! [`decide`] takes what is known about the network and the device ([`Facts`]), what waits ([`QueueFacts`]) and the
//! rules in force ([`Policy`]), and answers Allow, Confirm or Hold. It reads no clock, draws no randomness and does no
//! I/O, so that its laws can be tested over millions of invented situations (`laws.rs`) and a Hold can be explained.
//! The rules are a table (`rules.rs`): one row per reason, one column per profile.
//!
//! Rejected: a chain of `if … return Hold(first reason)`. A frightened person who fixes one thing only to be told of
//! the next one gives up, so a Hold names all its reasons at once.

mod decide;
mod decision;
mod facts;
mod network;
mod pace;
mod profile;
mod queue;
mod reason;
mod rules;
mod words;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod situations;

pub use decide::decide;
pub use decision::{Decision, Lanes, Plan};
pub use facts::{
    AppLock, Battery, Blocked, BundleState, Captive, Charging, ClockConfidence, DangerZone, DeviceLock, Facts, Metered,
    Motion, NetworkLabel, Onion, Panic, PowerSaver, PrivateDns, Proxy, Roaming, Seen, Transport, UserCa, UserHold,
    Validated, Vpn, Window,
};
pub use network::NetworkId;
pub(crate) use network::NetworkKey;
pub use profile::{Effect, Floors, Policy, PolicyError, Profile, UserSettings};
pub use queue::{Asked, Finished, LastBatch, QueueFacts, Tokens, Work};
pub use reason::Reason;
pub use words::{Lang, ReasonWords};
