//! Runs the golden table (`golden.txt`): what the profiles promise, row by row.

use super::decide::decide;
use super::decision::{Decision, Lanes};
use super::profile::{Policy, Profile};
use super::queue::Asked;
use super::reason::Reason;
use super::situations::{Case, NOW, best, fields, work};

/// The best situation with these facts changed.
fn parse(changes: &str) -> Case {
    let mut case = best();
    for change in changes.split(' ').filter(|change| *change != "(best)") {
        let (name, value) = change.split_once('=').unwrap();
        match name {
            "work" => case.queue.work = work(value).unwrap(),
            "asked" => case.queue.asked = Asked::ByPerson,
            _ => set(&mut case, name, value),
        }
    }
    case
}

fn set(case: &mut Case, name: &str, value: &str) {
    let fields = fields();
    let field = fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("no fact {name}"));
    if let Some(at) = field.values.iter().position(|known| known == value) {
        return (field.set)(case, at);
    }
    // A time of the row's own.
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let time = crate::time::Time(digits.parse().unwrap());
    match name {
        "intercepted" => case.facts.intercepted = super::Seen::At(time),
        "filtered" => case.facts.filtered = super::Seen::At(time),
        "user_hold" => case.facts.user_hold = super::UserHold::Until(time),
        "last_batch" => case.queue.last_batch = super::LastBatch::Ended(time),
        _ => panic!("{name} has no value {value}"),
    }
}

fn names<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> String {
    reasons.into_iter().map(|reason| format!(" {reason}")).collect()
}

fn lanes(lanes: Lanes) -> String {
    let named = [(lanes.errand, "errand"), (lanes.text, "text"), (lanes.media, "media")];
    named.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect::<Vec<_>>().join("+")
}

fn print(decision: &Decision) -> String {
    let left_out = |reasons: &std::collections::BTreeSet<Reason>| {
        if reasons.is_empty() { String::new() } else { format!("; left out{}", names(reasons)) }
    };
    match decision {
        Decision::Allow(plan) => format!("allow {}{}", lanes(plan.lanes), left_out(&plan.left_out)),
        Decision::Confirm { reasons, plan } => {
            format!("confirm {}:{}{}", lanes(plan.lanes), names(reasons), left_out(&plan.left_out))
        }
        Decision::Hold { reasons, recheck_after } => {
            let recheck = recheck_after.map_or(String::new(), |wait| format!("; recheck {}", wait.as_secs()));
            format!("hold:{}{recheck}", names(reasons))
        }
    }
}

/// Rows that come out otherwise, and how many rows there are.
fn run(table: &str) -> (Vec<String>, usize) {
    let (mut wrong, mut rows, mut changes) = (Vec::new(), 0, "");
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some(row) = line.strip_prefix("  ") else {
            changes = line;
            continue;
        };
        let (profile, expected) = row.split_once("->").unwrap();
        let policy = Policy::of_any_profile(Profile::from_code(profile.trim()).unwrap());
        let case = parse(changes);
        let got = print(&decide(&policy, &case.facts, &case.queue, NOW));
        rows += 1;
        if got != expected.trim() {
            wrong.push(format!("{changes} {profile}: {got}, expected{expected}"));
        }
    }
    (wrong, rows)
}

#[test]
fn every_row_of_the_golden_table_comes_out_as_written() {
    let table = include_str!("golden.txt");
    let (wrong, rows) = run(table);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows >= 150, "only {rows} rows");

    // Control: a table with one word changed is noticed.
    let (wrong, _) = run(&table.replacen("hold: no_network", "allow text+media", 1));
    assert_eq!(wrong.len(), 1);
}
