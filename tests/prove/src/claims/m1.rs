//! M1: what older versions wrote opens, whole; what a newer one wrote is refused untouched; a cut migration loses nothing.
//!
//! The old files are committed in `core/vectors/` and are never made again. The measuring is inside the core, which can read
//! them without a device around them.

use crate::budget::Budget;
use crate::claim::{Claim, Verdict};

/// Migrations.
pub(super) const CLAIM: Claim = Claim {
    id: "M1",
    title: "old files open whole, newer ones are refused untouched, and a cut migration loses nothing",
    timed: false,
    defended,
    control,
};

const CUT: &str = "vault::prove_tests::cut_migrations";
const VECTORS: [&str; 2] = ["vault::vector_tests::", "vault::migrate_tests::"];

fn defended(budget: &mut Budget) -> Verdict {
    let opened: usize = VECTORS.iter().map(|prefix| budget.core_test(prefix, false, &[]).1).sum();
    let tests = Verdict::new(opened >= 10, format!("{opened} tests of committed old files passed"));
    Verdict::all([tests, super::core_line(budget, CUT, budget.of(2_000, 40), "")])
}

fn control(budget: &mut Budget) -> Verdict {
    let core = super::core_line(budget, CUT, budget.of(200, 40), "in-place");
    Verdict { figure: format!("written in place: {}", core.figure), ..core }
}
