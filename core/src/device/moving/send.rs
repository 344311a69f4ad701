//! The old phone's side: hold, write, and erase once the new one has it all.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::super::outbox::{Outbox, QueueMove};
use super::super::queues::QUEUE_STEPS;
use super::super::{Device, VAULT_STEPS};
use super::crash::{self, After};
use super::digits::{self, MoveSecret};
use super::error::MoveError;
use super::file::{self, Content, Slots};
use super::receive::MoveKey;
use super::state::{self, State};
use super::{settle, tables};
use crate::error::{Error, Result};
use crate::vault::{Store, sync_folder_of};

impl Device {
    /// Writes the open vault and its outbox into a new file that only the new phone can open, and holds them: they can be
    /// read, and nothing is changed or sent any more. Gives the digits of the file, to be typed on the new phone.
    ///
    /// `key` is what the new phone shows, and `key_digits` what a person read from its screen.
    ///
    /// # Errors
    /// [`MoveError`], [`Error::AlreadyExists`], [`Error::SlotDamaged`] if a waiting report is damaged: the vault is as before.
    pub fn send_move(&self, key: &str, key_digits: &str, path: &Path) -> Result<String> {
        let to = MoveKey::parse(key)?;
        if !digits::same(key_digits, &digits::key_digits(&to)) {
            return Err(MoveError::WrongKeyDigits.into());
        }
        let _alone = self.sending.try_lock().map_err(|_| MoveError::Sending)?;
        let _ends = self.draft_ends();
        let lent = self.sends_while_locked()?;
        let outbox = self.own_outbox()?;
        self.end_interrupted_finish()?;
        let (region, before) = self.with_vault(|vault| match vault.read(state::get)? {
            // That a move was taken up here before is over once this one goes out.
            before @ (State::None | State::Arrived { .. }) => Ok((vault.region(), before)),
            State::Sent { .. } | State::Ending { .. } => Err(MoveError::Moving.into()),
            State::Awaited(_) => Err(MoveError::UnderWay.into()),
        })?;
        let output = self.with_region(region, |vault| {
            if vault.read(tables::vault_is_empty)? && outbox.read_queue(tables::queue_is_empty)? {
                return Err(MoveError::NothingToMove.into());
            }
            create(path)
        })?;
        let secret = MoveSecret::make();
        let sent = |digits| State::Sent { digits, arrival: secret.arrival(), wrong: 0 };
        let held = self.with_region(region, |vault| {
            hold(vault, &outbox, &sent(None))?;
            content(vault, &outbox, &secret, lent)
        });
        // Written without holding the vault: locking it must not wait for a whole pool, and ends this.
        let written = held.and_then(|(content, slots)| {
            let area = |lane, slot| self.with_region(region, |_| Ok(())).and_then(|()| outbox.area(lane, slot));
            let hash = file::write(output, &to, &content, &slots, area)?;
            sync_folder_of(path).map_err(|_| MoveError::WriteFailed(std::io::ErrorKind::Other))?;
            let digits = secret.file_digits(&to, &hash);
            self.with_region(region, |vault| vault.write_held(|db| state::set(db, &sent(Some(digits.clone())))))?;
            Ok(digits)
        });
        if written.is_err() && !crash::happened() {
            // Nobody has a whole file, so nothing is held for it. If the vault was locked, a person says so: it has no digits.
            let _ = fs::remove_file(path);
            let _ = self.with_region(region, |vault| {
                vault.write_held(|db| state::set(db, &before))?;
                settle(vault, Some(&outbox))
            });
        }
        written
    }

