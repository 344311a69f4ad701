//! `outbox`: every finished report, how far it is, and why it is not further. Asks for the passphrase, because only the vault
//! knows which report is which.

use kapok_core::{OutboxView, ReportState};
use serde_json::{Value as Json, json};

use crate::app::{App, day};
use crate::args::OutboxArgs;
use crate::connection::Connection;
use crate::decision::{self, About};
use crate::failure::Failure;
use crate::{output, problem};

pub(crate) fn run(app: &App, args: &OutboxArgs) -> Result<(), Failure> {
    if args.renew {
        app.renew_queue_file()?;
    }
    let device = app.unlock()?;
    if args.renew && device.is_outbox_damaged()? {
        device.renew_damaged_outbox()?;
        app.say("outbox.renewed");
    }
    let reports = device.outbox()?;
    let connection = Connection::of(app, &device, &args.network)?;
    let decision = device.decide(&connection.facts, &connection.options, app.now())?;
    if app.json {
        let reports: Vec<_> = reports.iter().map(|report| json(app, report)).collect();
        let decision = decision::json(app, &decision, connection.organisation.is_some());
        output::document(&json!({"reports": reports, "decision": decision}));
        return Ok(());
    }
    if reports.is_empty() {
        output::result(app.words.get("outbox.empty"));
    }
    for report in &reports {
        output::result(&line(app, report));
        if let Some(refused) = report.problem {
            output::result(&format!("  ! {}", app.words.get(problem::key(refused))));
        }
    }
    if reports.iter().any(|report| report.state == ReportState::OnThisPhone) {
        output::result(&decision::text(app, &decision, About::waiting(&device)?));
    }
    Ok(())
}

fn line(app: &App, report: &OutboxView) -> String {
    app.words.fill(
        "outbox.row",
        &[
            ("code", report.code.as_deref().unwrap_or("-")),
            ("day", &report.day.map_or_else(|| "-".to_owned(), day)),
            ("state", app.words.get(state(report.state).1)),
            ("done", &report.receipted.to_string()),
            ("total", &report.objects.to_string()),
        ],
    )
}

fn json(app: &App, report: &OutboxView) -> Json {
    let (state, words) = state(report.state);
    let problem = report.problem.map(|refused| {
        let key = problem::key(refused);
        json!({"code": key.trim_start_matches("problem."), "text": app.words.get(key)})
    });
    json!({
        "code": report.code,
        "day": report.day.map(day),
        "state": state,
        "state_text": app.words.get(words),
        "objects": report.objects,
        "receipted": report.receipted,
        "attempts": report.attempts,
        "problem": problem,
    })
}

/// The stable name and the words of a state.
fn state(state: ReportState) -> (&'static str, &'static str) {
    match state {
        ReportState::OnThisPhone => ("on_this_phone", "state.on_this_phone"),
        ReportState::ServerHasAll => ("server_has_all", "state.server_has_all"),
        ReportState::DeskOpened => ("desk_opened", "state.desk_opened"),
    }
}
