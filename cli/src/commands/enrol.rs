//! `enrol`: from an invite to an organisation. Each vault has an enrolment of its own, so it asks for the passphrase; it obeys
//! the policy and the hold.

use kapok_core::report::printable;
use kapok_core::wire::Invite;
use serde_json::json;

use super::sync::ended;
use crate::app::App;
use crate::args::EnrolArgs;
use crate::decision::About;
use crate::failure::Failure;
use crate::{connection, invite, output};

pub(crate) fn run(app: &App, args: &EnrolArgs) -> Result<(), Failure> {
    let device = app.open()?;
    let invite: Invite = invite::read(app, args.file.as_deref())?;
    app.unlock_this(&device)?;
    // The core refuses an address it cannot use, with its own words.
    let addresses: Vec<_> = invite.address.parse().into_iter().collect();
    let (facts, options) = connection::look(app, &args.network, &addresses);
    let report = connection::run(device.enrol(&invite, &facts, &options, app.now()))?;
    ended(report.end, About::Everything)?;
    let organisation = report.organisation.unwrap_or_default();
    if app.json {
        output::document(&json!({"enrolled": true, "organisation": organisation}));
    } else {
        output::result(&app.words.fill("enrol.done", &[("organisation", &printable(&organisation))]));
        app.say("enrol.next");
    }
    Ok(())
}
