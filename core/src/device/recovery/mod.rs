//! Recovery among trusted people: any `needed` of them, and a copy of the file, open one vault without passphrase and phone.
//!
//! That weakens the vault on purpose, for people who fear loss more than those they trust; it is off until somebody makes shares, and a change
//! of passphrase makes them void, because the data key in them changes. What was chosen and rejected: ADR 16; the bytes: `share`.

mod error;
mod share;
mod split;
#[cfg(test)]
mod tests;

pub use error::ShareError;
use rusqlite::OptionalExtension as _;
pub use share::RecoveryShare;

use super::session::Moment;
use super::{Attempt, Device, VAULT_FILE};
use crate::error::{Error, Result};
use crate::time::Clock;
use crate::vault::{Changed, Passphrase, RecoverySecret};

/// Shares that were made for a vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryView {
    /// People who have one.
    pub people: u8,
    /// People who open the vault together.
    pub needed: u8,
    /// When they were made, in days since 1970.
    pub day: u64,
    /// Whether they open the vault as it is. A change of passphrase makes them void.
    pub valid: bool,
}

impl Device {
    /// Makes shares of what opens the vault that is open: any `needed` of them and the file open it, without passphrase and device key.
    /// The passphrase is asked for again, because whoever holds an unlocked phone must not take the vault with them.
    ///
    /// Shares that were made before stay good until the passphrase is changed.
    ///
    /// # Errors
    /// [`ShareError::Numbers`]; [`Error::Locked`]; [`Error::TooManyTries`]; [`Error::WrongPassphrase`], also if it opens another vault;
    /// [`Error::VaultFull`].
    pub fn make_recovery(
        &self,
        passphrase: &Passphrase,
        people: u8,
        needed: u8,
        clock: &dyn Clock,
    ) -> Result<Vec<RecoveryShare>> {
        split::fit(people, needed)?;
        let region = self.with_vault(|vault| Ok(vault.region()))?;
        let path = self.folder.join(VAULT_FILE);
        let secret = self.throttled(clock, Attempt::Opens, || {
            RecoverySecret::of_vault(&path, passphrase, &*self.device_key, region)
        })?;
        let shares = split::split(&secret, people, needed)?;
        let day = i64::try_from(clock.now().0 / 86_400).unwrap_or(i64::MAX);
        // Remembered before anybody sees a share: what is told of them must never be less than there is. And by the vault that they open:
        // another one may be open by now.
        self.with_region(region, |vault| {
            let fingerprint = vault.fingerprint();
            vault.write(|db| {
                db.execute(
                    "INSERT OR REPLACE INTO recovery (only, people, needed, day, fingerprint) VALUES (1, ?1, ?2, ?3, ?4)",
                    (people, needed, day, fingerprint),
                )?;
                Ok(())
            })
        })?;
        Ok(shares)
    }

    /// The shares that were made last for the open vault, if any were.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn recovery(&self) -> Result<Option<RecoveryView>> {
        self.with_vault(|vault| {
            let now = vault.fingerprint();
            vault.read(|db| {
                let made = db.query_row("SELECT people, needed, day, fingerprint FROM recovery", [], |row| {
                    let (day, of): (i64, [u8; 8]) = (row.get(2)?, row.get(3)?);
                    Ok(RecoveryView {
                        people: row.get(0)?,
                        needed: row.get(1)?,
                        day: day.unsigned_abs(),
                        valid: of == now,
                    })
                });
                Ok(made.optional()?)
            })
        })
    }

    /// Opens the vault of these shares, and gives it a new passphrase and a new data key. The former passphrase and the shares open
    /// nothing afterwards.
    ///
    /// # Errors
    /// [`Error::NotForgotten`]: it is done and open, but parts still lie under the former key; the next unlock sees to it.
    ///
    /// With nothing written: [`Error::PassphraseTooShort`]; [`Error::Shares`], which counts as a wrong passphrase if the shares were complete;
    /// [`Error::TooManyTries`]; [`Error::Erased`] as in [`Self::unlock`]. Trouble with the file: the new passphrase opens it, or the shares still do.
    pub fn recover(&self, shares: &[RecoveryShare], new: &Passphrase, clock: &dyn Clock) -> Result<()> {
        new.fit_for_new()?;
        let secret = split::combine(shares)?;
        let path = self.folder.join(VAULT_FILE);
        let (began, locks) = (Moment::of(clock), self.locks_so_far());
        let Changed { container, forgotten } = self.throttled(clock, Attempt::Chooses, || {
            self.close_vault();
            secret.recover(&path, new, &*self.device_key)
        })?;
        self.enter(container, locks)?;
        self.sessions.begin(clock, began);
        self.end_interrupted_finish_or_later()?;
        if forgotten { Ok(()) } else { Err(Error::NotForgotten) }
    }
}
