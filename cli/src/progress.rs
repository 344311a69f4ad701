//! Progress of a sync: a bar on a terminal, a line now and then where nobody looks at one.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use kapok_core::Progress;

use crate::app::App;

/// Objects between two lines: the log of a long sync stays readable.
const EVERY: u32 = 64;

pub(crate) struct Bar<'a> {
    app: &'a App,
    bar: Option<ProgressBar>,
    next_line: u32,
}

impl<'a> Bar<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::no_length);
        if let Some(bar) = &bar {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
            bar.set_style(style.expect("a constant template, tried by every sync on a terminal"));
            bar.set_message(app.words.get("sync.sending").to_owned());
        }
        Self { app, bar, next_line: EVERY }
    }

    pub(crate) fn show(&mut self, progress: Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length(u64::from(progress.total));
            bar.set_position(u64::from(progress.done));
        } else if progress.done >= self.next_line || progress.done == progress.total {
            self.next_line = progress.done + EVERY;
            let (done, total) = (progress.done.to_string(), progress.total.to_string());
            self.app.say_with("sync.progress", &[("done", &done), ("total", &total)]);
        }
    }

    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
