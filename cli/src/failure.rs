//! What a command can fail at: an exit code, words, and a stable name for `--json`.
//!
//! Words come from the word list, never from an error's own text, so nothing of a person's data or paths can slip in.

use std::time::Duration;

use kapok_core::{Error, MoveError, Reason, ShareError};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::decision::{self, About};
use crate::{keys, output};

/// Exit codes. Scripts rely on them; they are never given another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Other = 1,
    Usage = 2,
    WrongPassphrase = 3,
    Held = 4,
    TryLater = 5,
    Full = 6,
    Damaged = 7,
    AskPerson = 8,
    NothingThere = 9,
    InUse = 10,
    /// What a shell reports for Ctrl-C.
    Stopped = 130,
}

pub(crate) enum Failure {
    /// One of our own sentences.
    Said { key: &'static str, values: Vec<(&'static str, String)>, exit: Exit },
    /// The policy says no, or asks first and there is nobody to ask.
    Held { reasons: Vec<Reason>, recheck_after: Option<Duration>, asks: bool, about: About },
    /// The command's own JSON document has told it already; only words are left to print.
    Told(Box<Self>),
}

impl Failure {
    pub(crate) fn new(key: &'static str, exit: Exit) -> Self {
        Self::Said { key, values: Vec::new(), exit }
    }

    pub(crate) fn usage(key: &'static str) -> Self {
        Self::new(key, Exit::Usage)
    }

    pub(crate) fn with(self, name: &'static str, value: String) -> Self {
        match self {
            Self::Said { key, mut values, exit } => {
                values.push((name, value));
                Self::Said { key, values, exit }
            }
            other @ (Self::Held { .. } | Self::Told(_)) => other,
        }
    }

    /// The same failure after a document that tells it.
    pub(crate) fn told(self) -> Self {
        Self::Told(Box::new(self))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Said { exit, .. } => *exit as u8,
            Self::Held { .. } => Exit::Held as u8,
            Self::Told(failure) => failure.exit_code(),
        }
    }

    /// On stderr in words; with `--json` also as a document.
    pub(crate) fn print(&self, app: &App) {
        output::note(self.words(app).trim_end());
        if app.json && !matches!(self, Self::Told(_)) {
            output::document(&json!({"error": self.document(app)}));
        }
    }

    fn words(&self, app: &App) -> String {
        match self {
            Self::Said { key, values, .. } => {
                let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                app.words.fill(key, &values)
            }
            Self::Held { reasons, recheck_after, asks, about } => {
                decision::lines(app, reasons, *recheck_after, *asks, *about)
            }
            Self::Told(failure) => failure.words(app),
        }
    }

    /// What stands under `error` in a document.
    pub(crate) fn document(&self, app: &App) -> Json {
        match self {
            Self::Said { key, .. } => {
                let code = key.split_once('.').map_or(*key, |(_, code)| code);
                json!({"code": code, "exit": self.exit_code(), "text": self.words(app)})
            }
            Self::Held { reasons, recheck_after, asks, .. } => {
                let held = decision::document(app, if *asks { "confirm" } else { "hold" }, reasons, *recheck_after);
                json!({"code": "held", "exit": self.exit_code(), "held": held})
            }
            Self::Told(failure) => failure.document(app),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (key, exit) = keys::of(&error);
        let failure = Self::new(key, exit);
        match error {
            Error::DiskFull { missing_bytes } | Error::PoolFull { missing_bytes } => {
                failure.with("mib", missing_bytes.div_ceil(1 << 20).to_string())
            }
            Error::TooManyTries { wait } => {
                let (minutes, seconds) = (wait.as_secs() / 60, wait.as_secs() % 60);
                failure.with("wait", format!("{minutes}:{seconds:02}"))
            }
            Error::Shares(ShareError::NotAWord { row, word }) => {
                failure.with("row", row.to_string()).with("word", word.to_string())
            }
            Error::Shares(ShareError::WrongRow { row }) => failure.with("row", row.to_string()),
            Error::Shares(ShareError::WrongLength { words, least }) => {
                failure.with("words", words.to_string()).with("least", least.to_string())
            }
            Error::Shares(ShareError::Twice { number } | ShareError::OtherSet { number }) => {
                failure.with("number", number.to_string())
            }
            Error::Shares(ShareError::TooFew { missing }) => failure.with("missing", missing.to_string()),
            Error::Shares(ShareError::Numbers { most }) => failure.with("most", most.to_string()),
            Error::Move(MoveError::WrongArrival { left }) => failure.with("left", left.to_string()),
            Error::PassphraseTooShort { least } => failure.with("least", least.to_string()),
            Error::TextTooLong { limit } | Error::TooManyAttachments { limit } => {
                failure.with("limit", limit.to_string())
            }
            _ => failure,
        }
    }
}

impl From<kapok_core::report::Error> for Failure {
    fn from(error: kapok_core::report::Error) -> Self {
        use kapok_core::report::Error as Report;
        match error {
            Report::AnswersSyntax { line, column } => Self::new("error.answers_syntax", Exit::Other)
                .with("line", line.to_string())
                .with("column", column.to_string()),
            Report::TooLarge { limit, .. } => {
                Self::new("error.answers_too_large", Exit::Other).with("kib", (limit >> 10).to_string())
            }
            other => Error::from(other).into(),
        }
    }
}
