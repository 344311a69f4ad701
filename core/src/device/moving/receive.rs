//! The new phone's side: a one-time key, and a file that is taken up as a whole or not at all.

use std::collections::BTreeSet;
use std::path::Path;

use kapok_seal::{Identity, Recipient};

use super::super::outbox::{Outbox, QueueMove};
use super::super::queues::QUEUE_STEPS;
use super::super::slots::Purpose;
use super::super::{Device, VAULT_STEPS};
use super::crash::{self, After};
use super::digits;
use super::error::MoveError;
use super::file::{self, Limits, Whole};
use super::state::{self, State};
use super::tables::{self, Renumbered};
use crate::error::{Error, Result};
use crate::vault::Image;

/// What the new phone shows to the old one. Nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveKey {
    /// The key, for a QR code, a file or a message.
    pub text: String,
    /// Its digits, to be read from this screen and typed on the old phone.
    pub digits: String,
}

impl MoveKey {
    pub(super) fn of(identity: &Identity) -> Self {
        let key = identity.to_recipient();
        Self { text: key.to_string(), digits: digits::key_digits(&key) }
    }

    /// Reads a key; a QR code holds it in capitals.
    pub(super) fn parse(text: &str) -> Result<Recipient> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let whole = if text == text.to_ascii_uppercase() { lower.as_str() } else { text };
        Ok(whole.parse().map_err(|_| MoveError::KeyMalformed)?)
    }
}

impl Device {
    /// Lets the open vault, which must be empty, await a move file, and gives the key that it is to be written to. The same
    /// one until a file was taken up or the move was cancelled.
    ///
    /// # Errors
    /// [`MoveError::NotEmpty`], [`MoveError::Moving`], [`Error::Locked`].
    pub fn receive_move(&self) -> Result<MoveKey> {
        let outbox = self.own_outbox()?;
        self.with_vault(|vault| {
            if let State::Awaited(identity) = vault.read(state::get)? {
                return Ok(MoveKey::of(&identity));
            }
            if !vault.read(tables::vault_is_empty)? || !outbox.read_queue(tables::queue_is_empty)? {
                return Err(MoveError::NotEmpty.into());
            }
            let identity = Identity::make_pq();
            let key = MoveKey::of(&identity);
            vault.write(|db| state::set(db, &State::Awaited(identity)))?;
            Ok(key)
        })
    }

    /// Takes a move file up into the open vault, if every part of it is whole and `typed` are the digits that the old
    /// phone shows. Gives the arrival code, to be typed there. A failure or a crash leaves the vault empty and the file
    /// awaited.
    ///
    /// # Errors
    /// [`MoveError`]; [`Error::PoolFull`], [`Error::VaultFull`] if this device is too small for it; [`Error::NewerVersion`].
    pub fn import_move(&self, path: &Path, typed: &str) -> Result<String> {
        let _alone = self.sending.try_lock().map_err(|_| MoveError::Sending)?;
        let _ends = self.draft_ends();
        let (region, outbox) = self.open_vault()?;
        let (identity, limits) = self.with_region(region, |vault| {
            let State::Awaited(identity) = vault.read(state::get)? else { return Err(MoveError::NotAwaited.into()) };
            if !vault.read(tables::vault_is_empty)? || !outbox.read_queue(tables::queue_is_empty)? {
                return Err(MoveError::NotEmpty.into());
            }
            Ok((identity, Limits { vault: vault.capacity(), queue: outbox.capacity()? }))
        })?;

        // First all is checked, and nothing of the content looked at before it is known whose it is.
        let unlocked = || self.with_region(region, |_| Ok(()));
        let whole = file::read(path, &identity, limits, |_, _, _| unlocked())?;
        let secret = &whole.content.secret;
        if !digits::same(typed, &secret.file_digits(&identity.to_recipient(), &whole.hash)) {
            return Err(MoveError::WrongFileDigits.into());
        }
        let images = Images::of(&whole, limits)?;
        let mut reserved = self.reserve((region, &outbox), whole.slots.len(), Purpose::Finish)?;

        // Then it is written, what points to something after that. Until the vault's commit it is as if nothing had come.
        let mut renumbered = Renumbered::new();
        let again = file::read(path, &identity, limits, |lane, old, area| {
            unlocked()?;
            let new = reserved.take()?;
            outbox.put_area(lane, new, area)?;
            renumbered.insert(old, new);
            Ok(())
        })?;
        if again.hash != whole.hash {
            return Err(MoveError::FileDamaged.into());
        }
        outbox.pool().sync()?;
        crash::point(After::SlotsFilled)?;
        let taken = self.take_up(region, &outbox, &images, &renumbered, &whole);
        if taken.is_err() && !crash::happened() {
            // If it was locked meanwhile, the next unlock does it.
            let _ = self.with_region(region, |vault| super::settle(vault, Some(&outbox)));
        }
        taken
    }

