//! The pull loop: store durably, then move the mark, until the server has nothing more.
//!
//! In this order an interruption at any point costs at most one answer pulled twice, and twice is once in the inbox.
//! Each pull first asks for the last object again. If the server shows another one in its place, it was restored from
//! a backup and numbers new objects with numbers that were pulled before; then everything is pulled again.

use kapok_wire::pull::Record;

use crate::error::Error;
use crate::store::inbox::{Inbox, Mark, Stored};

/// Where records come from: the link, or a list in a test.
pub trait Source {
    /// The records after `after`, in order; none when there are no more.
    fn after(&self, after: u64) -> impl Future<Output = Result<Vec<Record>, Error>>;
}

impl Source for crate::net::link::Link {
    fn after(&self, after: u64) -> impl Future<Output = Result<Vec<Record>, Error>> {
        self.pull(after)
    }
}

/// What a pull did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// What became of the records.
    pub stored: Stored,
    /// True if the server's order had changed, so that everything was pulled again.
    pub restarted: bool,
    /// Objects that the server has and did not give out, by the gaps in its numbers: its disk may be damaged.
    pub not_given: u64,
}

/// Pulls what is new into the inbox, or everything if `again`. `progress` hears of each answer.
///
/// # Errors
/// Those of the source and of [`Inbox::store`]; [`Error::BadAnswer`] if the server's order does not go forward. What
/// was stored before stays, and the next pull goes on behind it.
pub async fn pull_all(
    source: &impl Source,
    inbox: &Inbox,
    again: bool,
    mut progress: impl FnMut(Stored),
) -> Result<Pulled, Error> {
    let mut pulled = Pulled::default();
    let mark = inbox.mark().filter(|mark| !again && mark.sequence > 0);
    let (mut after, mut records) = match mark {
        None => (0, source.after(0).await?),
        Some(mark) => {
            let mut records = source.after(mark.sequence - 1).await?;
            if records.first().is_some_and(|first| first.sequence == mark.sequence && first.object == mark.object) {
                records.remove(0);
                if records.is_empty() {
                    records = source.after(mark.sequence).await?;
                }
                (mark.sequence, records)
            } else {
                pulled.restarted = true;
                (0, source.after(0).await?)
            }
        }
    };
    while let Some(last) = records.last() {
        let last = Mark { sequence: last.sequence, object: last.object };
        for record in &records {
            let step = record.sequence.checked_sub(after).filter(|step| *step > 0).ok_or(Error::BadAnswer)?;
            pulled.not_given = pulled.not_given.saturating_add(step - 1);
            after = record.sequence;
        }
        let stored = inbox.store(&records)?;
        inbox.set_mark(last)?;
        pulled.stored.new += stored.new;
        pulled.stored.known += stored.known;
        pulled.stored.repaired += stored.repaired;
        progress(pulled.stored);
        records = source.after(after).await?;
    }
    Ok(pulled)
}
