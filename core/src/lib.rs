//! The device: vault, drafts, media, outbox, policy, routes.
//!
//! Nothing readable touches a file, nothing acknowledged is lost, nothing leaves unasked.

mod device;
mod error;
mod passphrase;
mod policy;
mod route;
mod time;
mod vault;

pub use device::{
    AttachmentView, Backoff, CreateOptions, Device, DraftId, DraftView, EnrolReport, EraseAfter, FinishedId,
    FinishedReport, FinishedView, GrowthIsVisible, Hit, HitPlace, MoveError, MoveKey, MoveState, NewAttachment,
    OrganisationView, OutboxView, PoolView, Progress, RecoveryShare, RecoveryView, ReportState, SessionLimits,
    Settings, ShareError, StorageFinding, StorageProblem, SyncEnd, SyncOptions, SyncReport, Undone,
};
pub use error::{Error, Result};
pub use passphrase::{GeneratedPassphrase, PassphraseKind, Strength, StrengthWords};
pub use policy::{
    AppLock, Asked, Battery, Blocked, BundleState, Captive, Charging, ClockConfidence, DangerZone, Decision,
    DeviceLock, Effect, Facts, Finished, Floors, Lanes, Lang, LastBatch, Metered, Motion, NetworkId, NetworkLabel,
    Onion, Panic, Plan, Policy, PolicyError, PowerSaver, PrivateDns, Profile, Proxy, QueueFacts, Reason, ReasonWords,
    Roaming, Seen, Tokens, Transport, UserCa, UserHold, UserSettings, Validated, Vpn, Window, Work, decide,
};
pub use route::{DirectRoute, InviteRoute, Outcome, Route, RouteError, RouteId, RouteRemedy, Timeouts};
pub use time::{Clock, SystemClock, Time};
pub use vault::{
    DeviceKey, DeviceKeyError, Further, HalfFrames, KdfParams, Level, NoDeviceKey, Passphrase, SoftwareDeviceKey,
};
/// The domain and the wire, so that shells depend on the core alone.
pub use {kapok_report as report, kapok_wire as wire};
