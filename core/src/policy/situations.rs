//! For the tests: every fact with its values from best to worst, so that laws can walk over them.

use std::fmt::Debug;

use super::facts::*;
use super::profile::{Effect, Floors, Policy, Profile, UserSettings};
use super::queue::{Asked, Finished, LastBatch, QueueFacts, Tokens, Work};
use super::reason::Reason;
use crate::time::Time;

pub(super) const NOW: Time = Time(1_800_000_000);

/// Facts and queue together: one thing to decide about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) facts: Facts,
    pub(super) queue: QueueFacts,
}

/// Sets a fact to its value of that number.
type Setter = Box<dyn Fn(&mut Case, usize)>;

/// One fact: its values by name, from best to worst, and how to set one.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) values: Vec<String>,
    /// Where `Unknown` stands, for facts that have it.
    pub(super) unknown: Option<usize>,
    pub(super) set: Setter,
}

impl Field {
    /// The value that `pick` means. Seven of eight are the best one: else every situation would be a Hold.
    pub(super) fn at(&self, pick: u8) -> usize {
        if pick.is_multiple_of(8) { usize::from(pick / 8) % self.values.len() } else { 0 }
    }
}

fn field<T: Copy + Debug + Ord + 'static>(
    name: &'static str,
    values: &'static [T],
    place: fn(&mut Case) -> &mut T,
) -> Field {
    assert!(values.is_sorted(), "{name}: declared from best to worst");
    let values_by_name: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    let unknown = values_by_name.iter().position(|value| value == "Unknown");
    Field { name, values: values_by_name, unknown, set: Box::new(move |case, at| *place(case) = values[at]) }
}

const SEEN: &[Seen] = &[
    Seen::Never,
    Seen::At(Time(NOW.0 - 40 * 86_400)),
    Seen::At(Time(NOW.0 - 90_000)),
    Seen::At(Time(NOW.0 - 60)),
    Seen::Unknown,
];

/// Every fact there is.
pub(super) fn fields() -> Vec<Field> {
    use AppLock as Al;
    use DeviceLock as Dl;
    vec![
        field(
            "transport",
            &[
                Transport::Ethernet,
                Transport::Wifi,
                Transport::Bluetooth,
                Transport::Cellular,
                Transport::Unknown,
                Transport::None,
            ],
            |c| &mut c.facts.transport,
        ),
        field("metered", &[Metered::No, Metered::Unknown, Metered::Yes], |c| &mut c.facts.metered),
        field("roaming", &[Roaming::No, Roaming::Unknown, Roaming::Yes], |c| &mut c.facts.roaming),
        field("captive", &[Captive::No, Captive::Unknown, Captive::Yes], |c| &mut c.facts.captive),
        field("validated", &[Validated::Yes, Validated::Unknown, Validated::No], |c| &mut c.facts.validated),
        field(
            "label",
            &[
                NetworkLabel::Home,
                NetworkLabel::Trusted,
                NetworkLabel::Known,
                NetworkLabel::New,
                NetworkLabel::Unknown,
                NetworkLabel::Hostile,
            ],
            |c| &mut c.facts.label,
        ),
        field("intercepted", SEEN, |c| &mut c.facts.intercepted),
        field("filtered", SEEN, |c| &mut c.facts.filtered),
        field("blocked", &[Blocked::No, Blocked::Unknown, Blocked::Yes], |c| &mut c.facts.blocked),
        field("proxy", &[Proxy::None, Proxy::Unknown, Proxy::Present], |c| &mut c.facts.proxy),
        field("private_dns", &[PrivateDns::On, PrivateDns::Unknown, PrivateDns::Off], |c| &mut c.facts.private_dns),
        field("user_ca", &[UserCa::None, UserCa::Unknown, UserCa::Present], |c| &mut c.facts.user_ca),
        field("vpn", &[Vpn::None, Vpn::Chosen, Vpn::Unknown, Vpn::Unchosen], |c| &mut c.facts.vpn),
        field(
            "onion",
            &[
                Onion::ProvedSecondsAgo(0),
                Onion::ProvedSecondsAgo(600),
                Onion::ProvedSecondsAgo(601),
                Onion::Unknown,
                Onion::Failed,
            ],
            |c| &mut c.facts.onion,
        ),
        field("battery", &[Battery::Enough, Battery::Unknown, Battery::Low], |c| &mut c.facts.battery),
        field("charging", &[Charging::Yes, Charging::Unknown, Charging::No], |c| &mut c.facts.charging),
        field("power_saver", &[PowerSaver::Off, PowerSaver::Unknown, PowerSaver::On], |c| &mut c.facts.power_saver),
        field("app_lock", &[Al::Unlocked, Al::Unknown, Al::Locked], |c| &mut c.facts.app_lock),
        field("device_lock", &[Dl::Unlocked, Dl::Unknown, Dl::Locked], |c| &mut c.facts.device_lock),
        field("window", &[Window::Inside, Window::Unknown, Window::Outside], |c| &mut c.facts.window),
        field("clock", &[ClockConfidence::Sure, ClockConfidence::Unknown, ClockConfidence::Unsure], |c| {
            &mut c.facts.clock
        }),
        field("motion", &[Motion::Moved, Motion::Unknown, Motion::Stayed], |c| &mut c.facts.motion),
        field("danger_zone", &[DangerZone::Outside, DangerZone::Unknown, DangerZone::Inside], |c| {
            &mut c.facts.danger_zone
        }),
        field(
            "user_hold",
            &[
                UserHold::Released,
                UserHold::Until(Time(NOW.0 - 1)),
                UserHold::Until(Time(NOW.0 + 100)),
                UserHold::UntilReleased,
                UserHold::Unknown,
            ],
            |c| &mut c.facts.user_hold,
        ),
        field("panic", &[Panic::Off, Panic::On, Panic::Unknown], |c| &mut c.facts.panic),
        field("bundle", &[BundleState::Valid, BundleState::Unknown, BundleState::Expired], |c| &mut c.facts.bundle),
        field("tokens", &[Tokens::Enough, Tokens::Unknown, Tokens::None], |c| &mut c.queue.tokens),
        field(
            "last_batch",
            &[
                LastBatch::Never,
                LastBatch::Ended(Time(NOW.0 - 86_400)),
                LastBatch::Ended(Time(NOW.0 - 300)),
                LastBatch::Ended(Time(NOW.0 + 50)),
                LastBatch::Unknown,
            ],
            |c| &mut c.queue.last_batch,
        ),
    ]
}

