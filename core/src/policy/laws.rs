//! The laws of the policy engine, over invented situations; each with a broken engine that must break the law.
//!
//! `PROPTEST_CASES=1000000` runs the nightly budget.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::decide::{conclude, decide, obstacles};
use super::decision::Decision;
use super::facts::{Facts, Panic, Seen, UserHold};
use super::profile::{Effect, Floors, Policy, Profile, UserSettings};
use super::queue::QueueFacts;
use super::reason::Reason;
use super::rules::{FREE, Found, RULES, Rule};
use super::situations::{Case, NOW, best, case, fields, policy};
use crate::time::Time;

type Engine = fn(&Policy, &Facts, &QueueFacts, Time) -> Decision;

/// Where to look: numbers for a policy, a situation, and which fact to turn to which of its values.
type Pick = ([u8; 3], Vec<u8>, [u8; 4], u8, u8);

fn picks() -> impl Strategy<Value = Pick> {
    (any::<[u8; 3]>(), prop::collection::vec(any::<u8>(), 28), any::<[u8; 4]>(), any::<u8>(), any::<u8>())
}

/// Whether the law holds wherever we look.
fn holds(law: fn(Engine, &Pick) -> bool, engine: Engine) -> bool {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases()) });
    let result = runner.run(&picks(), |pick| {
        prop_assert!(law(engine, &pick));
        Ok(())
    });
    result.is_ok()
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3_000)
}

fn ask(engine: Engine, policy: &Policy, case: &Case) -> Decision {
    engine(policy, &case.facts, &case.queue, NOW)
}

fn rank(decision: &Decision) -> u8 {
    match decision {
        Decision::Allow(_) => 0,
        Decision::Confirm { .. } => 1,
        Decision::Hold { .. } => 2,
    }
}

/// Law 1: a worse fact never loosens a decision, nor opens a lane.
fn monotone(engine: Engine, (p, facts, rest, which, to): &Pick) -> bool {
    let (policy, before) = (policy(*p), case(facts, *rest));
    let fields = fields();
    let at = usize::from(*which) % fields.len();
    let now_at = fields[at].at(facts[at]);
    let worse_at = now_at + usize::from(*to) % (fields[at].values.len() - now_at);
    let mut after = before.clone();
    (fields[at].set)(&mut after, worse_at);
    let (before, after) = (ask(engine, &policy, &before), ask(engine, &policy, &after));
    match (&before, &after) {
        (Decision::Allow(better), Decision::Allow(worse)) => worse.lanes.within(better.lanes),
        _ => rank(&before) <= rank(&after),
    }
}

/// Law 2: in Severe, not knowing a fact is no better than its worst value.
fn unknown_is_worst(engine: Engine, (_, facts, rest, which, _): &Pick) -> bool {
    let (policy, mut unknown) = (Policy::of_any_profile(Profile::Severe), case(facts, *rest));
    let fields: Vec<_> = fields().into_iter().filter(|field| field.unknown.is_some()).collect();
    let field = &fields[usize::from(*which) % fields.len()];
    let mut worst = unknown.clone();
    (field.set)(&mut unknown, field.unknown.unwrap());
    (field.set)(&mut worst, field.values.len() - 1);
    rank(&ask(engine, &policy, &unknown)) >= rank(&ask(engine, &policy, &worst))
}

/// Law 3: a user hold, the panic switch and an interception hold, whatever else is true or was confirmed.
fn always_hold(engine: Engine, (p, facts, rest, which, to): &Pick) -> bool {
    let (policy, mut case) = (policy(*p), case(facts, *rest));
    let reason = match which % 3 {
        0 => {
            let holds = [UserHold::UntilReleased, UserHold::Unknown, UserHold::Until(Time(NOW.0 + 1))];
            case.facts.user_hold = holds[usize::from(*to) % 3];
            Reason::UserHold
        }
        1 => {
            case.facts.panic = if to % 2 == 0 { Panic::On } else { Panic::Unknown };
            Reason::Panic
        }
        _ => {
            case.facts.intercepted =
                [Seen::At(NOW), Seen::At(Time(NOW.0 - 86_399)), Seen::Unknown][usize::from(*to) % 3];
            Reason::Intercepted
        }
    };
    matches!(ask(engine, &policy, &case), Decision::Hold { reasons, .. } if reasons.contains(&reason))
}

