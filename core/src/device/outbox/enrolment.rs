//! The organisation in force and the enrolment under way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kapok_wire::bundle::{RootHashes, UntrustedBundle, VerifiedBundle};
use kapok_wire::token::{Blinding, IssuerKey, Token};
use kapok_wire::{InviteSecret, Problem, TokenKeyId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Outbox;
use crate::error::{Error, Result};

/// An enrolment that was begun: the secret and the blinded batch that goes with it.
pub(crate) struct Pending {
    pub(crate) secret: InviteSecret,
    pub(crate) blinding: Blinding,
}

impl Outbox {
    /// The enrolment under way for this invite, or a new one, stored before anything is sent.
    pub(crate) fn begin_enrolment(&self, secret: &InviteSecret) -> Result<Pending> {
        self.queue().write(|db| {
            if let Some(pending) = pending(db)?
                && pending.secret == *secret
            {
                return Ok(pending);
            }
            let blinding = Blinding::make().map_err(|_| Error::Store)?;
            db.execute(
                "INSERT OR REPLACE INTO enrolment (only, secret, blinding) VALUES (1, ?1, ?2)",
                // EXPOSE: kept, under the device key, until the tokens are in.
                params![secret.expose(), *blinding.to_bytes()],
            )?;
            Ok(Pending { secret: InviteSecret::from_bytes(*secret.expose()), blinding })
        })
    }

    /// Takes up organisation and tokens and forgets the invite's secret.
    pub(crate) fn finish_enrolment(&self, roots: &RootHashes, bundle: &VerifiedBundle, tokens: &[Token]) -> Result<()> {
        self.queue().write_forgetting(|db| {
            store_bundle(db, roots, bundle)?;
            let mut insert = db.prepare("INSERT OR IGNORE INTO token (nonce, output, key) VALUES (?1, ?2, ?3)")?;
            for token in tokens {
                insert.execute(params![token.nonce, token.output, token.key.0])?;
            }
            drop(insert);
            db.execute("DELETE FROM enrolment", [])?;
            give_up_invalid_tokens(db, bundle)
        })
    }

    /// Takes up a newer bundle of the same organisation.
    pub(crate) fn replace_bundle(&self, roots: &RootHashes, bundle: &VerifiedBundle) -> Result<()> {
        self.queue().write(|db| store_bundle(db, roots, bundle))
    }

    /// Root hashes from the invite this device enrolled with.
    pub(crate) fn roots(&self) -> Result<Option<RootHashes>> {
        self.queue().read(|db| Ok(stored(db)?.map(|(roots, _)| roots)))
    }
}

/// Objects that were refused for their token wait again, for a new one. A token goes if the server refused it, or if no
/// key in force made it: it would only be refused.
fn give_up_invalid_tokens(db: &Connection, bundle: &VerifiedBundle) -> Result<()> {
    let invalid = Problem::TokenInvalid.code();
    db.execute("DELETE FROM token WHERE upload IN (SELECT upload FROM object WHERE problem = ?1)", [invalid])?;
    // Old keys follow the current one; what does not parse has no tokens.
    let key = |text: &String| Some(IssuerKey(STANDARD.decode(text).ok()?.try_into().ok()?).id());
    let in_force: Vec<_> = bundle.content().token_keys.iter().filter_map(key).collect();
    let mut keys = db.prepare("SELECT DISTINCT key FROM token")?;
    let keys = keys.query_map([], |row| row.get(0).map(TokenKeyId))?.collect::<Result<Vec<_>, _>>()?;
    for old in keys.iter().filter(|key| !in_force.contains(key)) {
        db.execute("DELETE FROM token WHERE key = ?1", [old.0])?;
    }
    db.execute("UPDATE object SET problem = NULL WHERE problem = ?1", [invalid])?;
    db.execute(
        "UPDATE object SET upload = NULL
         WHERE slot IS NOT NULL AND upload NOT IN (SELECT upload FROM token WHERE upload IS NOT NULL)",
        [],
    )?;
    Ok(())
}

fn pending(db: &Connection) -> Result<Option<Pending>> {
    let row = db
        .query_row("SELECT secret, blinding FROM enrolment", [], |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    row.map(|(secret, blinding)| {
        let blinding = Blinding::from_bytes(&blinding).map_err(|_| Error::Store)?;
        Ok(Pending { secret: InviteSecret::from_bytes(secret), blinding })
    })
    .transpose()
}

fn store_bundle(db: &Connection, roots: &RootHashes, bundle: &VerifiedBundle) -> Result<()> {
    let joined: Vec<u8> = roots.0.iter().flatten().copied().collect();
    db.execute(
        "INSERT OR REPLACE INTO organisation (only, roots, bundle) VALUES (1, ?1, ?2)",
        params![joined, bundle.note()],
    )?;
    Ok(())
}

fn stored(db: &Connection) -> Result<Option<(RootHashes, String)>> {
    let row = db
        .query_row("SELECT roots, bundle FROM organisation", [], |row| {
            Ok((row.get::<_, [u8; 96]>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let Some((joined, note)) = row else { return Ok(None) };
    let mut roots = RootHashes([[0; 32]; 3]);
    for (root, bytes) in roots.0.iter_mut().zip(joined.chunks_exact(32)) {
        root.copy_from_slice(bytes);
    }
    Ok(Some((roots, note)))
}

/// An expired bundle still serves: losing a report is worse than sealing to last month's keys.
pub(super) fn bundle(db: &Connection) -> Result<Option<VerifiedBundle>> {
    let Some((roots, note)) = stored(db)? else { return Ok(None) };
    let bundle = UntrustedBundle::from_bytes(note.as_bytes()).and_then(|b| b.verify_undated(&roots));
    bundle.map(Some).map_err(Error::Bundle)
}
