//! What a network was caught at: an intercepted network stays held, also over a restart.

use rusqlite::{OptionalExtension as _, params};

use super::Outbox;
use super::queue::sql_time;
use crate::error::Result;
use crate::policy::{NetworkId, NetworkKey, Seen};
use crate::time::Time;

/// Name of the key that names networks.
pub(super) const NETWORK_KEY: &str = "network";

/// What somebody on the way did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caught {
    /// Showed a certificate or key that is not our server's.
    Intercepting,
    /// Answered in the server's place without one: a log-in page or a filter.
    Filtering,
}

impl Outbox {
    /// The id of the network that the system calls `name`.
    pub(crate) fn network_id(&self, name: &[u8]) -> Result<NetworkId> {
        Ok(NetworkKey::new(self.secret(NETWORK_KEY)?).id(name))
    }

    /// Remembers, durably, what this network did now.
    pub(crate) fn note_network(&self, network: NetworkId, caught: Caught, now: Time) -> Result<()> {
        let now = sql_time(now);
        let (intercepted, filtered) = match caught {
            Caught::Intercepting => (Some(now), None),
            Caught::Filtering => (None, Some(now)),
        };
        self.queue().write(|db| {
            db.execute(
                "INSERT INTO network (network, intercepted, filtered) VALUES (?1, ?2, ?3)
                 ON CONFLICT (network) DO UPDATE SET
                     intercepted = coalesce(excluded.intercepted, intercepted),
                     filtered = coalesce(excluded.filtered, filtered)",
                params![network.0, intercepted, filtered],
            )?;
            Ok(())
        })
    }

    /// What is remembered of this network: intercepting, filtering.
    pub(crate) fn seen_network(&self, network: NetworkId) -> Result<(Seen, Seen)> {
        let row: Option<(Option<i64>, Option<i64>)> = self.queue().read(|db| {
            let row =
                db.query_row("SELECT intercepted, filtered FROM network WHERE network = ?1", [network.0], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                });
            Ok(row.optional()?)
        })?;
        let seen = |at: Option<i64>| at.map_or(Seen::Never, |at| Seen::At(Time(at.unsigned_abs())));
        let (intercepted, filtered) = row.unwrap_or_default();
        Ok((seen(intercepted), seen(filtered)))
    }

    /// The person says that this network is fine again.
    pub(crate) fn clear_network(&self, network: NetworkId) -> Result<()> {
        self.queue().write(|db| {
            db.execute("DELETE FROM network WHERE network = ?1", [network.0])?;
            Ok(())
        })
    }
}
