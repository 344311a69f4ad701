//! The short table at the end: what it cost.

use std::fs;
use std::time::Duration;

use crate::demo::chapter;
use crate::demo::stage::{Stage, size_of};
use crate::demo::story::Story;
use crate::demo::trace::Counts;
use crate::run::Done;
use crate::table::Table;

/// Prints the table.
pub(crate) fn print(
    stage: &Stage,
    story: &Story,
    counts: &Option<[Counts; 2]>,
    built: Duration,
    all: Duration,
) -> Done {
    chapter("What it took");
    let mut table = Table::new(&["what", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    for (name, file) in [("answers", &story.answers), ("photo", &story.photo), ("recording", &story.recording)] {
        row(&format!("original: {name}, bytes"), fs::metadata(file)?.len().to_string());
    }
    if let Some([device, server]) = counts {
        row("sent by the phone over TCP, with TLS, bytes", device.sent.to_string());
        row("received by the phone over TCP, bytes", device.received.to_string());
        row("round trips waited for, two syncs", device.round_trips.to_string());
        row("flushes of the phone, two syncs", device.flushes.to_string());
        row("flushes of the server, two starts", server.flushes.to_string());
    } else {
        row("bytes on the wire, round trips, flushes", "not measured: tracing is not allowed here".to_owned());
    }
    for folder in ["phone", "server", "desk"] {
        row(&format!("folder `{folder}`, bytes"), size_of(&stage.path(folder))?.to_string());
    }
    row("seconds for tools and build", format!("{:.1}", built.as_secs_f64()));
    row("seconds for the demo itself", format!("{:.1}", all.saturating_sub(built).as_secs_f64()));
    println!("{table}");
    println!("The folders are kept: {}", stage.path("").display());
    Ok(())
}