/// Law 4: whatever would be a reason by itself is named when everything comes together.
fn names_all(engine: Engine, (p, facts, rest, ..): &Pick) -> bool {
    let (policy, all) = (policy(*p), case(facts, *rest));
    let Decision::Hold { reasons, .. } = ask(engine, &policy, &all) else { return true };
    let alone = fields().into_iter().zip(facts).flat_map(|(field, pick)| {
        let mut one = Case { facts: best().facts, queue: all.queue.clone() };
        (field.set)(&mut one, field.at(*pick));
        ask(engine, &policy, &one).reasons().clone()
    });
    alone.collect::<BTreeSet<_>>().is_subset(&reasons)
}

/// Law 5: the same question has the same answer.
fn repeatable(engine: Engine, (p, facts, rest, ..): &Pick) -> bool {
    let (policy, case) = (policy(*p), case(facts, *rest));
    ask(engine, &policy, &case) == ask(engine, &policy, &case)
}

/// Law 6: a stricter profile never allows what a laxer one holds.
fn stricter_is_stricter(engine: Engine, (_, facts, rest, ..): &Pick) -> bool {
    let case = case(facts, *rest);
    let ranks = Profile::ALL.map(|profile| rank(&ask(engine, &Policy::of_any_profile(profile), &case)));
    ranks.is_sorted()
}

/// Law 7: setting one fact after another right leads from "nothing is known" to Allow.
fn reachable(engine: Engine, (p, ..): &Pick) -> bool {
    let policy = policy(*p);
    let mut case = Case { facts: Facts::unknown(), queue: best().queue };
    let mut last = ask(engine, &policy, &case);
    for field in fields() {
        (field.set)(&mut case, 0);
        last = ask(engine, &policy, &case);
    }
    rank(&last) == 0
}

/// An engine with the table changed by `change`.
fn with_rules(
    change: impl Fn(Rule) -> Option<Rule>,
    (policy, facts, queue, now): (&Policy, &Facts, &QueueFacts, Time),
) -> Decision {
    let rules: Vec<Rule> = RULES.into_iter().filter_map(change).collect();
    conclude(policy, queue, now, &obstacles(&rules, policy, facts, queue, now))
}

fn without(reason: Reason, asked: (&Policy, &Facts, &QueueFacts, Time)) -> Decision {
    with_rules(|rule| (rule.reason != reason).then_some(rule), asked)
}

#[test]
fn law_1_a_worse_fact_never_loosens_a_decision() {
    assert!(holds(monotone, decide));
    // Control: one comparison turned round.
    fn turned(p: &Policy, f: &Facts, q: &QueueFacts, now: Time) -> Decision {
        let turn = |rule: Rule| match rule.reason {
            Reason::Captive => Some(Rule {
                find: |s| if s.facts.captive == super::Captive::Yes { Found::Fine } else { Found::Bad },
                ..rule
            }),
            _ => Some(rule),
        };
        with_rules(turn, (p, f, q, now))
    }
    assert!(!holds(monotone, turned));
}

#[test]
fn law_2_in_severe_unknown_is_as_bad_as_the_worst() {
    assert!(holds(unknown_is_worst, decide));
    // Control: the unknown columns emptied.
    fn trusting(p: &Policy, f: &Facts, q: &QueueFacts, now: Time) -> Decision {
        with_rules(|rule| Some(Rule { unknown: [FREE; 3], ..rule }), (p, f, q, now))
    }
    assert!(!holds(unknown_is_worst, trusting));
}

#[test]
fn law_3_user_hold_panic_and_interception_always_hold() {
    assert!(holds(always_hold, decide));
    // Control: each of the three rows taken out in turn.
    assert!(!holds(always_hold, |p, f, q, now| without(Reason::UserHold, (p, f, q, now))));
    assert!(!holds(always_hold, |p, f, q, now| without(Reason::Panic, (p, f, q, now))));
    assert!(!holds(always_hold, |p, f, q, now| without(Reason::Intercepted, (p, f, q, now))));
}

#[test]
fn law_4_a_hold_names_every_reason() {
    assert!(holds(names_all, decide));
    // Control: an engine that stops at the first thing that holds.
    fn hasty(p: &Policy, f: &Facts, q: &QueueFacts, now: Time) -> Decision {
        let all = obstacles(&RULES, p, f, q, now);
        let first = all.iter().position(|o| o.effects.text == Effect::Hold).map_or(all.len(), |at| at + 1);
        conclude(p, q, now, &all[..first])
    }
    assert!(!holds(names_all, hasty));
}

