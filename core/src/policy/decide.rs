//! The engine: walks the table, collects everything that stands in the way, and says what is left.

use std::collections::BTreeSet;
use std::time::Duration;

use super::decision::{Decision, Lanes, Plan};
use super::facts::Facts;
use super::pace::Pace;
use super::profile::{Effect, Policy};
use super::queue::{QueueFacts, Work};
use super::reason::Reason;
use super::rules::{Effects, Found, RULES, Rule, Situation};
use crate::time::Time;

/// Says whether what waits may leave now.
///
/// Pure: the same arguments always give the same answer. What is not positively allowed is held.
pub fn decide(policy: &Policy, facts: &Facts, queue: &QueueFacts, now: Time) -> Decision {
    conclude(policy, queue, now, &obstacles(&RULES, policy, facts, queue, now))
}

/// One thing in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) reason: Reason,
    pub(super) errand: Effect,
    pub(super) effects: Effects,
    pub(super) lasts: Option<Duration>,
}

/// Everything in the way, by the given rules.
pub(super) fn obstacles(
    rules: &[Rule],
    policy: &Policy,
    facts: &Facts,
    queue: &QueueFacts,
    now: Time,
) -> Vec<Obstacle> {
    let situation = Situation { facts, queue, pace: Pace::of(policy.profile()), now };
    rules
        .iter()
        .filter_map(|rule| {
            let found = (rule.find)(&situation);
            if found == Found::Fine {
                return None;
            }
            let effects = rule.effects(policy.profile(), found);
            let floor = policy.floor(rule.reason);
            let settle = |effect: Effect| match effect.max(floor) {
                Effect::Confirm if queue.confirmed.contains(&rule.reason) => Effect::Allow,
                effect => effect,
            };
            let effects = Effects { text: settle(effects.text), media: settle(effects.media) };
            let errand = if rule.spares_errands { Effect::Allow } else { effects.text };
            let lasts = match found {
                Found::BadFor(time) => Some(time),
                Found::Fine | Found::Unknown | Found::Bad => None,
            };
            Some(Obstacle { reason: rule.reason, errand, effects, lasts })
        })
        .collect()
}

/// A lane that has work, and how to read an obstacle's effect on it.
type Lane = (Lanes, fn(&Obstacle) -> Effect);

/// The lanes that have work.
fn wanted(work: Work) -> Vec<Lane> {
    let errand: Lane = (Lanes { errand: true, ..Lanes::NONE }, |o| o.errand);
    let text: Lane = (Lanes { text: true, ..Lanes::NONE }, |o| o.effects.text);
    let media: Lane = (Lanes { media: true, ..Lanes::NONE }, |o| o.effects.media);
    match work {
        Work::Errand => vec![errand],
        Work::Upload { text: 0, media: 0 } => Vec::new(),
        Work::Upload { text: 0, .. } => vec![media],
        Work::Upload { media: 0, .. } => vec![text],
        Work::Upload { .. } => vec![text, media],
    }
}

/// What is left to do with these obstacles.
pub(super) fn conclude(policy: &Policy, queue: &QueueFacts, now: Time, obstacles: &[Obstacle]) -> Decision {
    let lanes = wanted(queue.work);
    let worst = |read: fn(&Obstacle) -> Effect| obstacles.iter().map(read).max().unwrap_or(Effect::Allow);
    let best = lanes.iter().map(|(_, read)| worst(*read)).min().unwrap_or(Effect::Hold);
    let (open, shut): (Vec<Lane>, Vec<Lane>) = lanes.into_iter().partition(|(_, read)| worst(*read) == best);
    let reasons = |lanes: &[Lane]| -> BTreeSet<Reason> {
        let blocks = |o: &&Obstacle| lanes.iter().any(|(_, read)| read(o) > Effect::Allow);
        obstacles.iter().filter(blocks).map(|o| o.reason).collect()
    };
    let plan = || Plan {
        route: policy.route(),
        lanes: open.iter().fold(Lanes::NONE, |sum, (lane, _)| sum.and(*lane)),
        max_chunks: Pace::of(policy.profile()).max_chunks,
        earliest: now,
        cover: false,
        left_out: reasons(&shut),
    };
    match best {
        Effect::Allow => Decision::Allow(plan()),
        Effect::Confirm => Decision::Confirm { reasons: reasons(&open), plan: plan() },
        Effect::Hold => {
            let reasons = reasons(&open);
            let of_a_reason = |o: &&Obstacle| reasons.contains(&o.reason);
            let recheck_after = obstacles.iter().filter(of_a_reason).filter_map(|o| o.lasts).max();
            Decision::Hold { reasons, recheck_after }
        }
    }
}
