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
    let mut table = Table::new(&["what", "how much", "unit"]);
    let mut row = |name: &str, value: String, unit: &str| table.row([name.to_owned(), value, unit.to_owned()]);
    for (name, file) in [("answers", &story.answers), ("photo", &story.photo), ("recording", &story.recording)] {
        row(&format!("original: {name}"), fs::metadata(file)?.len().to_string(), "bytes");
    }
    if let Some([device, server]) = counts {
        row("sent by the phone (TCP payload, TLS included)", device.sent.to_string(), "bytes");
        row("received by the phone", device.received.to_string(), "bytes");
        row("the phone waited for an answer, both syncs", device.round_trips.to_string(), "times");
        row("the phone flushed its disk, both syncs", device.flushes.to_string(), "times");
        row("the server flushed its disk, both starts", server.flushes.to_string(), "times");
    } else {
        row("bytes on the wire, waits, flushes", "not measured: tracing is not allowed here".to_owned(), "");
    }
    for folder in ["phone", "server", "desk"] {
        row(&format!("folder `{folder}` at the end"), size_of(&stage.path(folder))?.to_string(), "bytes");
    }
    row("tools and build", format!("{:.1}", built.as_secs_f64()), "seconds");
    row("the demo itself", format!("{:.1}", all.saturating_sub(built).as_secs_f64()), "seconds");
    println!("{table}");
    println!("All of it held. The folders are kept, to look at: {}", stage.path("").display());
    Ok(())
}
