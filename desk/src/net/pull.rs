//! The pull loop: store durably, then move the cursor, until the server has nothing more.
//!
//! In this order an interruption at any point costs at most one page pulled twice, and twice is once in the inbox.

use kapok_wire::pull::Record;

use crate::error::Error;
use crate::store::inbox::{Inbox, Stored};

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

/// Pulls everything after the cursor into the inbox. `progress` hears of each page.
///
/// # Errors
/// Those of the source and of [`Inbox::store`]; [`Error::BadAnswer`] if the server's order does not go forward. What
/// was stored before stays, and the next pull goes on behind it.
pub async fn pull_all(
    source: &impl Source,
    inbox: &Inbox,
    from: u64,
    mut progress: impl FnMut(Stored),
) -> Result<Stored, Error> {
    let mut total = Stored::default();
    let mut cursor = from;
    loop {
        let records = source.after(cursor).await?;
        let Some(last) = records.last().map(|record| record.sequence) else { return Ok(total) };
        let forward =
            records.iter().try_fold(cursor, |before, record| (record.sequence > before).then_some(record.sequence));
        if forward.is_none() {
            return Err(Error::BadAnswer);
        }
        let stored = inbox.store(&records)?;
        inbox.set_cursor(last.max(inbox.cursor()))?;
        cursor = last;
        total.new += stored.new;
        total.known += stored.known;
        total.repaired += stored.repaired;
        progress(total);
    }
}