    fn take_up(
        &self,
        region: u8,
        outbox: &Outbox,
        images: &Images,
        slots: &Renumbered,
        whole: &Whole,
    ) -> Result<String> {
        if !outbox.read_queue(tables::queue_is_empty)? {
            return Err(MoveError::NotEmpty.into());
        }
        outbox.set_moving(QueueMove::Arriving)?;
        outbox.fill(|db| images.queue.read(|image| tables::fill_queue(image, db, slots)))?;
        crash::point(After::QueueFilled)?;
        if !whole.content.lent {
            self.with_region(region, |vault| self.queues.lend(vault, false))?;
        }
        let arrival = whole.content.secret.arrival();
        self.with_region(region, |vault| {
            // Somebody may have locked and unlocked the vault meanwhile, or changed its passphrase: then the queue was emptied again,
            // and a vault without it must not say that all arrived.
            if outbox.moving()? != QueueMove::Arriving {
                return Err(Error::Locked);
            }
            // Forgetting: the one-time identity goes with it, and the file can never be opened again.
            let taken = vault.write_forgetting(|db| {
                if !tables::vault_is_empty(db)? {
                    return Err(MoveError::NotEmpty.into());
                }
                images.vault.read(|image| tables::fill_vault(image, db, slots))?;
                state::set(db, &State::Arrived { arrival: arrival.clone() })
            });
            if !matches!(taken, Ok(()) | Err(Error::NotForgotten)) {
                return taken;
            }
            crash::point(After::VaultFilled)?;
            super::settle(vault, Some(outbox))
        })?;
        Ok(arrival)
    }
}

/// Both databases of a file whose digits were right.
struct Images {
    vault: Image,
    queue: Image,
}

impl Images {
    /// Opens them and compares the slots they name with those that came.
    fn of(whole: &Whole, limits: Limits) -> Result<Self> {
        let unreadable = |error| match error {
            Error::NewerVersion | Error::VaultFull => error,
            _ => MoveError::FileDamaged.into(),
        };
        let content = &whole.content;
        let vault = Image::open(&content.vault, limits.vault, VAULT_STEPS).map_err(unreadable)?;
        let queue = Image::open(&content.queue, limits.queue, QUEUE_STEPS).map_err(unreadable)?;
        let mut named = vault.read(tables::vault_slots).map_err(unreadable)?;
        named.extend(queue.read(tables::queue_slots).map_err(unreadable)?);
        let key = |(lane, slot): &(kapok_wire::Lane, crate::vault::SlotNumber)| (lane.code(), slot.0);
        let (named_set, came): (BTreeSet<_>, BTreeSet<_>) =
            (named.iter().map(key).collect(), whole.slots.iter().map(key).collect());
        let each_once = named_set.len() == named.len() && came.len() == whole.slots.len();
        if named_set == came && each_once { Ok(Self { vault, queue }) } else { Err(MoveError::FileDamaged.into()) }
    }
}
