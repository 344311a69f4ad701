//! All claims, in the order in which their lines are printed. A new one is a file here and a line below.

mod e1;
mod m1;
mod s1;
mod s10;
mod s11;
mod s12;
mod s13;
mod s2;
mod s3;
mod s4;
mod s5;
mod s6;
mod s8;
mod s9;

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};

/// All of them.
pub const ALL: &[Claim] = &[
    s1::CLAIM,
    s2::CLAIM,
    s3::CLAIM,
    s4::CLAIM,
    s5::CLAIM,
    s6::CLAIM,
    s8::CLAIM,
    s9::CLAIM,
    s10::CLAIM,
    s11::CLAIM,
    s12::CLAIM,
    s13::CLAIM,
    e1::CLAIM,
    m1::CLAIM,
];

/// Runs a test of the core that prints `prove: N of …`: it holds if N is 0. `off` is the defence to switch off.
fn core_line(budget: &Budget, name: &str, rounds: usize, off: &str) -> Verdict {
    let figure = core_figure(budget, name, rounds, off);
    Verdict::new(figure.starts_with("0 of "), figure)
}

/// What a test of the core prints after `prove: `.
fn core_figure(budget: &Budget, name: &str, rounds: usize, off: &str) -> String {
    let variables = [
        ("KAPOK_PROVE_ROUNDS", rounds.to_string()),
        ("KAPOK_PROVE_SEED", budget.seed.to_string()),
        ("KAPOK_PROVE_CONTROL", off.to_owned()),
    ];
    let (said, _) = budget.core_test(name, true, &variables);
    let (_, figure) = said.split_once("prove: ").expect("a line of figures");
    figure.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_claims_share_an_id() {
        let mut ids: Vec<_> = ALL.iter().map(|claim| claim.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
    }
}
