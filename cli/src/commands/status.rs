//! `status`: one look at the vault whose passphrase is given. Without it nothing is told: whoever is shown one vault and locks it
//! must not learn from what waits that there is another.

use kapok_core::ReportState;
use kapok_core::report::printable;
use serde_json::json;

use crate::app::App;
use crate::args::NetworkArgs;
use crate::connection::Connection;
use crate::decision::{self, About};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(app: &App, network: &NetworkArgs) -> Result<(), Failure> {
    let device = app.unlock()?;
    let reports = device.outbox()?;
    let connection = Connection::of(app, &device, network)?;
    let decision = device.decide(&connection.facts, &connection.options, app.now())?;
    let objects: u32 = reports.iter().map(|report| report.objects - report.receipted).sum();
    let waiting = reports.iter().filter(|report| report.state == ReportState::OnThisPhone).count();
    let refused = reports.iter().filter(|report| report.problem.is_some()).count();
    let organisation = connection.organisation;
    let held = device.is_held()?;
    if app.json {
        output::document(&json!({
            "organisation": organisation.as_ref().map(|organisation| &organisation.name),
            "bundle_expired": organisation.as_ref().map(|organisation| organisation.expired),
            "hold": held,
            "reports": reports.len(),
            "reports_waiting": waiting,
            "reports_refused": refused,
            "objects_waiting": objects,
            "decision": decision::json(app, &decision, organisation.is_some()),
        }));
        return Ok(());
    }
    match &organisation {
        Some(organisation) => {
            let name = printable(&organisation.name);
            output::result(&app.words.fill("status.organisation", &[("organisation", &name)]));
            if organisation.expired {
                output::result(app.words.get("note.bundle_expired"));
            }
        }
        None => output::result(app.words.get("status.not_enrolled")),
    }
    output::result(&app.words.fill(
        "status.reports",
        &[
            ("reports", &reports.len().to_string()),
            ("waiting", &waiting.to_string()),
            ("objects", &objects.to_string()),
        ],
    ));
    if refused > 0 {
        output::result(&app.words.fill("status.refused", &[("refused", &refused.to_string())]));
    }
    // The policy names the hold among its reasons, but only if something waits.
    if held && objects == 0 {
        output::result(app.words.get("hold.on"));
    }
    output::result(&decision::text(app, &decision, About::waiting(&device)?));
    Ok(())
}
