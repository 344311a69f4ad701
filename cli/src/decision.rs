//! The policy's answer in words. A reason is never shown as a bare code.

use std::time::Duration;

use kapok_core::{Decision, Device, Reason, ReasonWords, Work};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::failure::Failure;

/// What a hold or a question is about. Somebody whose text has gone must not read that nothing is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Everything,
    /// All text has its receipts; photos, sound and documents wait.
    Media,
}

impl About {
    pub(crate) fn waiting(device: &Device) -> Result<Self, Failure> {
        // What was refused waits no longer, and is not sent either.
        let refused = device.outbox()?.iter().any(|report| report.problem.is_some());
        Ok(match device.waiting()? {
            Work::Upload { text: 0, media: 1.. } if !refused => Self::Media,
            _ => Self::Everything,
        })
    }
}

/// A decision as lines: what may happen now, and every reason.
pub(crate) fn text(app: &App, decision: &Decision, about: About) -> String {
    let reasons: Vec<_> = decision.reasons().iter().copied().collect();
    match decision {
        Decision::Allow(plan) => {
            let heading = if plan.left_out.is_empty() { "decision.allow" } else { "decision.allow_part" };
            with_reasons(app, heading, &reasons, None)
        }
        Decision::Confirm { .. } => lines(app, &reasons, None, true, about),
        Decision::Hold { recheck_after, .. } if reasons.is_empty() => {
            with_reasons(app, "decision.nothing", &reasons, *recheck_after)
        }
        Decision::Hold { recheck_after, .. } => lines(app, &reasons, *recheck_after, false, about),
    }
}

/// Why nothing leaves, or what has to be confirmed, as lines.
pub(crate) fn lines(
    app: &App,
    reasons: &[Reason],
    recheck_after: Option<Duration>,
    asks: bool,
    about: About,
) -> String {
    let heading = match (about, asks) {
        (About::Everything, true) => "decision.confirm",
        (About::Everything, false) => "decision.hold",
        (About::Media, true) => "decision.confirm_media",
        (About::Media, false) => "decision.hold_media",
    };
    with_reasons(app, heading, reasons, recheck_after)
}

fn with_reasons(app: &App, heading: &str, reasons: &[Reason], recheck_after: Option<Duration>) -> String {
    let words = ReasonWords::load();
    let mut lines = vec![app.words.get(heading).to_owned()];
    lines.extend(reasons.iter().map(|reason| format!("  - {}", words.get(*reason, app.lang.of_reasons()))));
    if let Some(wait) = recheck_after {
        let minutes = wait.as_secs().div_ceil(60).to_string();
        lines.push(app.words.fill("decision.recheck", &[("minutes", &minutes)]));
    }
    lines.join("\n")
}

/// A decision for scripts. A hold always has reasons there: that there is nothing to decide has kinds of its own.
pub(crate) fn json(app: &App, decision: &Decision, enrolled: bool) -> Json {
    let reasons: Vec<_> = decision.reasons().iter().copied().collect();
    match decision {
        _ if !enrolled => document(app, "not_enrolled", &[], None),
        Decision::Hold { .. } if reasons.is_empty() => document(app, "nothing_waits", &[], None),
        Decision::Allow(_) => document(app, "allow", &reasons, None),
        Decision::Confirm { .. } => document(app, "confirm", &reasons, None),
        Decision::Hold { recheck_after, .. } => document(app, "hold", &reasons, *recheck_after),
    }
}

pub(crate) fn document(app: &App, kind: &str, reasons: &[Reason], recheck_after: Option<Duration>) -> Json {
    let words = ReasonWords::load();
    let view = |reason: &Reason| json!({"code": reason.code(), "text": words.get(*reason, app.lang.of_reasons())});
    json!({
        "kind": kind,
        "reasons": reasons.iter().map(view).collect::<Vec<_>>(),
        "recheck_after_seconds": recheck_after.map(|wait| wait.as_secs()),
    })
}
