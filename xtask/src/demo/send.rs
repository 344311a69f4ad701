//! To the server, which is killed while the media come in. The phone goes on where it stopped.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::demo::children::Running;
use crate::demo::prepare::Server;
use crate::demo::stage::{Call, Stage, show, size_of};
use crate::demo::trace::{self, Counts};
use crate::demo::{chapter, check};
use crate::run::{Done, Failure};

/// One sealed media chunk as the server stores it.
const CHUNK: u64 = 65_280;
/// Kill when this many have arrived: after the text, well inside the media.
const KILL_AFTER: u64 = 12;
const LIMIT: Duration = Duration::from_secs(120);
const TRY_LATER: i32 = 5;
/// What `sync` says when nothing waits any more.
const ALL: &str = "The server has everything.";

/// What the sending leaves behind for the table.
pub(crate) struct Sent {
    pub(crate) server: Server,
    /// `None` where tracing is not allowed.
    pub(crate) counts: Option<[Counts; 2]>,
}

/// Sends everything, through one SIGKILL. First as a scheduler does, without the passphrase and without a word of what it did.
pub(crate) fn run(stage: &Stage, server: Server) -> Done<Sent> {
    chapter("Released: it syncs while it is locked, and the server is killed in the middle of the media");
    let traced = stage.traced;
    let traces = [stage.path("log/sync-1.trace"), stage.path("log/sync-2.trace")];
    let [first, second] = &traces;
    let phone = |line| Call::new("kapok", "--home phone").words(line);

    let call = phone("sync --locked");
    show(&call);
    let call = if traced { call.wrapper(trace::wrapper(first)) } else { call };
    let log = stage.path("log/sync-1.txt");
    let mut sync = Running::start("kapok sync", stage.command(&call.tied()), &log)?;
    let start = Instant::now();
    while size_of(&stage.path("server/objects"))? < KILL_AFTER * CHUNK {
        if !sync.is_running()? || start.elapsed() > LIMIT {
            return Err(Failure::new("the sync did not reach the middle of the media").hint(sync.said()));
        }
        sleep(Duration::from_millis(5));
    }
    let killed = server.kill()?;
    println!("  (SIGKILL to the server, with {} sealed bytes on its disk)", size_of(&stage.path("server/objects"))?);
    let code = sync.wait(LIMIT)?;
    let said = std::fs::read_to_string(&log)?;
    for line in said.lines() {
        println!("  {line}");
    }
    check(
        code == Some(0) && said.lines().count() == 1,
        "locked, the phone tells nobody that something waits, was sent or failed",
    )?;
    let said = stage.run(&phone("sync").secret(), TRY_LATER)?;
    check(!said.contains(ALL), "with the passphrase it tells: it kept what has no receipt, and says to try again")?;
    stage.run(&phone("outbox").secret(), 0)?;

    chapter("The server starts again; the phone goes on where it stopped");
    let server = killed.start_again(stage)?;
    let call = phone("sync --wait 60").secret();
    let said = stage.run(&if traced { call.wrapper(trace::wrapper(second)) } else { call }, 0)?;
    stage.run(&phone("status").secret(), 0)?;
    check(said.contains(ALL), "everything has a receipt that the phone verified; only then its slots became free")?;
    if !traced {
        return Ok(Sent { server, counts: None });
    }
    // The tracer writes its last lines a moment after the program ended.
    sleep(Duration::from_millis(300));
    let device = trace::read(first)?.plus(trace::read(second)?);
    let at_server = trace::read(&Server::trace(stage, 1))?.plus(trace::read(&Server::trace(stage, 2))?);
    Ok(Sent { server, counts: Some([device, at_server]) })
}
