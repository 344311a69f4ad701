//! What waits, and since when.

use std::collections::BTreeSet;

use super::reason::Reason;
use crate::time::Time;

/// What the caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Talk to the server without sending a report: enrol, or fetch the bundle.
    Errand,
    /// Send what waits.
    Upload {
        /// Packets waiting.
        text: u32,
        /// Media chunks waiting.
        media: u32,
    },
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// The person, just now. Where the profile allows it, they need not wait for the delays.
    ByPerson,
    /// The engine, by itself.
    ByEngine,
}

/// Is there a token for the next upload?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tokens {
    /// There is, or the upload under way already has its own.
    Enough,
    /// The store cannot be read.
    Unknown,
    /// None is left.
    None,
}

/// When the report that has waited longest was finished, and the random number drawn then.
///
/// The number is drawn once and kept with the report, so that asking again gives the same delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finished {
    /// When it was finished.
    pub at: Time,
    /// 64 random bits.
    pub seed: u64,
}

/// When the last batch ended.
///
/// After a clock was set back, a stored time can lie in the future; it then holds until the clock gets there. Whoever
/// keeps the stamp writes it anew as *now* when it finds that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LastBatch {
    /// There was none.
    Never,
    /// It ended then; later is worse.
    Ended(Time),
    /// The store cannot be read: as if it had ended just now.
    Unknown,
}

/// What waits, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueFacts {
    /// What the caller wants to do.
    pub work: Work,
    /// Who asks.
    pub asked: Asked,
    /// Whether there is a token for it.
    pub tokens: Tokens,
    /// The report that has waited longest, if the caller keeps such delays.
    pub finished: Option<Finished>,
    /// When the last batch ended.
    pub last_batch: LastBatch,
    /// Reasons the person has just said yes to, for this network and this moment. Turns Confirm into Allow for these
    /// reasons; a Hold it cannot turn.
    pub confirmed: BTreeSet<Reason>,
}

impl QueueFacts {
    /// Enrolment or a look at the bundle, asked for by `asked`.
    #[must_use]
    pub fn errand(asked: Asked) -> Self {
        Self {
            work: Work::Errand,
            asked,
            tokens: Tokens::Unknown,
            finished: None,
            last_batch: LastBatch::Unknown,
            confirmed: BTreeSet::new(),
        }
    }
}
