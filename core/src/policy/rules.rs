//! The table: one row per reason, one column per profile.
//!
//! A row says when its reason is there (`find`) and what it then does in each profile, for a fact that is known to be
//! bad and for one that is unknown. The engine (`decide.rs`) knows no reason by name, so adding a rule is adding a row.
//! The columns Elevated and Severe are complete as far as effects go; what they lack are routes, so
//! [`Policy::new`](super::Policy::new) refuses them.

use std::time::Duration;

use super::facts::{
    AppLock, Battery, BundleState, Captive, Charging, ClockConfidence, DangerZone, DeviceLock, Facts, Metered, Motion,
    NetworkLabel, Onion, Panic, PowerSaver, Proxy, Roaming, Seen, Transport, UserCa, UserHold, Vpn, Window,
};
use super::pace::Pace;
use super::profile::{Effect, Profile};
use super::queue::{Asked, LastBatch, QueueFacts, Tokens};
use super::reason::Reason;
use crate::time::Time;

/// What a row looks at.
pub(super) struct Situation<'a> {
    pub(super) facts: &'a Facts,
    pub(super) queue: &'a QueueFacts,
    pub(super) pace: Pace,
    pub(super) now: Time,
}

/// What a row found. Declared from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    Fine,
    Unknown,
    Bad,
    /// Bad until so much time has passed.
    BadFor(Duration),
}

/// What a reason does to each lane. Media never get through where text does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effects {
    pub(super) text: Effect,
    pub(super) media: Effect,
}

pub(super) const FREE: Effects = Effects { text: Effect::Allow, media: Effect::Allow };
const ASK: Effects = Effects { text: Effect::Confirm, media: Effect::Confirm };
const HOLD: Effects = Effects { text: Effect::Hold, media: Effect::Hold };
const ASK_MEDIA: Effects = Effects { text: Effect::Allow, media: Effect::Confirm };
const HOLD_MEDIA: Effects = Effects { text: Effect::Allow, media: Effect::Hold };
const ASK_TEXT_HOLD_MEDIA: Effects = Effects { text: Effect::Confirm, media: Effect::Hold };

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) reason: Reason,
    pub(super) find: fn(&Situation<'_>) -> Found,
    /// What it does when the fact is known to be bad: Low, Elevated, Severe.
    pub(super) bad: [Effects; 3],
    /// What it does when the fact is unknown.
    pub(super) unknown: [Effects; 3],
    /// Whether enrolment and bundle may pass all the same, because they are the way out of this reason or do not
    /// carry a report.
    pub(super) spares_errands: bool,
}

impl Rule {
    /// What this row does in `profile`, having found `found`.
    pub(super) fn effects(&self, profile: Profile, found: Found) -> Effects {
        let [low, elevated, severe] = match found {
            Found::Fine => return FREE,
            Found::Unknown => self.unknown,
            Found::Bad | Found::BadFor(_) => self.bad,
        };
        match profile {
            Profile::Low => low,
            Profile::Elevated => elevated,
            Profile::Severe => severe,
        }
    }

    const fn sparing_errands(self) -> Self {
        Self { spares_errands: true, ..self }
    }
}

