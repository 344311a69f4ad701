//! The questions of a form, one after another, on a terminal.
//!
//! Draws what the form engine says and adds no question of its own. Every reply is saved before the next question is
//! asked, so that whatever ends the program ends it with everything said so far in the draft.

mod ask;
mod date;
mod menu;
mod parts;

use inquire::InquireError;
use inquire::ui::{RenderConfig, Styled};
use kapok_core::report::{
    Answers, Envelope, FieldView, Form, Pack, ReportId, Screen, Status, Warning, Words as PackWords, draft_text,
    is_hidden, printable,
};
use kapok_core::{Device, DraftId};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::failure::{Exit, Failure};
use crate::page::Page;
use crate::{confirm, output, warnings};

/// How an interview ended. The draft holds every answer in each case.
pub(crate) enum Ending {
    Through,
    Later,
    SendNow,
    Interrupted,
}

/// Where to go after a question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Next,
    Back,
    Later,
    SendNow,
}

/// Why a question got no reply.
enum Halt {
    /// Ctrl-C.
    Interrupted,
    Failed(Failure),
}

type Asked<T> = Result<T, Halt>;

pub(crate) struct Interview<'a> {
    app: &'a App,
    device: &'a Device,
    draft: DraftId,
    form: &'a Form,
    screens: Vec<Screen>,
    answers: Answers,
    /// Warnings about the last replies, shown again on the next page and when the page is closed.
    noticed: Vec<String>,
}

impl<'a> Interview<'a> {
    pub(crate) fn new(app: &'a App, device: &'a Device, draft: DraftId, form_id: &str) -> Result<Self, Failure> {
        let pack = device.pack();
        Ok(Self {
            app,
            device,
            draft,
            form: pack.form(form_id)?,
            screens: pack.screens(form_id, app.lang.code())?,
            answers: device.answers(draft)?,
            noticed: Vec::new(),
        })
    }

    pub(crate) fn run(mut self) -> Result<Ending, Failure> {
        let page = Page::open();
        let ending = self.questions(&page);
        drop(page);
        self.noticed.iter().for_each(|line| output::note(line));
        match ending {
            Ok(ending) => Ok(ending),
            Err(Halt::Interrupted) => Ok(Ending::Interrupted),
            Err(Halt::Failed(failure)) => Err(failure),
        }
    }

    fn questions(&mut self, page: &Page) -> Asked<Ending> {
        // One step per field: "back" then leads to the question before, also within a screen.
        let screens = std::mem::take(&mut self.screens);
        let steps: Vec<(&Screen, &FieldView)> =
            screens.iter().flat_map(|screen| screen.fields.iter().map(move |field| (screen, field))).collect();
        // An open draft goes on where it stopped; what was answered before is one "back" away.
        let mut at = steps.iter().position(|(_, field)| !self.answered(&field.key)).unwrap_or(0);
        let mut shown = None;
        while let Some((screen, field)) = steps.get(at) {
            if shown != Some(screen.number) {
                page.turn();
                self.heading(screen);
                shown = Some(screen.number);
            }
            match self.ask(screen, field, at == 0)? {
                Turn::Next => at += 1,
                Turn::Back => at = at.saturating_sub(1),
                Turn::Later => return Ok(Ending::Later),
                // There is no way back after it, and the entry stands in every list: one slip must not be enough.
                Turn::SendNow if self.seals()? => return Ok(Ending::SendNow),
                Turn::SendNow => {}
            }
        }
        Ok(Ending::Through)
    }

    fn seals(&self) -> Asked<bool> {
        confirm::seal(self.app).map_err(|failure| match failure {
            Failure::Said { exit: Exit::Stopped, .. } => Halt::Interrupted,
            other => Halt::Failed(other),
        })
    }

    fn heading(&mut self, screen: &Screen) {
        let number = self.draft.number().to_string();
        self.app.say_with("report.begin", &[("draft", &number)]);
        if !screen.question.reviewed {
            output::note(&format!("* = {}", self.pack().text("ui.unreviewed", self.app.lang.code())));
        }
        self.noticed.drain(..).for_each(|line| output::note(&line));
        output::note(&format!("\n{}/{}  {}", screen.number, screen.total, badged(&screen.question)));
    }

