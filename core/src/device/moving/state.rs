//! How far a move is, as the vault knows it.

use kapok_seal::Identity;
use rusqlite::{Connection, OptionalExtension as _, params};
use zeroize::Zeroizing;

use super::super::outbox::{Outbox, QueueMove};
use super::tables;
use crate::error::{Error, Result};
use crate::vault::Store;

/// Tries at the arrival digits.
pub(super) const TRIES: u32 = 3;

/// The row that is there while a move is under way.
pub(super) enum State {
    None,
    Awaited(Identity),
    Arrived { arrival: String },
    Sent { digits: Option<String>, arrival: String, wrong: u32 },
    Ending { arrival: String, wrong: u32 },
}

pub(super) fn get(db: &Connection) -> Result<State> {
    let row = db
        .query_row("SELECT kind, identity, digits, arrival, wrong FROM moving", [], |row| {
            let identity = row.get::<_, Option<String>>(1)?.map(Zeroizing::new);
            Ok((row.get::<_, String>(0)?, identity, row.get(2)?, row.get::<_, Option<String>>(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((kind, identity, digits, arrival, wrong)) = row else { return Ok(State::None) };
    let arrival = || arrival.clone().ok_or(Error::Store);
    Ok(match kind.as_str() {
        "awaited" => State::Awaited(identity.ok_or(Error::Store)?.parse()?),
        "arrived" => State::Arrived { arrival: arrival()? },
        "sent" => State::Sent { digits, arrival: arrival()?, wrong },
        "ending" => State::Ending { arrival: arrival()?, wrong },
        _ => return Err(Error::Store),
    })
}

pub(super) fn set(db: &Connection, state: &State) -> Result<()> {
    db.execute("DELETE FROM moving", [])?;
    // EXPOSE: kept in the vault, which is sealed, until the file came or is not awaited any more.
    let identity = if let State::Awaited(identity) = state { Some(identity.expose()) } else { None };
    let (kind, digits, arrival, wrong) = match state {
        State::None => return Ok(()),
        State::Awaited(_) => ("awaited", None, None, 0),
        State::Arrived { arrival } => ("arrived", None, Some(arrival), 0),
        State::Sent { digits, arrival, wrong } => ("sent", digits.as_ref(), Some(arrival), *wrong),
        State::Ending { arrival, wrong } => ("ending", None, Some(arrival), *wrong),
    };
    db.execute(
        "INSERT INTO moving (only, kind, identity, digits, arrival, wrong) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![kind, identity.as_ref().map(|text| text.as_str()), digits, arrival, wrong],
    )?;
    Ok(())
}

/// Puts the queue of a vault that is being opened right, after whatever a crash cut, and holds both if they were sent.
///
/// Without an outbox, because its file is damaged, only the vault is held: nothing can be sent anyway.
pub(in crate::device) fn settle(vault: &mut Store, outbox: Option<&Outbox>) -> Result<()> {
    let state = vault.read(get)?;
    let sent = matches!(state, State::Sent { .. } | State::Ending { .. });
    vault.hold(sent);
    let Some(outbox) = outbox else { return Ok(()) };
    match (outbox.moving()?, &state) {
        (QueueMove::Sent, _) if sent => {}
        (_, _) if sent => outbox.set_moving(QueueMove::Sent)?,
        (QueueMove::None, _) => {}
        // The vault came after the queue, so all of it is here.
        (QueueMove::Arriving, State::Arrived { .. }) | (QueueMove::Sent, _) => {
            // If that fails, the queue stays held, and the next opening tries again.
            let _ = outbox.set_moving(QueueMove::None);
        }
        // It did not: nothing is here.
        (QueueMove::Arriving, _) => {
            let _ = outbox.wipe(tables::wipe_queue).and_then(|()| outbox.set_moving(QueueMove::None));
        }
    }
    Ok(())
}