const fn rule(reason: Reason, find: fn(&Situation<'_>) -> Found, bad: [Effects; 3], unknown: [Effects; 3]) -> Rule {
    Rule { reason, find, bad, unknown, spares_errands: false }
}

/// The rules in force. Reason, where it comes from, effect when bad and when unknown (Low, Elevated, Severe).
#[rustfmt::skip]
pub(super) const RULES: [Rule; 24] = [
    rule(Reason::UserHold, user_hold, [HOLD; 3], [HOLD; 3]),
    rule(Reason::Panic, panic_switch, [HOLD; 3], [HOLD; 3]),
    rule(Reason::NoNetwork, no_network, [HOLD; 3], [HOLD; 3]),
    // Low lets the handshake find out: nothing of a report leaves before it is complete.
    rule(Reason::Captive, captive, [HOLD; 3], [FREE, ASK, HOLD]),
    rule(Reason::Intercepted, intercepted, [HOLD; 3], [HOLD; 3]),
    rule(Reason::HostileNetwork, hostile, [HOLD; 3], [HOLD; 3]),
    rule(Reason::UnknownNetwork, unnamed, [FREE, ASK, HOLD], [FREE, ASK, HOLD]),
    rule(Reason::CellularNotAllowed, cellular, [ASK_MEDIA, ASK_TEXT_HOLD_MEDIA, HOLD], [HOLD; 3]),
    // Low: free by default, but a floor or the person can raise it.
    rule(Reason::Roaming, roaming, [FREE, HOLD, HOLD], [FREE, ASK, HOLD]),
    rule(Reason::Metered, metered, [HOLD_MEDIA, HOLD_MEDIA, HOLD], [ASK_MEDIA, HOLD_MEDIA, HOLD]),
    rule(Reason::ProxyPresent, proxy, [ASK, HOLD, HOLD], [FREE, ASK, HOLD]),
    rule(Reason::UserCaPresent, user_ca, [ASK, HOLD, HOLD], [FREE, ASK, HOLD]),
    rule(Reason::VpnUnknown, vpn, [FREE, ASK, HOLD], [FREE, ASK, HOLD]),
    rule(Reason::TorRequiredUnproved, tor, [FREE, FREE, HOLD], [FREE, FREE, HOLD]),
    rule(Reason::OutsideWindow, window, [FREE, FREE, HOLD], [FREE, FREE, HOLD]),
    rule(Reason::InDangerZone, danger_zone, [HOLD; 3], [FREE, ASK, HOLD]),
    rule(Reason::MovedSinceSubmit, motion, [FREE, FREE, HOLD], [FREE, FREE, HOLD]),
    rule(Reason::Locked, locked, [FREE, HOLD_MEDIA, HOLD], [FREE, HOLD_MEDIA, HOLD]),
    // Text is small and a dying phone may not come back: only media wait for power.
    rule(Reason::LowBattery, battery, [HOLD_MEDIA; 3], [FREE, HOLD_MEDIA, HOLD_MEDIA]),
    rule(Reason::TooSoon, too_soon, [HOLD; 3], [HOLD; 3]).sparing_errands(),
    // Old settings may name a key that was stolen since; the way out is a new bundle, which is an errand.
    rule(Reason::BundleExpired, bundle, [ASK, HOLD, HOLD], [ASK, HOLD, HOLD]).sparing_errands(),
    rule(Reason::NoToken, no_token, [HOLD; 3], [HOLD; 3]).sparing_errands(),
    rule(Reason::ClockUnsure, clock_while_timed, [HOLD; 3], [HOLD; 3]),
    rule(Reason::ClockUnsure, clock, [FREE, ASK, HOLD], [FREE, ASK, HOLD]),
];

fn user_hold(s: &Situation<'_>) -> Found {
    match s.facts.user_hold {
        UserHold::Released => Found::Fine,
        UserHold::Until(end) => bad_until(s, Some(end)),
        UserHold::UntilReleased | UserHold::Unknown => Found::Bad,
    }
}

fn panic_switch(s: &Situation<'_>) -> Found {
    match s.facts.panic {
        Panic::Off => Found::Fine,
        Panic::On | Panic::Unknown => Found::Bad,
    }
}

fn no_network(s: &Situation<'_>) -> Found {
    match s.facts.transport {
        Transport::Ethernet | Transport::Wifi | Transport::Bluetooth | Transport::Cellular => Found::Fine,
        Transport::Unknown | Transport::None => Found::Bad,
    }
}

fn captive(s: &Situation<'_>) -> Found {
    let said = match s.facts.captive {
        Captive::No => Found::Fine,
        Captive::Unknown => Found::Unknown,
        Captive::Yes => Found::Bad,
    };
    worst(said, seen(s, s.facts.filtered, Some(s.pace.filtered)))
}

fn intercepted(s: &Situation<'_>) -> Found {
    seen(s, s.facts.intercepted, s.pace.intercepted)
}

fn hostile(s: &Situation<'_>) -> Found {
    match s.facts.label {
        NetworkLabel::Hostile => Found::Bad,
        NetworkLabel::Home
        | NetworkLabel::Trusted
        | NetworkLabel::Known
        | NetworkLabel::New
        | NetworkLabel::Unknown => Found::Fine,
    }
}

fn unnamed(s: &Situation<'_>) -> Found {
    match s.facts.label {
        NetworkLabel::Home | NetworkLabel::Trusted | NetworkLabel::Known => Found::Fine,
        NetworkLabel::Unknown => Found::Unknown,
        NetworkLabel::New | NetworkLabel::Hostile => Found::Bad,
    }
}

fn cellular(s: &Situation<'_>) -> Found {
    match s.facts.transport {
        // No network has a row of its own.
        Transport::Ethernet | Transport::Wifi | Transport::Unknown | Transport::None => Found::Fine,
        Transport::Bluetooth | Transport::Cellular => Found::Bad,
    }
}

fn roaming(s: &Situation<'_>) -> Found {
    match s.facts.roaming {
        Roaming::No => Found::Fine,
        Roaming::Unknown => Found::Unknown,
        Roaming::Yes => Found::Bad,
    }
}

fn metered(s: &Situation<'_>) -> Found {
    match s.facts.metered {
        Metered::No => Found::Fine,
        Metered::Unknown => Found::Unknown,
        Metered::Yes => Found::Bad,
    }
}

fn proxy(s: &Situation<'_>) -> Found {
    match s.facts.proxy {
        Proxy::None => Found::Fine,
        Proxy::Unknown => Found::Unknown,
        Proxy::Present => Found::Bad,
    }
}

fn user_ca(s: &Situation<'_>) -> Found {
    match s.facts.user_ca {
        UserCa::None => Found::Fine,
        UserCa::Unknown => Found::Unknown,
        UserCa::Present => Found::Bad,
    }
}

fn vpn(s: &Situation<'_>) -> Found {
    match s.facts.vpn {
        Vpn::None | Vpn::Chosen => Found::Fine,
        Vpn::Unknown => Found::Unknown,
        Vpn::Unchosen => Found::Bad,
    }
}

fn tor(s: &Situation<'_>) -> Found {
    /// A proof older than this says nothing about the circuit that would be used now.
    const PROOF_HOLDS: u32 = 600;
    match s.facts.onion {
        Onion::ProvedSecondsAgo(age) if age <= PROOF_HOLDS => Found::Fine,
        Onion::Unknown => Found::Unknown,
        Onion::ProvedSecondsAgo(_) | Onion::Failed => Found::Bad,
    }
}

fn window(s: &Situation<'_>) -> Found {
    match s.facts.window {
        Window::Inside => Found::Fine,
        Window::Unknown => Found::Unknown,
        Window::Outside => Found::Bad,
    }
}

fn danger_zone(s: &Situation<'_>) -> Found {
    match s.facts.danger_zone {
        DangerZone::Outside => Found::Fine,
        DangerZone::Unknown => Found::Unknown,
        DangerZone::Inside => Found::Bad,
    }
}

fn motion(s: &Situation<'_>) -> Found {
    match s.facts.motion {
        Motion::Moved => Found::Fine,
        Motion::Unknown => Found::Unknown,
        Motion::Stayed => Found::Bad,
    }
}

fn locked(s: &Situation<'_>) -> Found {
    let app = match s.facts.app_lock {
        AppLock::Unlocked => Found::Fine,
        AppLock::Unknown => Found::Unknown,
        AppLock::Locked => Found::Bad,
    };
    let device = match s.facts.device_lock {
        DeviceLock::Unlocked => Found::Fine,
        DeviceLock::Unknown => Found::Unknown,
        DeviceLock::Locked => Found::Bad,
    };
    worst(app, device)
}

fn battery(s: &Situation<'_>) -> Found {
    if s.facts.charging == Charging::Yes {
        return Found::Fine;
    }
    if s.pace.media_needs_power {
        return Found::Bad;
    }
    let charge = match s.facts.battery {
        Battery::Enough => Found::Fine,
        Battery::Unknown => Found::Unknown,
        Battery::Low => Found::Bad,
    };
    let saver = match s.facts.power_saver {
        PowerSaver::Off => Found::Fine,
        PowerSaver::Unknown => Found::Unknown,
        PowerSaver::On => Found::Bad,
    };
    worst(charge, saver)
}

fn too_soon(s: &Situation<'_>) -> Found {
    if s.pace.may_hurry && s.queue.asked == Asked::ByPerson {
        return Found::Fine;
    }
    let delay = s.queue.finished.map(|finished| finished.at.after(s.pace.delay(finished.seed)));
    let gap = match s.queue.last_batch {
        LastBatch::Never => None,
        LastBatch::Ended(end) => Some(end.after(s.pace.gap)),
        LastBatch::Unknown => return Found::BadFor(s.pace.gap),
    };
    match delay.max(gap) {
        Some(end) if s.now < end => Found::BadFor(s.now.until(end)),
        Some(_) | None => Found::Fine,
    }
}

fn bundle(s: &Situation<'_>) -> Found {
    match s.facts.bundle {
        BundleState::Valid => Found::Fine,
        BundleState::Unknown => Found::Unknown,
        BundleState::Expired => Found::Bad,
    }
}

fn no_token(s: &Situation<'_>) -> Found {
    match s.queue.tokens {
        Tokens::Enough => Found::Fine,
        Tokens::Unknown => Found::Unknown,
        Tokens::None => Found::Bad,
    }
}

/// A hold that ends by the clock does not end while the clock may not be believed; say so beside the hold itself.
fn clock_while_timed(s: &Situation<'_>) -> Found {
    let timed = matches!(s.facts.user_hold, UserHold::Until(_))
        || matches!(s.facts.filtered, Seen::At(_))
        || (matches!(s.facts.intercepted, Seen::At(_)) && s.pace.intercepted.is_some());
    if timed { clock(s) } else { Found::Fine }
}

fn clock(s: &Situation<'_>) -> Found {
    match s.facts.clock {
        ClockConfidence::Sure => Found::Fine,
        ClockConfidence::Unknown => Found::Unknown,
        ClockConfidence::Unsure => Found::Bad,
    }
}

/// Something seen on this network counts for `lasts`, or for ever.
fn seen(s: &Situation<'_>, seen: Seen, lasts: Option<Duration>) -> Found {
    match seen {
        Seen::Never => Found::Fine,
        Seen::At(time) => bad_until(s, lasts.map(|lasts| time.after(lasts))),
        Seen::Unknown => Found::Bad,
    }
}

/// Bad until `end`, or without end; and without end too while the clock may not be believed.
fn bad_until(s: &Situation<'_>, end: Option<Time>) -> Found {
    match end {
        Some(end) if s.facts.clock == ClockConfidence::Sure => {
            if s.now < end {
                Found::BadFor(s.now.until(end))
            } else {
                Found::Fine
            }
        }
        Some(_) | None => Found::Bad,
    }
}

/// The worse of two; a thing that does not end by itself is worse than one that does.
fn worst(a: Found, b: Found) -> Found {
    match (a, b) {
        (Found::Bad, Found::BadFor(_)) | (Found::BadFor(_), Found::Bad) => Found::Bad,
        _ => a.max(b),
    }
}
