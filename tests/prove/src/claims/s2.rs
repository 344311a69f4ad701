//! S2: after lock nothing of the vault is in memory. The search itself is [`kapok_tests::after_lock`].

use kapok_tests::after_lock::{BARE, WIPING, searched};

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};

/// Memory after lock.
pub(super) const CLAIM: Claim = Claim {
    id: "S2",
    title: "after lock no passphrase, key, answer or file is in memory",
    timed: false,
    defended,
    control,
};

fn defended(budget: &mut Budget) -> Verdict {
    let (rounds, mut hits, mut needles, mut bytes) = (budget.of(50, 2), 0, 0, 0);
    for _ in 0..rounds {
        let found = budget.wait(searched(WIPING, "lock"));
        hits += found.secrets.values().sum::<usize>();
        (needles, bytes) = (found.looked_for, bytes + found.bytes);
    }
    let mib = bytes >> 20;
    Verdict::new(hits == 0, format!("{hits} hits of {needles} secrets and pieces in {rounds} locked vaults, {mib} MiB"))
}

fn control(budget: &mut Budget) -> Verdict {
    let parts = [(WIPING, "open", "before lock"), (BARE, "lock", "with an ordinary heap after lock")];
    Verdict::any(parts.map(|(program, mode, name)| {
        let found = budget.wait(searched(program, mode));
        Verdict::new(found.secrets.is_empty(), format!("{name}: {} hits", found.secrets.values().sum::<usize>()))
    }))
}