#[test]
fn law_5_the_same_question_has_the_same_answer() {
    assert!(holds(repeatable, decide));
    // Control: an engine with a memory.
    fn moody(p: &Policy, f: &Facts, q: &QueueFacts, now: Time) -> Decision {
        static ASKED: AtomicU64 = AtomicU64::new(0);
        decide(p, f, q, now.after(std::time::Duration::from_secs(ASKED.fetch_add(1, Ordering::Relaxed))))
    }
    assert!(!holds(repeatable, moody));
}

#[test]
fn law_6_a_stricter_profile_never_allows_what_a_laxer_one_holds() {
    assert!(holds(stricter_is_stricter, decide));
    // Control: the columns in the wrong order.
    fn swapped(p: &Policy, f: &Facts, q: &QueueFacts, now: Time) -> Decision {
        let swap = |[low, elevated, severe]: [_; 3]| [severe, elevated, low];
        with_rules(|rule| Some(Rule { bad: swap(rule.bad), unknown: swap(rule.unknown), ..rule }), (p, f, q, now))
    }
    assert!(!holds(stricter_is_stricter, swapped));
}

#[test]
fn law_7_every_profile_can_reach_allow() {
    assert!(holds(reachable, decide));
    // Control: a rule that nothing satisfies.
    fn dead(p: &Policy, f: &Facts, q: &QueueFacts, now: Time) -> Decision {
        let never = |rule: Rule| match rule.reason {
            Reason::OutsideWindow => Some(Rule { find: |_| Found::Bad, bad: RULES[0].bad, ..rule }),
            _ => Some(rule),
        };
        with_rules(never, (p, f, q, now))
    }
    assert!(!holds(reachable, dead));
}

#[test]
fn an_allow_is_never_for_later_and_never_without_a_lane() {
    let sane: fn(Engine, &Pick) -> bool = |engine, (p, facts, rest, ..)| {
        let Decision::Allow(plan) = ask(engine, &policy(*p), &case(facts, *rest)) else { return true };
        plan.earliest <= NOW && plan.lanes != super::Lanes::NONE && !plan.cover && plan.max_chunks > 0
    };
    assert!(holds(sane, decide));
}

#[test]
fn nothing_known_is_held_and_the_reasons_are_named() {
    let policy = Policy::new(Profile::Low, Floors::default(), UserSettings::default()).unwrap();
    for queue in [best().queue, QueueFacts::errand(super::Asked::ByPerson)] {
        let decision = decide(&policy, &Facts::unknown(), &queue, NOW);
        let named = [Reason::UserHold, Reason::Panic, Reason::NoNetwork, Reason::Captive, Reason::Intercepted];
        assert!(named.iter().all(|reason| decision.reasons().contains(reason)));
        assert_eq!(rank(&decision), 2);
    }
}

#[test]
fn a_floor_raises_a_reason_also_where_the_fact_is_unknown() {
    let floors = Floors::default().raise(Reason::Roaming, Effect::Hold);
    let policy = Policy::new(Profile::Low, floors, UserSettings::default()).unwrap();
    let mut case = best();
    assert_eq!(rank(&ask(decide, &policy, &case)), 0);
    for roaming in [super::Roaming::Unknown, super::Roaming::Yes] {
        case.facts.roaming = roaming;
        let decision = ask(decide, &policy, &case);
        assert_eq!(decision, Decision::Hold { reasons: [Reason::Roaming].into(), recheck_after: None });
    }
    // Control: without the floor, Low lets it pass.
    assert_eq!(rank(&ask(decide, &Policy::of_any_profile(Profile::Low), &case)), 0);
}

#[test]
fn a_yes_turns_a_question_into_an_allow_but_never_a_hold() {
    let policy = Policy::of_any_profile(Profile::Low);
    let mut case = best();
    case.facts.proxy = super::Proxy::Present;
    assert_eq!(rank(&ask(decide, &policy, &case)), 1);
    case.queue.confirmed = [Reason::ProxyPresent, Reason::UserHold].into();
    assert_eq!(rank(&ask(decide, &policy, &case)), 0);
    case.facts.user_hold = UserHold::UntilReleased;
    assert_eq!(rank(&ask(decide, &policy, &case)), 2);
}
