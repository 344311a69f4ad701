//! What is known about the network, the device and the moment. Every fact may be `Unknown`.
//!
//! Each fact is an enum **declared from best to worst**, and its `Ord` is that order: a worse fact never loosens a
//! decision (law 1). `Unknown` stands where ignorance belongs: below what is known to be harmless, and last of all
//! where nothing later would catch the mistake ([`UserHold`], [`Panic`], [`Seen`]). In the Severe profile `Unknown`
//! has the effect of the worst value, wherever it stands (law 2).
//!
//! The host fills in what its operating system says; the core fills in what it remembers itself (holds, what was seen
//! on this network, bundle, clock). [`Facts::unknown`] is where a host starts: a fact it forgets is not made up.

use crate::time::Time;

/// What carries the bytes. A VPN is no transport here: [`Vpn`] says whether one lies over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// A cable.
    Ethernet,
    /// A wireless network.
    Wifi,
    /// Tethered over Bluetooth: in practice another phone's mobile network.
    Bluetooth,
    /// The mobile network, through the SIM of this device.
    Cellular,
    /// The host cannot tell. Treated as no network at all.
    Unknown,
    /// No network.
    None,
}

/// Does the network count every byte?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metered {
    /// It does not.
    No,
    /// The host cannot tell.
    Unknown,
    /// It does.
    Yes,
}

/// Is the device in a foreign mobile network?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Roaming {
    /// It is at home, or on no mobile network.
    No,
    /// The host cannot tell.
    Unknown,
    /// It is abroad.
    Yes,
}

/// Does the operating system say that the network wants a login first?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Captive {
    /// It says the way is open.
    No,
    /// It says nothing; the pinned handshake finds out, before the first byte of content.
    Unknown,
    /// It says there is a portal.
    Yes,
}

/// Did the operating system reach the internet over this network? Used to tell a blocked route from a dead network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validated {
    /// It did.
    Yes,
    /// It does not say.
    Unknown,
    /// It tried and failed.
    No,
}

/// What the person, or the organisation, calls this network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkLabel {
    /// The person's own.
    Home,
    /// Marked as trusted.
    Trusted,
    /// Used before, without a mark. Also what a host says of the mobile network: that has a rule of its own.
    Known,
    /// Never used before.
    New,
    /// The host cannot tell which network it is.
    Unknown,
    /// Marked as hostile.
    Hostile,
}

/// Something remembered about this network, and when it was last seen.
///
/// The rule decides for how long it counts. While the clock may not be believed it counts for ever, so whoever keeps
/// the memory drops what has run out while the clock is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// Never seen here, or cleared by the person.
    Never,
    /// Last seen at this time; later is worse.
    At(Time),
    /// The memory cannot be read: as bad as seen just now.
    Unknown,
}

/// Was our server out of reach here while the rest of the internet was not? Moves on to the next route, where there
/// is one; never a reason to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blocked {
    /// No sign of it.
    No,
    /// Not tried yet.
    Unknown,
    /// Two tries ended in a reset or in silence.
    Yes,
}

/// Is the system set to use a proxy? Ours is never used, but its presence says that somebody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proxy {
    /// It is not.
    None,
    /// The host cannot tell.
    Unknown,
    /// A proxy or a proxy script is set.
    Present,
}

/// Are names looked up over an encrypted channel? No rule reads it yet: the direct route looks up no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrivateDns {
    /// They are.
    On,
    /// The host cannot tell.
    Unknown,
    /// They are not.
    Off,
}

/// Did somebody install a certificate authority on this device?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserCa {
    /// Nobody did.
    None,
    /// The host cannot tell.
    Unknown,
    /// There is one.
    Present,
}

/// Is there a VPN, and whose?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vpn {
    /// There is none.
    None,
    /// The person chose it.
    Chosen,
    /// The host cannot tell.
    Unknown,
    /// There is one that the person did not choose.
    Unchosen,
}

/// Has Tor been proved to work, by reaching our own onion through it?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Onion {
    /// It has, so many seconds ago.
    ProvedSecondsAgo(u32),
    /// Not tried.
    Unknown,
    /// Tried, without success.
    Failed,
}

/// The charge of the battery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Battery {
    /// Enough, or the device has no battery.
    Enough,
    /// The host cannot tell.
    Unknown,
    /// The operating system calls it low.
    Low,
}

/// Is the device on power?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charging {
    /// It is.
    Yes,
    /// The host cannot tell.
    Unknown,
    /// It is not.
    No,
}

/// Did the person or the system switch power saving on?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PowerSaver {
    /// No.
    Off,
    /// The host cannot tell.
    Unknown,
    /// Yes.
    On,
}

/// Is the vault locked? The outbox works either way; profiles may want somebody present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppLock {
    /// It is open.
    Unlocked,
    /// The caller cannot tell.
    Unknown,
    /// It is locked.
    Locked,
}

