//! `recovery`: shares of what opens a vault, made for trusted people and used by them.
//!
//! Only at a terminal: a share that goes into a pipe or a file is a key that lies about. Each stands on a page of its own, which
//! the terminal forgets, so that nobody reads the next person's.

use std::io::{Write as _, stderr};

use inquire::Text;
use inquire::validator::Validation;
use kapok_core::{KdfParams, RecoveryShare, ShareError, SystemClock};
use serde_json::json;
use zeroize::Zeroizing;

use crate::app::{self, App};
use crate::args::{MOST_PEOPLE, MakeSharesArgs, RecoveryCommand};
use crate::failure::Failure;
use crate::page::{Known, Page};
use crate::{confirm, interview, output};

const WRITTEN: Known =
    Known { question: "recovery.ask_written", answer: "recovery.written", help: "recovery.help_written" };

pub(crate) fn run(app: &App, command: &RecoveryCommand) -> Result<(), Failure> {
    match command {
        RecoveryCommand::State => state(app),
        RecoveryCommand::Make(args) => make(app, args),
        RecoveryCommand::Use => combine(app),
    }
}

fn state(app: &App) -> Result<(), Failure> {
    let made = app.unlock()?.recovery()?;
    if app.json {
        output::document(&json!({ "recovery": made.map(|made| json!({
            "people": made.people, "needed": made.needed, "day": app::day(made.day), "valid": made.valid,
        })) }));
        return Ok(());
    }
    output::result(&match made {
        None => app.words.get("recovery.none").to_owned(),
        Some(made) => {
            let key = if made.valid { "recovery.valid" } else { "recovery.void" };
            let (needed, people) = (made.needed.to_string(), made.people.to_string());
            app.words.fill(key, &[("needed", &needed), ("people", &people), ("day", &app::day(made.day))])
        }
    });
    Ok(())
}

fn make(app: &App, args: &MakeSharesArgs) -> Result<(), Failure> {
    // Refused before a warning about people who cannot be meant, and before the passphrase is asked for.
    if args.needed > args.people {
        return Err(kapok_core::Error::Shares(ShareError::Numbers { most: MOST_PEOPLE }).into());
    }
    at_terminal(app)?;
    let (needed, people) = (args.needed.to_string(), args.people.to_string());
    app.say_with("recovery.warning", &[("needed", &needed), ("people", &people)]);
    if !confirm::share(app)? {
        app.say("ask.stopped");
        return Ok(());
    }
    let device = app.open()?;
    let passphrase = app.unlock_with(&device)?;
    let shares = device.make_recovery(&passphrase, args.people, args.needed, &SystemClock)?;
    device.lock();
    for (share, shown) in shares.iter().zip(1..) {
        if let Err(failure) = put_on_paper(app, share, &people) {
            say_shown(app, args, shown);
            return Err(failure);
        }
    }
    app.say("recovery.made");
    Ok(())
}

/// Shows a share until it is on paper.
fn put_on_paper(app: &App, share: &RecoveryShare, people: &str) -> Result<(), Failure> {
    // Closed, and wiped from the screen, however this ends.
    let page = Page::open();
    show(app, share, people);
    page.until_known(app, &WRITTEN)
}

/// What the shares are good for that were shown before a stop. The last of them counts: it stood on the screen, and may be on paper.
fn say_shown(app: &App, args: &MakeSharesArgs, shown: u8) {
    let key = if shown < args.needed { "recovery.stopped_few" } else { "recovery.stopped_enough" };
    let [shown, people, needed] = [shown, args.people, args.needed].map(|number| number.to_string());
    app.say_with(key, &[("shown", &shown), ("people", &people), ("needed", &needed)]);
}

fn show(app: &App, share: &RecoveryShare, people: &str) {
    app.say_with("recovery.title", &[("number", &share.number().to_string()), ("people", people)]);
    // EXPOSE: shown once to the person who writes it down; written without a copy, and the page is cleared afterwards.
    for (at, row) in share.expose_rows().iter().enumerate() {
        let number = format!("\n    {}.  ", at + 1);
        let _ = [&number, row.as_str()].iter().try_for_each(|part| stderr().write_all(part.as_bytes()));
    }
    output::note("\n");
    app.say("recovery.keep");
}

fn combine(app: &App) -> Result<(), Failure> {
    at_terminal(app)?;
    let device = app.open()?;
    app::refuse_early_try(&device)?;
    let mut shares: Vec<RecoveryShare> = Vec::new();
    let page = Page::open();
    while shares.first().is_none_or(|first| shares.len() < usize::from(first.needed())) {
        let share = typed(app, shares.len() + 1)?;
        page.turn();
        match share.fits(&shares) {
            Ok(()) => shares.push(share),
            // Above the next question: on the main screen this page would cover it.
            Err(error) => told(app, error),
        }
    }
    drop(page);
    let new = app.new_passphrase(None, None, None, app.key_level()?, KdfParams::FLOOR)?;
    device.recover(&shares, &new, &SystemClock)?;
    output::result(app.words.get("recovery.recovered"));
    Ok(())
}

/// A share, row by row; a row that is wrong is asked for again, and no other.
fn typed(app: &App, number: usize) -> Result<RecoveryShare, Failure> {
    let mut rows: Vec<Zeroizing<String>> = Vec::new();
    for at in 1..=RecoveryShare::ROWS {
        rows.push(row(app, number, at)?);
    }
    loop {
        let whole = Zeroizing::new(rows.iter().map(|row| row.as_str()).collect::<Vec<_>>().join("\n"));
        let error = match RecoveryShare::parse(&whole) {
            Ok(share) => return Ok(share),
            Err(error) => error,
        };
        let (ShareError::NotAWord { row: at, .. } | ShareError::WrongRow { row: at }) = error else {
            return Err(kapok_core::Error::Shares(error).into());
        };
        told(app, error);
        let again = row(app, number, at)?;
        if let Some(row) = rows.get_mut(at - 1) {
            *row = again;
        }
    }
}

fn row(app: &App, share: usize, row: usize) -> Result<Zeroizing<String>, Failure> {
    let question = app.words.fill("recovery.ask_row", &[("share", &share.to_string()), ("row", &row.to_string())]);
    let refusal = app.words.get("recovery.row_length").to_owned();
    let whole = move |typed: &str| {
        let is_whole = without_number(typed).split_whitespace().count() == RecoveryShare::ROW_WORDS;
        Ok(if is_whole { Validation::Valid } else { Validation::Invalid(refusal.as_str().into()) })
    };
    let typed = Text::new(&question).with_validator(whole).prompt().map(Zeroizing::new).map_err(interview::stopped)?;
    Ok(Zeroizing::new(without_number(&typed).to_owned()))
}

/// A row as it was typed, without the number that stands before it on the paper. No word of the list has a digit.
fn without_number(typed: &str) -> &str {
    let typed = typed.trim_start();
    let rest = typed.trim_start_matches(char::is_numeric);
    if rest.len() == typed.len() { typed } else { rest.trim_start_matches(['.', ')']) }
}

fn told(app: &App, error: ShareError) {
    Failure::from(kapok_core::Error::Shares(error)).print(app);
}

fn at_terminal(app: &App) -> Result<(), Failure> {
    if app.may_ask() { Ok(()) } else { Err(Failure::usage("error.shares_need_terminal")) }
}
