//! What the person chose for the vault that is open. Each vault has its own, and they are read only while it is open.

use rusqlite::{Connection, params};

use super::outbox::sql_int;
use super::{Device, finished};
use crate::error::{Error, Result};
use crate::policy::Profile;

/// A vault's settings. Change what [`Device::settings`] gives, so that settings of a later version keep their values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// What stays on the device of a finished report. Low: its code, the day, the form and the note. Elevated: code and day.
    /// Severe: the number of reports, nothing else.
    pub kept_after_finish: Profile,
}

impl Device {
    /// The settings of the open vault.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn settings(&self) -> Result<Settings> {
        self.with_vault(|vault| vault.read(get))
    }

    /// Changes them. What a stricter setting does not allow is forgotten at once, in both copies inside the vault; a laxer one
    /// brings nothing back.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::NotForgotten`]: it is set, but an older copy may remain.
    pub fn set_settings(&self, wanted: &Settings) -> Result<()> {
        self.with_vault(|vault| {
            let before = vault.read(get)?;
            if wanted.kept_after_finish < before.kept_after_finish {
                return vault.write(|db| set(db, wanted));
            }
            // Also if nothing changes: a forgetting that was cut is repeated then.
            vault.write_forgetting(|db| {
                set(db, wanted)?;
                finished::reduce(db, wanted.kept_after_finish)
            })
        })
    }
}

pub(super) fn get(db: &Connection) -> Result<Settings> {
    let kept: String = db.query_row("SELECT kept FROM settings", [], |row| row.get(0))?;
    Ok(Settings { kept_after_finish: Profile::from_code(&kept).ok_or(Error::Store)? })
}

fn set(db: &Connection, settings: &Settings) -> Result<()> {
    db.execute("UPDATE settings SET kept = ?1", [settings.kept_after_finish.code()])?;
    Ok(())
}

/// Finished reports of which nothing stayed but that they were.
pub(super) fn counted(db: &Connection) -> Result<u64> {
    Ok(db.query_row("SELECT counted FROM settings", [], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

pub(super) fn set_counted(db: &Connection, number: u64) -> Result<()> {
    db.execute("UPDATE settings SET counted = ?1", params![sql_int(number)?])?;
    Ok(())
}