/// Is the device's own screen locked?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceLock {
    /// It is open.
    Unlocked,
    /// The host cannot tell.
    Unknown,
    /// It is locked.
    Locked,
}

/// Is it inside the hours that the person set for sending? Without such hours it is always inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// It is.
    Inside,
    /// The local time is not known.
    Unknown,
    /// It is not.
    Outside,
}

/// May the clock be believed?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockConfidence {
    /// It runs on from the last time the core saw.
    Sure,
    /// There is nothing to compare it with.
    Unknown,
    /// It stands before a time that the core has already seen.
    Unsure,
}

impl ClockConfidence {
    /// Compares the clock with the latest time the core ever wrote down.
    ///
    /// A clock set *back* is found; a clock set forward looks like time that passed, and only a signed time from the
    /// server could tell.
    #[must_use]
    pub fn judge(now: Time, latest_seen: Option<Time>) -> Self {
        match latest_seen {
            None => Self::Unknown,
            Some(seen) if now < seen => Self::Unsure,
            Some(_) => Self::Sure,
        }
    }
}

/// Has the device left the place where the report was finished? The app answers; no coordinates reach the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Motion {
    /// It has.
    Moved,
    /// The app cannot tell.
    Unknown,
    /// It has not.
    Stayed,
}

/// Is the device inside a zone that was marked as dangerous?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DangerZone {
    /// It is outside, or no zone is marked.
    Outside,
    /// The app cannot tell.
    Unknown,
    /// It is inside.
    Inside,
}

/// Did the person tell the device to send nothing? Survives a restart: the core keeps it on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserHold {
    /// They did not, or released it.
    Released,
    /// Nothing before this time. While the clock may not be believed, it does not end by itself.
    Until(Time),
    /// Nothing until they release it.
    UntilReleased,
    /// The note cannot be read: held.
    Unknown,
}

/// Is the panic switch on?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Panic {
    /// It is off.
    Off,
    /// It is on.
    On,
    /// The note cannot be read: as if it were on.
    Unknown,
}

/// Are the organisation's settings in date?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BundleState {
    /// They are.
    Valid,
    /// There is no saying.
    Unknown,
    /// They are not. Sealing goes on; the person is asked before something leaves.
    Expired,
}

/// All facts of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is documented at its type")]
pub struct Facts {
    pub transport: Transport,
    pub metered: Metered,
    pub roaming: Roaming,
    pub captive: Captive,
    pub validated: Validated,
    pub label: NetworkLabel,
    /// When this network last showed a certificate that is not our server's.
    pub intercepted: Seen,
    /// When this network last answered in the server's place without one: a portal or a filter.
    pub filtered: Seen,
    pub blocked: Blocked,
    pub proxy: Proxy,
    pub private_dns: PrivateDns,
    pub user_ca: UserCa,
    pub vpn: Vpn,
    pub onion: Onion,
    pub battery: Battery,
    pub charging: Charging,
    pub power_saver: PowerSaver,
    pub app_lock: AppLock,
    pub device_lock: DeviceLock,
    pub window: Window,
    pub clock: ClockConfidence,
    pub motion: Motion,
    pub danger_zone: DangerZone,
    pub user_hold: UserHold,
    pub panic: Panic,
    pub bundle: BundleState,
}

impl Facts {
    /// Nothing is known. Always held.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            transport: Transport::Unknown,
            metered: Metered::Unknown,
            roaming: Roaming::Unknown,
            captive: Captive::Unknown,
            validated: Validated::Unknown,
            label: NetworkLabel::Unknown,
            intercepted: Seen::Unknown,
            filtered: Seen::Unknown,
            blocked: Blocked::Unknown,
            proxy: Proxy::Unknown,
            private_dns: PrivateDns::Unknown,
            user_ca: UserCa::Unknown,
            vpn: Vpn::Unknown,
            onion: Onion::Unknown,
            battery: Battery::Unknown,
            charging: Charging::Unknown,
            power_saver: PowerSaver::Unknown,
            app_lock: AppLock::Unknown,
            device_lock: DeviceLock::Unknown,
            window: Window::Unknown,
            clock: ClockConfidence::Unknown,
            motion: Motion::Unknown,
            danger_zone: DangerZone::Unknown,
            user_hold: UserHold::Unknown,
            panic: Panic::Unknown,
            bundle: BundleState::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_last_seen_time_is_not_believed() {
        assert_eq!(ClockConfidence::judge(Time(9), Some(Time(10))), ClockConfidence::Unsure);
        assert_eq!(ClockConfidence::judge(Time(10), Some(Time(10))), ClockConfidence::Sure);
        assert_eq!(ClockConfidence::judge(Time(10), None), ClockConfidence::Unknown);
    }
}