/// Every fact at its best, one packet and three chunks waiting.
pub(super) fn best() -> Case {
    let mut case = Case {
        facts: Facts::unknown(),
        queue: QueueFacts {
            work: Work::Upload { text: 1, media: 3 },
            asked: Asked::ByEngine,
            ..QueueFacts::errand(Asked::ByEngine)
        },
    };
    for field in fields() {
        (field.set)(&mut case, 0);
    }
    case
}

/// What waits, by the name the golden table uses.
pub(super) fn work(name: &str) -> Option<Work> {
    Some(match name {
        "both" => Work::Upload { text: 1, media: 3 },
        "text" => Work::Upload { text: 1, media: 0 },
        "media" => Work::Upload { text: 0, media: 3 },
        "errand" => Work::Errand,
        "nothing" => Work::Upload { text: 0, media: 0 },
        _ => return None,
    })
}

/// A situation out of numbers: one per fact, taken modulo the number of its values, and a few for the queue.
pub(super) fn case(picks: &[u8], [work_pick, asked, wait, yes]: [u8; 4]) -> Case {
    let mut case = best();
    for (field, pick) in fields().iter().zip(picks) {
        (field.set)(&mut case, field.at(*pick));
    }
    let names = ["both", "text", "media", "errand"];
    case.queue.work = work(names[usize::from(work_pick) % names.len()]).unwrap();
    case.queue.asked = if asked % 2 == 0 { Asked::ByEngine } else { Asked::ByPerson };
    case.queue.finished =
        (wait > 127).then(|| Finished { at: Time(NOW.0 - u64::from(wait) * 9), seed: u64::from(wait) << 56 });
    case.queue.confirmed = Reason::ALL.into_iter().filter(|_| yes > 200).collect();
    case
}

/// A policy out of numbers: a profile, and up to two reasons raised.
pub(super) fn policy(picks: [u8; 3]) -> Policy {
    let [profile, floor, user] = picks.map(usize::from);
    if profile % 2 == 1 {
        return Policy::of_any_profile(Profile::ALL[profile / 2 % 3]);
    }
    let raise = |pick: usize| {
        let effect = if pick > 127 { Effect::Hold } else { Effect::Confirm };
        if pick.is_multiple_of(3) { Floors::default() } else { Floors::default().raise(Reason::ALL[pick % 23], effect) }
    };
    Policy::new(Profile::Low, raise(floor), UserSettings { stricter: raise(user) }).unwrap()
}
