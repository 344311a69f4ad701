//! The device: vault, drafts, media, outbox, policy, routes.
//!
//! Nothing readable touches a file, nothing acknowledged is lost, nothing leaves unasked.

mod error;
mod policy;
mod route;
mod time;
// Used by the device module that is built on top of it; until then only its tests call most of it.
#[allow(dead_code, unused_imports)]
mod vault;

pub use error::{Error, Result};
pub use policy::{
    AppLock, Asked, Battery, Blocked, BundleState, Captive, Charging, ClockConfidence, DangerZone, Decision, DeviceLock,
    Effect, Facts, Finished, Floors, Lang, Lanes, LastBatch, Metered, Motion, NetworkId, NetworkLabel, Onion, Panic,
    Plan, Policy, PolicyError, PowerSaver, PrivateDns, Profile, Proxy, QueueFacts, Reason, ReasonWords, Roaming, Seen,
    Tokens, Transport, UserCa, UserHold, UserSettings, Validated, Vpn, Window, Work, decide,
};
pub use route::RouteId;
pub use time::{Clock, SystemClock, Time};
pub use vault::{
    DeviceKey, DeviceKeyError, HalfFrames, KdfParams, Level, NoDeviceKey, Passphrase, SoftwareDeviceKey,
};
