//! Ctrl-C, a polite kill and a closed terminal while plain text is being written: the work ends at the next chunk, and
//! what is unfinished is taken away on the way out.
//!
//! A second signal ends it at once, even if a disk holds up the work; the unfinished file is taken away all the same.
//!
//! Only `show --extract` listens. Elsewhere nothing readable lies on the disk, and the system's own way is quicker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use kapok_desk::{Doing, Error, Unfinished};

/// How long a second signal waits for a disk that takes the unfinished file away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether somebody asked to stop.
#[derive(Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens from now on, for as long as the process lives. `unfinished` is what an end in the middle must take away.
    pub(crate) fn listen(unfinished: Unfinished) -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error: std::io::Error| Error::Io { what: Doing::ListenForSignals, kind: error.kind() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let entered = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
        let mut quit = signal(SignalKind::quit()).map_err(failed)?;
        drop(entered);
        let stop = Self::default();
        let heard = Arc::clone(&stop.0);
        std::thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                        _ = hangup.recv() => {}
                        _ = quit.recv() => {}
                    }
                    if heard.swap(true, Ordering::SeqCst) {
                        // Asked twice: a disk that does not answer must not hold the person up.
                        let (done, wait) = mpsc::channel();
                        std::thread::spawn(move || {
                            unfinished.take_away();
                            done.send(())
                        });
                        let _ = wait.recv_timeout(PATIENCE);
                        std::process::exit(i32::from(Error::Stopped.exit_code()));
                    }
                }
            });
        });
        Ok(stop)
    }

    /// Goes on, unless somebody asked to stop.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.0.load(Ordering::SeqCst) { Err(Error::Stopped) } else { Ok(()) }
    }
}
