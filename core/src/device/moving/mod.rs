//! A verified move of one vault to a new phone.
//!
//! ```text
//! new phone: a one-time key ─▶ old phone: holds the vault, writes the file ─▶ new phone: checks all, takes it up
//!                                    old phone: erases  ◀─ arrival code ◀────────────┘
//! ```
//! Three times people carry digits from one screen to the other: those of the key, so that the file is for the new phone; those of
//! the file, so that what is taken up is from the old one; and the arrival code, so that nothing is erased before it is
//! there. Between the second and the third, the old vault can be read and nothing else, or both phones would spend the same tokens.
//!
//! The vault's row decides how far a move is; the queue follows it ([`settle`]). What a crash can cut:
//! * sending: the queue is held, then the vault, then the file is written; a file that is not whole has no digits;
//! * taking up: slots, then the queue (held), then the vault: **the commit point**, then the queue is free;
//! * ending: the vault says so, slots, queue, vault, and the queue is free.

mod crash;
mod digits;
mod error;
mod file;
mod receive;
mod send;
mod state;
mod tables;
#[cfg(test)]
mod tests;

pub use error::MoveError;
pub use receive::MoveKey;
pub(super) use state::settle;

use super::Device;
use super::outbox::QueueMove;
use crate::error::Result;
use state::State;

/// How far a move of the open vault is.
#[derive(Clone, PartialEq, Eq)]
pub enum MoveState {
    /// None is under way.
    None,
    /// This vault waits for a move file.
    Awaited(MoveKey),
    /// A move was taken up here; the old phone still has to be told.
    Arrived {
        /// What to enter on the old phone.
        arrival: String,
    },
    /// This vault was sent and is held.
    Sent {
        /// The digits of the file; `None` if it was not written whole: cancel, and send again.
        digits: Option<String>,
        /// Tries at the arrival code that are left.
        left: u32,
    },
    /// This vault is being erased, because the new phone has it.
    Ending,
}

impl std::fmt::Debug for MoveState {
    /// Digits and codes are for the two phones' screens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MoveState([redacted])")
    }
}

impl Device {
    /// How far a move of the open vault is.
    ///
    /// # Errors
    /// [`crate::Error::Locked`].
    pub fn move_state(&self) -> Result<MoveState> {
        Ok(match self.with_vault(|vault| vault.read(state::get))? {
            State::None => MoveState::None,
            State::Awaited(identity) => MoveState::Awaited(MoveKey::of(&identity)),
            State::Arrived { arrival } => MoveState::Arrived { arrival },
            State::Sent { digits, wrong, .. } => MoveState::Sent { digits, left: state::TRIES.saturating_sub(wrong) },
            State::Ending { .. } => MoveState::Ending,
        })
    }

    /// Gives a move up: a file that is awaited can no longer be taken up; a vault that was sent can be used again. The
    /// second is only right if the new phone did not take it up, or both have the same drafts and tokens.
    ///
    /// # Errors
    /// [`MoveError::NotSent`] if none is under way; [`MoveError::Ending`] once the erasing has begun; [`MoveError::Sending`].
    pub fn cancel_move(&self) -> Result<()> {
        let _alone = self.sending.try_lock().map_err(|_| MoveError::Sending)?;
        let outbox = self.own_outbox()?;
        self.with_vault(|vault| {
            match vault.read(state::get)? {
                State::None => return Err(MoveError::NotSent.into()),
                State::Ending { .. } => return Err(MoveError::Ending.into()),
                // The queue came with it. Once the vault no longer says so, a queue that is held still would be taken for one
                // whose vault never came, and emptied.
                State::Arrived { .. } if outbox.moving()? == QueueMove::Arriving => {
                    outbox.set_moving(QueueMove::None)?
                }
                State::Awaited(_) | State::Arrived { .. } | State::Sent { .. } => {}
            }
            // Forgetting: the one-time identity opens a file that may lie somewhere.
            let forgotten = vault.write_held_forgetting(|db| state::set(db, &State::None));
            settle(vault, Some(&outbox))?;
            forgotten
        })
    }
}
