//! The policy's answer in words. A reason is never shown as a bare code.

use std::time::Duration;

use kapok_core::{Decision, Reason, ReasonWords};
use serde_json::{Value as Json, json};

use crate::app::App;

/// A decision as lines: what may happen now, and every reason.
pub(crate) fn text(app: &App, decision: &Decision) -> String {
    let reasons: Vec<_> = decision.reasons().iter().copied().collect();
    match decision {
        Decision::Allow(plan) => {
            let heading = if plan.left_out.is_empty() { "decision.allow" } else { "decision.allow_part" };
            with_reasons(app, heading, &reasons, None)
        }
        Decision::Confirm { .. } => lines(app, &reasons, None, true),
        Decision::Hold { recheck_after, .. } if reasons.is_empty() => {
            with_reasons(app, "decision.nothing", &reasons, *recheck_after)
        }
        Decision::Hold { recheck_after, .. } => lines(app, &reasons, *recheck_after, false),
    }
}

/// Why nothing leaves, or what has to be confirmed, as lines.
pub(crate) fn lines(app: &App, reasons: &[Reason], recheck_after: Option<Duration>, asks: bool) -> String {
    with_reasons(app, if asks { "decision.confirm" } else { "decision.hold" }, reasons, recheck_after)
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

pub(crate) fn json(app: &App, decision: &Decision) -> Json {
    let reasons: Vec<_> = decision.reasons().iter().copied().collect();
    match decision {
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
