//! What a claim is, and the line it becomes.

use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::budget::Budget;

/// A promise about the vault, as data: how to measure it, and how to measure it with the defence off.
#[derive(Clone, Copy)]
pub struct Claim {
    /// As in the threat model: S1, E1, M1…
    pub id: &'static str,
    /// What is promised.
    pub title: &'static str,
    /// The measurement.
    pub defended: fn(&mut Budget) -> Verdict,
    /// The same with the defence switched off: it must not hold.
    pub control: fn(&mut Budget) -> Verdict,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// In numbers, for a line.
    pub figure: String,
    /// Whether what was promised is so; `None` if the measurement itself broke.
    pub holds: Option<bool>,
}

impl Verdict {
    /// A figure and whether the promise holds.
    #[must_use]
    pub fn new(holds: bool, figure: impl Into<String>) -> Self {
        Self { figure: figure.into(), holds: Some(holds) }
    }

    /// The promise holds if all of these hold.
    #[must_use]
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::join(parts, |all| if all.contains(&None) { None } else { Some(all.iter().all(|one| *one == Some(true))) })
    }

    /// A control of several parts: it holds, which is bad, as soon as one of them does.
    #[must_use]
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::join(parts, |all| if all.contains(&None) { None } else { Some(all.contains(&Some(true))) })
    }

    fn join(parts: impl IntoIterator<Item = Self>, holds: impl Fn(&[Option<bool>]) -> Option<bool>) -> Self {
        let (figures, all): (Vec<_>, Vec<_>) = parts.into_iter().map(|part| (part.figure, part.holds)).unzip();
        Self { figure: figures.join("; "), holds: holds(&all) }
    }
}

/// A claim after it was measured.
#[derive(Clone, Debug)]
pub struct Line {
    /// The claim's id.
    pub id: &'static str,
    /// The claim's title.
    pub title: &'static str,
    /// The claim.
    pub defended: Verdict,
    /// Its control.
    pub control: Verdict,
    /// Measured with small numbers only.
    pub short: bool,
    /// What made its random choices.
    pub seed: u64,
    /// How long both took.
    pub took: Duration,
}

impl Line {
    /// Measures a claim and its control.
    #[must_use]
    pub fn measure(claim: &Claim, budget: &mut Budget) -> Self {
        let start = Instant::now();
        let defended = caught(|| (claim.defended)(budget));
        let control = caught(|| (claim.control)(budget));
        let (id, title, short, seed) = (claim.id, claim.title, budget.short, budget.seed);
        Self { id, title, defended, control, short, seed, took: start.elapsed() }
    }

    /// Proved: the claim holds and its control does not.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.defended.holds == Some(true) && self.control.holds == Some(false)
    }

    /// One line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let line = json!({
            "id": self.id,
            "title": self.title,
            "pass": self.passed(),
            "figure": self.defended.figure,
            "control": self.control.figure,
            "short": self.short,
            "seed": self.seed,
            "seconds": self.took.as_secs(),
        });
        line.to_string()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.passed() { "pass" } else { "FAIL" };
        let broken = match (self.defended.holds, self.control.holds) {
            (_, Some(true)) => " (the control passed: the measurement is blind)",
            (_, None) => " (the control broke)",
            _ => "",
        };
        let Self { id, title, defended, control, .. } = self;
        write!(f, "{id:<4}{word}  {title}: {}; control: {}{broken}", defended.figure, control.figure)
    }
}

/// A panic means that the measurement broke; where and why is its figure.
fn caught(measure: impl FnOnce() -> Verdict) -> Verdict {
    static HOOK: Once = Once::new();
    thread_local!(static LAST: RefCell<String> = const { RefCell::new(String::new()) });
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let text = info.to_string().replace('\n', " ");
            LAST.with(|last| last.replace(text));
        }));
    });
    panic::catch_unwind(AssertUnwindSafe(measure))
        .unwrap_or_else(|_| Verdict { figure: format!("broke: {}", LAST.with(RefCell::take)), holds: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(defended: fn(&mut Budget) -> Verdict, control: fn(&mut Budget) -> Verdict) -> Line {
        let claim = Claim { id: "X1", title: "a trial", defended, control };
        Line::measure(&claim, &mut Budget::new(true, 7, None, None))
    }

    #[test]
    fn a_claim_passes_only_if_it_holds_and_its_control_does_not() {
        let (good, bad) = (|_: &mut Budget| Verdict::new(true, "0"), |_: &mut Budget| Verdict::new(false, "9"));
        assert!(measured(good, bad).passed());
        assert!(!measured(bad, bad).passed());
        let blind = measured(good, good);
        assert!(!blind.passed() && blind.to_string().contains("blind"), "{blind}");
        assert!(measured(good, bad).json().contains(r#""pass":true"#));
    }

    #[test]
    fn a_measurement_that_breaks_proves_nothing_on_either_side() {
        let (good, bad) = (|_: &mut Budget| Verdict::new(true, "0"), |_: &mut Budget| Verdict::new(false, "9"));
        let breaks = |_: &mut Budget| panic!("no such file");
        let line = measured(breaks, bad);
        assert!(!line.passed() && line.defended.figure.contains("no such file"), "{line}");
        assert!(!measured(good, breaks).passed());
    }

    #[test]
    fn parts_join_to_one_verdict() {
        let [yes, no] = [true, false].map(|holds| Verdict::new(holds, holds.to_string()));
        assert_eq!(Verdict::all([yes.clone(), no.clone()]), Verdict::new(false, "true; false"));
        assert_eq!(Verdict::any([yes, no]), Verdict::new(true, "true; false"));
        let broken = Verdict { figure: "broke".into(), holds: None };
        assert_eq!(Verdict::all([broken]).holds, None);
    }
}