    /// Erases what was moved, on the new phone's arrival code: drafts, what waits, tokens, the enrolment. The vault stays,
    /// empty. May be repeated with the same code if it fails or is cut.
    ///
    /// # Errors
    /// [`MoveError::WrongArrival`], [`MoveError::NoTriesLeft`], [`MoveError::NotSent`] with nothing changed.
    pub fn end_move(&self, arrival: &str) -> Result<()> {
        let _alone = self.sending.try_lock().map_err(|_| MoveError::Sending)?;
        let _ends = self.draft_ends();
        let _unclaimed = self.reserved.hold();
        let outbox = self.own_outbox()?;
        let (region, mut slots) = self.with_vault(|vault| {
            let arrival = arrival_tried(vault, arrival)?;
            vault.write_held(|db| state::set(db, &State::Ending { arrival, wrong: 0 }))?;
            crash::point(After::EndingNoted)?;
            Ok((vault.region(), vault.read(tables::vault_slots)?))
        })?;
        slots.extend(outbox.read_queue(tables::queue_slots)?);
        for (_, slot) in slots {
            outbox.pool().refill_random(slot)?;
        }
        outbox.pool().sync()?;
        crash::point(After::SlotsOverwritten)?;
        self.with_region(region, |vault| {
            let queue = outbox.wipe(tables::wipe_queue);
            if !matches!(queue, Ok(()) | Err(Error::NotForgotten)) {
                return queue;
            }
            crash::point(After::QueueEmptied)?;
            let emptied = vault.write_held_forgetting(|db| {
                tables::wipe_vault(db)?;
                state::set(db, &State::None)
            });
            if !matches!(emptied, Ok(()) | Err(Error::NotForgotten)) {
                return emptied;
            }
            crash::point(After::VaultEmptied)?;
            settle(vault, Some(&outbox))?;
            queue.and(emptied)
        })
    }
}

/// A new file, for its owner only.
fn create(path: &Path) -> Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::AlreadyExists,
        kind => MoveError::WriteFailed(kind).into(),
    })
}

/// Holds the queue first: whoever finds a held queue beside a vault that was not sent may free it, but not the reverse.
fn hold(vault: &mut Store, outbox: &Outbox, sent: &State) -> Result<()> {
    outbox.set_moving(QueueMove::Sent)?;
    crash::point(After::QueueHeld)?;
    vault.write_held(|db| state::set(db, sent))?;
    vault.hold(true);
    crash::point(After::VaultHeld)
}

pub(super) fn content(vault: &mut Store, outbox: &Outbox, secret: &MoveSecret, lent: bool) -> Result<(Content, Slots)> {
    let mut slots = vault.read(tables::vault_slots)?;
    slots.extend(outbox.read_queue(tables::queue_slots)?);
    let mut vault = vault.image(VAULT_STEPS)?;
    vault.write(tables::strip_vault)?;
    let mut queue = outbox.image(QUEUE_STEPS)?;
    queue.write(tables::strip_queue)?;
    // EXPOSE: into the file, which is sealed.
    let secret = MoveSecret::from_bytes(*secret.expose());
    Ok((Content { secret, lent, vault: vault.bytes()?, queue: queue.bytes()? }, slots))
}

/// The arrival code, if it was typed right. A try is counted before it is judged: cutting the power gives none back.
fn arrival_tried(vault: &mut Store, typed: &str) -> Result<String> {
    let (file_digits, arrival, wrong, ending) = match vault.read(state::get)? {
        State::Sent { digits, arrival, wrong } => (digits, arrival, wrong, false),
        State::Ending { arrival, wrong } => (None, arrival, wrong, true),
        State::None | State::Awaited(_) | State::Arrived { .. } => return Err(MoveError::NotSent.into()),
    };
    if ending {
        // Erasing was decided by the right code; what is left of it can be asked for again as often as needed.
        let right = digits::same(typed, &arrival);
        return if right { Ok(arrival) } else { Err(MoveError::Ending.into()) };
    }
    if wrong >= state::TRIES {
        return Err(MoveError::NoTriesLeft.into());
    }
    let tried = State::Sent { digits: file_digits, arrival: arrival.clone(), wrong: wrong + 1 };
    vault.write_held(|db| state::set(db, &tried))?;
    if digits::same(typed, &arrival) {
        return Ok(arrival);
    }
    Err(MoveError::WrongArrival { left: state::TRIES - wrong - 1 }.into())
}
