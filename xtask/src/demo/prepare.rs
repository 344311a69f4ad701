//! Sets up a server, a desk and a phone, as an organisation would on its first day.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::demo::children::{Running, free_port};
use crate::demo::stage::{Call, Stage, invite_in, show};
use crate::demo::{chapter, check, trace};
use crate::run::{Done, Failure};

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// The server process and how to start it again on the same ports.
pub(crate) struct Server {
    running: Running,
    again: Again,
}

/// What a new start has in common with the last one.
struct Again {
    ports: [String; 2],
    options: Vec<String>,
    starts: u32,
}

impl Server {
    fn start(stage: &Stage, again: Again) -> Done<Self> {
        let Again { ports, options, starts } = &again;
        let log = stage.path(&format!("log/server-{starts}.txt"));
        let [devices, desk] = ports;
        let call = Call::new("kapok-server", "--data server --listen").arg(devices).arg("--desk-listen").arg(desk);
        let call = options.iter().fold(call, |call, option| call.arg(option));
        show(&call);
        let call = if stage.traced { call.wrapper(trace::wrapper(&Self::trace(stage, *starts))) } else { call };
        let mut running = Running::start("kapok-server", stage.command(&call.tied()), &log)?;
        running.wait_for("\"ready\"", START_LIMIT)?;
        for line in running.said().lines().filter(|line| !line.starts_with('{')) {
            println!("  {line}");
        }
        Ok(Self { running, again })
    }

    /// SIGKILL, then a new start over what is on the disk.
    pub(crate) fn kill(self) -> Done<Killed> {
        self.running.kill()?;
        Ok(Killed(self.again))
    }

    /// SIGTERM: it must end in order.
    pub(crate) fn stop(self) -> Done {
        let code = self.running.stop(STOP_LIMIT)?;
        check(code == Some(0), "the server stopped in order when asked")
    }

    /// Where the flushes of each start are written down.
    pub(crate) fn trace(stage: &Stage, start: u32) -> PathBuf {
        stage.path(&format!("log/server-{start}.trace"))
    }
}

/// A server that was killed.
pub(crate) struct Killed(Again);

impl Killed {
    pub(crate) fn start_again(self, stage: &Stage) -> Done<Server> {
        let Self(again) = self;
        Server::start(stage, Again { starts: again.starts + 1, ..again })
    }
}

/// The first day.
pub(crate) fn run(stage: &Stage) -> Done<Server> {
    chapter("An organisation starts: server, desk, and a phone that is invited");
    let server = serve(stage, &[])?;
    fs::write(stage.path("input/invite.txt"), invite(stage)?)?;
    println!("  (a person would scan it; here it goes into input/invite.txt)");
    stage.run(&Call::new("kapok", "--home phone init").secret(), 0)?;
    stage.run(&Call::new("kapok", "--home phone enrol --file input/invite.txt").secret(), 0)?;
    Ok(server)
}

/// A running server with a desk that has published its bundle; `options` go to the server.
pub(crate) fn serve(stage: &Stage, options: &[&str]) -> Done<Server> {
    let port = || free_port().map(|port| format!("127.0.0.1:{port}"));
    let options = options.iter().map(|&option| option.to_owned()).collect();
    let server = Server::start(stage, Again { ports: [port()?, port()?], options, starts: 1 })?;
    let desk = |line| Call::new("kapok-desk", "--dir desk").words(line);
    let init = desk("init --server-card server/server-card.json --organisation").arg("Invented Organisation").secret();
    let said = stage.run(&init, 0)?;
    let key =
        hex_key(&said).ok_or_else(|| Failure::new("`kapok-desk init` printed no fingerprint").hint(said.clone()))?;
    stage.run(&Call::new("kapok-server", "desk add --data server").arg(key), 0)?;
    stage.run(&desk("publish").secret(), 0)?;
    Ok(server)
}

/// A new invite for one device.
pub(crate) fn invite(stage: &Stage) -> Done<String> {
    let said = stage.run(&Call::new("kapok-desk", "--dir desk invite --json"), 0)?;
    invite_in(&said).ok_or_else(|| Failure::new("no invite was printed").hint(said))
}

/// 64 hexadecimal digits: the fingerprint of the desk's key.
fn hex_key(text: &str) -> Option<&str> {
    let is_key = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_whitespace().find(is_key)
}
