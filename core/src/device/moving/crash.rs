//! Places between two durable steps of a move, where a test lets the process end. Outside of tests nothing happens here.
//!
//! In the code and not in a file that fails: what a crash leaves depends on which steps came before it, and each has a name.

use crate::error::Result;

/// A place between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Sending: the queue is held.
    QueueHeld,
    /// Sending: the vault is held, too.
    VaultHeld,
    /// Taking up: what the slots hold is here, and nothing names it.
    SlotsFilled,
    /// Taking up: the queue names what is its own.
    QueueFilled,
    /// Taking up: the commit point.
    VaultFilled,
    /// Ending: the vault says so.
    EndingNoted,
    /// Ending: the slots are random again.
    SlotsOverwritten,
    /// Ending: the queue is empty.
    QueueEmptied,
    /// Ending: the vault is, too.
    VaultEmptied,
}

#[cfg(test)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    Never,
    At(After),
    Happened,
}

#[cfg(test)]
thread_local! {
    pub(super) static CRASH: std::cell::Cell<Crash> = const { std::cell::Cell::new(Crash::Never) };
}

/// Ends the process here, if a test wants that.
#[cfg(test)]
pub(super) fn point(after: After) -> Result<()> {
    if CRASH.get() == Crash::At(after) {
        CRASH.set(Crash::Happened);
        return Err(crate::error::Error::Store);
    }
    Ok(())
}

/// Whether it ended: nobody is there any more to put something right.
#[cfg(test)]
pub(super) fn happened() -> bool {
    CRASH.get() == Crash::Happened
}

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "as in tests")]
pub(super) fn point(_after: After) -> Result<()> {
    Ok(())
}

#[cfg(not(test))]
pub(super) fn happened() -> bool {
    false
}