    fn pack(&self) -> &'a Pack {
        self.device.pack()
    }

    /// The answer that is there, in words.
    fn so_far(&self, key: &str) -> Asked<Option<String>> {
        if !self.answered(key) {
            return Ok(None);
        }
        let (pack, lang) = (self.pack(), self.app.lang.code());
        let moment = self.app.moment(pack);
        let envelope = Envelope::new(ReportId::from_random([0; 16]), moment, lang);
        let rows = draft_text(pack, self.form.id(), &self.answers, &envelope, &[], lang);
        let rows = rows.map_err(|error| Halt::Failed(error.into()))?;
        Ok(rows.into_iter().find(|row| row.key == key).map(|row| printable(&row.value)))
    }

    /// Words that were typed before, to go on from; empty if the answer is no such words. A prompt draws what it starts
    /// with as it is, and an answers file may have brought characters that steer the terminal.
    fn typed_before(&self, key: &str) -> String {
        let answer = self.answers.get(key);
        let words = match answer.get() {
            Some(Json::String(words)) => words.as_str(),
            Some(Json::Array(names)) => match names.as_slice() {
                [name] => name.get("text").and_then(Json::as_str).unwrap_or_default(),
                _ => "",
            },
            _ => "",
        };
        if words.chars().any(|c| is_hidden(c) && c != '\n') { String::new() } else { words.to_owned() }
    }

    /// Codes that were marked before.
    fn codes_before(&self, key: &str) -> Vec<String> {
        let answer = self.answers.get(key);
        let codes = answer.get().and_then(Json::as_array).into_iter().flatten();
        codes.filter_map(|code| code.as_str().map(str::to_owned)).collect()
    }

    fn answered(&self, key: &str) -> bool {
        self.answers.get(key).status() != Status::NotAsked
    }

    /// Saves one reply, durably, and shows what the engine noticed about it.
    fn store(&mut self, key: &str, value: Json) -> Asked<Vec<Warning>> {
        let moment = self.app.moment(self.pack());
        let found = self.answers.set(self.pack(), self.form, key, value, &moment);
        let saved = self.device.save_answers(self.draft, &self.answers, self.app.now());
        saved.map_err(|error| Halt::Failed(error.into()))?;
        let lines = warnings::lines(self.app, self.pack(), self.form, &found);
        lines.iter().for_each(|line| output::note(line));
        self.noticed.extend(lines);
        Ok(found)
    }

    fn store_status(&mut self, key: &str, status: Status) -> Asked<()> {
        self.store(key, json!({"s": status.code()})).map(drop)
    }
}

/// Words with the badge that unreviewed wording must carry.
fn badged(words: &PackWords) -> String {
    if words.reviewed { words.text.clone() } else { format!("{} *", words.text) }
}

/// The reply; `None` for Esc.
fn reply<T>(prompted: Result<T, InquireError>) -> Asked<Option<T>> {
    match prompted {
        Ok(value) => Ok(Some(value)),
        Err(InquireError::OperationCanceled) => Ok(None),
        Err(InquireError::OperationInterrupted) => Err(Halt::Interrupted),
        Err(other) => Err(Halt::Failed(stopped(other))),
    }
}

/// A prompt that was left, or that cannot be shown. The library's own text is not passed on.
pub(crate) fn stopped(error: InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            Failure::new("ask.stopped", Exit::Stopped)
        }
        InquireError::NotTTY => Failure::usage("error.no_terminal_passphrase"),
        _ => Failure::new("error.terminal", Exit::Other),
    }
}

/// The look of every prompt. The library's one English word in it, for a prompt that was left with Esc, becomes a sign.
pub(crate) fn look() -> RenderConfig<'static> {
    RenderConfig::default().with_canceled_prompt_indicator(Styled::new("×"))
}
