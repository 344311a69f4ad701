//! `sync`: sends what the policy allows of the vault whose passphrase is given, and tells all of it. What has no verified receipt
//! stays. Without a passphrase see [`super::sync_locked`].

use std::time::{Duration, Instant};

use kapok_core::wire::rng;
use kapok_core::{Backoff, Decision, Device, RouteError, RouteRemedy, SyncEnd, SyncReport, SystemClock};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::args::SyncArgs;
use crate::connection::{self, Connection};
use crate::decision::{self, About};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{confirm, output, problem, trouble};

/// Between two looks for a hold while waiting for the next try.
const LOOK: Duration = Duration::from_millis(200);

pub(crate) fn run(app: &App, args: &SyncArgs) -> Result<(), Failure> {
    let device = app.unlock()?;
    let end = Instant::now() + Duration::from_secs(args.wait.unwrap_or(0));
    let mut left = args.max_objects.unwrap_or(u32::MAX);
    let mut waits = Backoff::new(Duration::from_secs(1), Duration::from_secs(30), u64::from_be_bytes(rng::bytes()));
    let mut sum: Option<SyncReport> = None;
    loop {
        let mut connection = Connection::of(app, &device, &args.network)?;
        if sum.is_none() && connection.organisation.as_ref().is_some_and(|organisation| organisation.expired) {
            refresh(app, &device, &connection);
        }
        connection.options.max_objects = left;
        connection.options.confirmed = args.confirm.iter().copied().collect();
        let report = once(app, &device, &mut connection)?;
        left = left.saturating_sub(report.sent);
        let total = add(sum.take(), report);
        // A network that comes back, a server that starts again: worth another try while there is time.
        let again = matches!(&total.end, SyncEnd::Interrupted(error) if error.remedy() == RouteRemedy::Transient);
        let wait = waits.next().unwrap_or_default();
        if !again || Instant::now() + wait >= end {
            return done(app, &device, total);
        }
        if let SyncEnd::Interrupted(error) = total.end {
            app.say(trouble::key(error));
        }
        connection::run(pause(&device, wait))?;
        sum = Some(total);
    }
}

/// Waits, but no longer than until a hold.
async fn pause(device: &Device, wait: Duration) -> kapok_core::Result<()> {
    let end = Instant::now() + wait;
    while Instant::now() < end && !device.is_held()? {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// One sync; a question of the policy is put to the person if there is one.
fn once(app: &App, device: &Device, connection: &mut Connection) -> Result<SyncReport, Failure> {
    let report = send(app, device, connection)?;
    let SyncEnd::Held(Decision::Confirm { reasons, .. }) = &report.end else { return Ok(report) };
    if !app.may_ask() || !confirm::send(app, reasons, About::waiting(device)?)? {
        return Ok(report);
    }
    connection.options.confirmed.extend(reasons);
    let after = send(app, device, connection)?;
    Ok(add(Some(report), after))
}

fn send(app: &App, device: &Device, connection: &Connection) -> Result<SyncReport, Failure> {
    let mut bar = Bar::new(app);
    let mut show = |progress| bar.show(progress);
    let report = connection::run(device.sync(&connection.facts, &connection.options, &SystemClock, &mut show));
    bar.end();
    report
}

/// Old settings are asked for anew first. If that fails, the policy asks the person about sending under the old ones.
fn refresh(app: &App, device: &Device, connection: &Connection) {
    let asked = connection::run(device.refresh_bundle(&connection.facts, &connection.options, app.now()));
    let new = asked.is_ok_and(|report| report.end == SyncEnd::Done);
    app.say(if new { "note.bundle_renewed" } else { "note.bundle_expired" });
}

fn add(before: Option<SyncReport>, now: SyncReport) -> SyncReport {
    let Some(before) = before else { return now };
    SyncReport {
        sent: before.sent + now.sent,
        bytes_up: before.bytes_up + now.bytes_up,
        bytes_down: before.bytes_down + now.bytes_down,
        round_trips: before.round_trips + now.round_trips,
        ..now
    }
}

fn done(app: &App, device: &Device, report: SyncReport) -> Result<(), Failure> {
    let about = About::waiting(device)?;
    if app.json {
        // One document for scripts, also if not everything went; the exit code tells how it ended.
        output::document(&json(app, &report));
        return ended(report.end, about).map_err(Failure::told);
    }
    // A sync that was held before the first byte has only its reasons to tell.
    let (sent, waiting) = (report.sent.to_string(), report.waiting.to_string());
    if report.sent > 0 || report.round_trips > 0 || report.end == SyncEnd::Done {
        output::result(&app.words.fill("sync.sent", &[("sent", &sent), ("waiting", &waiting)]));
    }
    if report.round_trips > 0 {
        output::result(&app.words.fill(
            "sync.traffic",
            &[
                ("up", &output::size(report.bytes_up)),
                ("down", &output::size(report.bytes_down)),
                ("trips", &report.round_trips.to_string()),
            ],
        ));
    }
    if report.end == SyncEnd::Done {
        output::result(app.words.get(if report.waiting == 0 { "sync.all" } else { "sync.limit" }));
    }
    ended(report.end, about)
}

/// The end of a sync or an enrolment as success or failure.
pub(super) fn ended(end: SyncEnd, about: About) -> Result<(), Failure> {
    match end {
        SyncEnd::Done | SyncEnd::Held(Decision::Allow(_)) => Ok(()),
        SyncEnd::Held(Decision::Hold { reasons, recheck_after }) => {
            Err(Failure::Held { reasons: reasons.into_iter().collect(), recheck_after, asks: false, about })
        }
        SyncEnd::Held(Decision::Confirm { reasons, .. }) => {
            Err(Failure::Held { reasons: reasons.into_iter().collect(), recheck_after: None, asks: true, about })
        }
        SyncEnd::Interrupted(error) => Err(interrupted(error)),
        SyncEnd::Refused(refused) => Err(Failure::new(problem::key(refused), problem::exit(refused))),
    }
}

fn interrupted(error: RouteError) -> Failure {
    Failure::new(trouble::key(error), trouble::exit(error))
}

fn json(app: &App, report: &SyncReport) -> Json {
    let end = match &report.end {
        SyncEnd::Done if report.waiting > 0 => json!({"kind": "limit"}),
        SyncEnd::Done => json!({"kind": "done"}),
        SyncEnd::Held(decision) => decision::json(app, decision, true),
        SyncEnd::Interrupted(error) => {
            let key = trouble::key(*error);
            json!({"kind": "interrupted", "code": key.trim_start_matches("line."), "text": app.words.get(key)})
        }
        SyncEnd::Refused(refused) => {
            let key = problem::key(*refused);
            json!({"kind": "refused", "code": key.trim_start_matches("problem."), "text": app.words.get(key)})
        }
    };
    json!({
        "sent": report.sent,
        "waiting": report.waiting,
        "bytes_up": report.bytes_up,
        "bytes_down": report.bytes_down,
        "round_trips": report.round_trips,
        "end": end,
    })
}
