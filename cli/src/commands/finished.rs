//! `finished`: what stays of finished reports, how much of it is to stay, and forgetting it.

use kapok_core::report::printable;
use kapok_core::{Device, FinishedId, FinishedView, Profile};
use serde_json::{Value as Json, json};

use crate::app::{App, day};
use crate::args::FinishedArgs;
use crate::failure::{Exit, Failure};
use crate::{confirm, output};

pub(crate) fn run(app: &App, args: &FinishedArgs) -> Result<(), Failure> {
    let forgets = args.forget_all || !args.forget.is_empty() || args.keep.is_some();
    // Refused before the passphrase is asked for.
    let asks = forgets && confirm::must_ask(app, args.yes)?;
    let device = app.unlock()?;
    if args.forget_all {
        if asks && !confirmed(app, "finished.all")? {
            return Ok(());
        }
        device.forget_all_finished()?;
    } else if !args.forget.is_empty() {
        let rows = rows(&device, &args.forget)?;
        if asks && !confirmed(app, "finished.some")? {
            return Ok(());
        }
        device.forget_finished(&rows)?;
    }
    if let Some(kept) = args.keep {
        let mut settings = device.settings()?;
        let stricter = kept > settings.kept_after_finish;
        if asks && stricter && !confirmed(app, "finished.stricter")? {
            return Ok(());
        }
        settings.kept_after_finish = kept;
        device.set_settings(&settings)?;
    }
    show(app, &device)
}

fn confirmed(app: &App, what: &str) -> Result<bool, Failure> {
    let yes = confirm::delete(app, app.words.get(what))?;
    if !yes {
        app.say("discard.kept");
    }
    Ok(yes)
}

/// The rows of these codes; all must be there.
fn rows(device: &Device, codes: &[String]) -> Result<Vec<FinishedId>, Failure> {
    let all = device.finished()?;
    let of = |code: &String| {
        let row = all.iter().find(|view| view.code.eq_ignore_ascii_case(code));
        row.map(|view| view.id).ok_or(Failure::new("error.no_such_code", Exit::NothingThere))
    };
    codes.iter().map(of).collect()
}

fn show(app: &App, device: &Device) -> Result<(), Failure> {
    let (rows, count) = (device.finished()?, device.finished_count()?);
    let kept = device.settings()?.kept_after_finish;
    if app.json {
        let rows: Vec<Json> = rows.iter().map(document).collect();
        output::document(&json!({"finished": rows, "count": count, "kept": kept.code()}));
        return Ok(());
    }
    for view in &rows {
        output::result(&row(app, device, view));
    }
    output::result(&app.words.fill("finished.count", &[("count", &count.to_string())]));
    output::result(app.words.get(match kept {
        Profile::Low => "finished.keeps_low",
        Profile::Elevated => "finished.keeps_elevated",
        Profile::Severe => "finished.keeps_severe",
    }));
    Ok(())
}

fn row(app: &App, device: &Device, view: &FinishedView) -> String {
    let pack = device.pack();
    let form = view.form_id.as_ref().map(|form_id| {
        pack.form(form_id).map_or_else(|_| form_id.clone(), |form| pack.text(form.label(), app.lang.code()))
    });
    let parts = [Some(format!("{}  {}", view.code, day(view.day))), form, view.note.clone()];
    let parts: Vec<String> = parts.iter().flatten().map(|part| printable(part)).collect();
    parts.join("  ")
}

fn document(view: &FinishedView) -> Json {
    json!({
        "finished": view.id.number(), "code": view.code, "day": day(view.day), "form": view.form_id, "note": view.note,
    })
}
