//! What a claim is, and the line it becomes.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, Once};
use std::thread::{self, ThreadId};
use std::time::Duration;

use serde_json::{Value, json};

use crate::budget::Budget;

/// A promise about the vault, as data: how to measure it, and how to measure it with the defence off.
#[derive(Clone, Copy)]
pub struct Claim {
    /// As in the threat model: S1, E1, M1…
    pub id: &'static str,
    /// What is promised.
    pub title: &'static str,
    /// At full budget its times are judged, so nothing else runs meanwhile.
    pub timed: bool,
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

/// A claim and its control, measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The claim.
    pub defended: Verdict,
    /// Its control.
    pub control: Verdict,
}

impl Measured {
    /// Measures both, here.
    #[must_use]
    pub fn here(claim: &Claim, budget: &mut Budget) -> Self {
        let defended = caught(|| (claim.defended)(budget));
        Self { defended, control: caught(|| (claim.control)(budget)) }
    }

    /// Neither could be measured.
    #[must_use]
    pub fn broke(why: &str) -> Self {
        let broken = Verdict { figure: format!("broke: {why}"), holds: None };
        Self { defended: broken.clone(), control: broken }
    }

    /// For the process that asked.
    #[must_use]
    pub fn to_json(&self) -> String {
        let side = |verdict: &Verdict| json!({ "figure": verdict.figure, "holds": verdict.holds });
        json!({ "defended": side(&self.defended), "control": side(&self.control) }).to_string()
    }

    /// What [`Measured::to_json`] wrote.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let both: Value = serde_json::from_str(line).ok()?;
        let side = |name: &str| {
            let side = both.get(name)?;
            Some(Verdict { figure: side.get("figure")?.as_str()?.to_owned(), holds: side.get("holds")?.as_bool() })
        };
        Some(Self { defended: side("defended")?, control: side("control")? })
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
    /// The line of a claim that was measured so.
    #[must_use]
    pub fn new(claim: &Claim, measured: Measured, short: bool, seed: u64, took: Duration) -> Self {
        let Measured { defended, control } = measured;
        Self { id: claim.id, title: claim.title, defended, control, short, seed, took }
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

/// Every panic since the last measurement began: where and why, and in which thread.
static PANICS: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

/// A panic means that the measurement broke; where and why is its figure.
///
/// A thread that a measurement started has panicked before it, if at all: what it said is the reason, and that of the measurement
/// itself then often only that a thread panicked.
fn caught(measure: impl FnOnce() -> Verdict) -> Verdict {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let text = info.to_string().replace('\n', " ");
            PANICS.lock().unwrap().push((thread::current().id(), text));
        }));
    });
    let before = PANICS.lock().unwrap().len();
    panic::catch_unwind(AssertUnwindSafe(measure)).unwrap_or_else(|_| {
        let panics = PANICS.lock().unwrap();
        let since = panics.iter().skip(before);
        let (own, other): (Vec<_>, Vec<_>) = since.partition(|(of, _)| *of == thread::current().id());
        let texts = [other.last(), own.last()].into_iter().flatten().map(|(_, text)| text.as_str());
        Verdict { figure: format!("broke: {}", texts.collect::<Vec<_>>().join("; then ")), holds: None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(defended: fn(&mut Budget) -> Verdict, control: fn(&mut Budget) -> Verdict) -> Line {
        let claim = Claim { id: "X1", title: "a trial", timed: false, defended, control };
        let measured = Measured::here(&claim, &mut Budget::new(true, 7, None, None));
        Line::new(&claim, measured, true, 7, Duration::ZERO)
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
    fn a_panic_in_a_thread_that_a_measurement_started_is_named() {
        let breaks = |_: &mut Budget| {
            thread::scope(|scope| drop(scope.spawn(|| panic!("a torn page"))));
            Verdict::new(true, "0")
        };
        let figure = measured(breaks, breaks).defended.figure;
        assert!(figure.contains("a torn page"), "{figure}");
    }

    #[test]
    fn what_was_measured_gets_whole_to_the_process_that_asked() {
        let broken = Verdict { figure: "broke: \"why\"\n".into(), holds: None };
        for defended in [Verdict::new(true, "0 of 9"), Verdict::new(false, "ស"), broken] {
            let measured = Measured { defended, control: Verdict::new(false, "9") };
            assert_eq!(Measured::parse(&measured.to_json()), Some(measured));
        }
        assert_eq!(Measured::parse("{}"), None);
        let cut = Measured::broke("it was killed");
        assert_eq!((cut.defended.holds, cut.control.holds), (None, None));
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
