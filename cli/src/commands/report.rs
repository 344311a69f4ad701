//! `report`: a new draft, or more answers to an open one; by questions and answers, or from a file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use kapok_core::report::{Answers, Warning};
use kapok_core::{Device, DraftId};
use serde_json::json;
use zeroize::Zeroizing;

use super::finish;
use crate::app::App;
use crate::args::ReportArgs;
use crate::failure::{Exit, Failure};
use crate::interview::{Ending, Interview};
use crate::{output, warnings};

/// Longest answers file read, in bytes; the form engine has its own, lower limit and the better words for it.
const LONGEST: u64 = 16 << 20;

pub(crate) fn run(app: &App, args: &ReportArgs) -> Result<(), Failure> {
    if args.answers.is_none() && !app.somebody() {
        return Err(Failure::usage("error.no_terminal"));
    }
    // Read before the vault is opened: a file that is not there should not cost a draft.
    let file = args.answers.as_deref().map(read).transpose()?;
    let device = app.unlock()?;
    match file {
        Some(bytes) => from_file(app, &device, args, &bytes),
        None => by_questions(app, &device, args),
    }
}

fn from_file(app: &App, device: &Device, args: &ReportArgs, bytes: &[u8]) -> Result<(), Failure> {
    let pack = device.pack();
    let begun = args.draft.map(|number| device.draft(number)).transpose()?;
    let form_id = match begun {
        Some(draft) => device.draft_form(draft)?.0,
        None => args.form.clone(),
    };
    let form = pack.form(&form_id)?;
    let now = app.moment(pack);
    let (answers, found) = Answers::parse(pack, &form_id, bytes, &now)?;
    let draft = match begun {
        Some(draft) => draft,
        None => device.new_draft(&form_id, app.lang.code(), app.now())?,
    };
    let answers = if begun.is_some() { merged(device, draft, answers, &now)? } else { answers };
    device.save_answers(draft, &answers, app.now())?;
    warnings::print(app, pack, form, &found);
    saved(app, device, draft, &form_id, &found)
}

/// Answers from the file replace those of the draft; the others stay.
fn merged(
    device: &Device,
    draft: DraftId,
    given: Answers,
    now: &kapok_core::report::Moment,
) -> Result<Answers, Failure> {
    let pack = device.pack();
    let (form_id, _) = device.draft_form(draft)?;
    let form = pack.form(&form_id)?;
    let mut answers = device.answers(draft)?;
    for (key, answer) in given.iter() {
        let long_form = serde_json::to_value(answer).map_err(|_| Failure::new("error.store", Exit::Other))?;
        answers.set(pack, form, key, long_form, now);
    }
    for (key, value) in given.extra() {
        answers.set(pack, form, key, value.clone(), now);
    }
    Ok(answers)
}

fn by_questions(app: &App, device: &Device, args: &ReportArgs) -> Result<(), Failure> {
    let (draft, form_id) = match args.draft {
        Some(number) => {
            let draft = device.draft(number)?;
            (draft, device.draft_form(draft)?.0)
        }
        None => (device.new_draft(&args.form, app.lang.code(), app.now())?, args.form.clone()),
    };
    match Interview::new(app, device, draft, &form_id)?.run()? {
        Ending::Through | Ending::Later => saved(app, device, draft, &form_id, &[]),
        Ending::SendNow => finish::seal(app, device, draft),
        Ending::Interrupted => {
            Err(Failure::new("report.interrupted", Exit::Stopped).with("draft", draft.number().to_string()))
        }
    }
}

fn saved(app: &App, device: &Device, draft: DraftId, form_id: &str, found: &[Warning]) -> Result<(), Failure> {
    let number = draft.number().to_string();
    if app.json {
        let pack = device.pack();
        let warnings = warnings::json(app, pack, pack.form(form_id)?, found);
        output::document(&json!({"draft": draft.number(), "form": form_id, "warnings": warnings}));
    } else {
        output::result(&app.words.fill("report.saved", &[("draft", &number)]));
        app.say_with("report.next", &[("draft", &number)]);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |_| Failure::new("error.answers_unreadable", Exit::NothingThere);
    let mut bytes = Zeroizing::new(Vec::new());
    if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        File::open(path).map_err(failed)?.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    }
    Ok(bytes)
}
