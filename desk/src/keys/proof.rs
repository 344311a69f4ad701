//! The test decryption: nothing is published before it was shown that reports can be opened.
//!
//! A test packet is sealed to the bundle's recipients exactly as a device would, and each key opens it after being
//! read back from its file. A desk that mistypes a passphrase once, or copies a wrong key into the bundle, would
//! otherwise learn of it when the first report is lost.

use kapok_seal::{ClassRecipients, Content, Recipients, open_packet, seal_packet};
use kapok_wire::bundle::{Bundle, Class};

use crate::error::Error;
use crate::keys::secret::OrgKey;

/// What a test decryption showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Recipients of the bundle whose key was tried and opened the test packet.
    pub proven: usize,
    /// Recipients of the bundle whose key is not here.
    pub elsewhere: usize,
}

/// Seals a test packet to `bundle` and opens it with each of `keys`, which the caller has just read from their files.
/// Of every class at least one key must be among them.
///
/// # Errors
/// [`Error::TestDecryption`] if a key that the bundle names does not open its part;
/// [`Error::NothingTested`] if of some class no key of the bundle is among `keys`.
pub fn prove(bundle: &Bundle, keys: &[OrgKey]) -> Result<Proof, Error> {
    let mut whole = Proof { proven: 0, elsewhere: 0 };
    for (class, part) in prove_each(bundle, keys)? {
        if part.proven == 0 {
            return Err(Error::NothingTested(class));
        }
        whole.proven += part.proven;
        whole.elsewhere += part.elsewhere;
    }
    Ok(whole)
}

/// As [`prove`], for a machine that holds some of the keys only: what was shown for each class.
///
/// # Errors
/// [`Error::TestDecryption`].
pub fn prove_each(bundle: &Bundle, keys: &[OrgKey]) -> Result<[(Class, Proof); 2], Error> {
    let recipients = ClassRecipients::of(bundle)?;
    let (triage_mark, identities_mark) = (kapok_wire::rng::bytes::<32>(), kapok_wire::rng::bytes::<32>());
    let sealed = seal_packet(&triage_mark, &identities_mark, &recipients)?;
    let class = |class, named: &Recipients, mark: &[u8; 32]| {
        let mut proof = Proof { proven: 0, elsewhere: 0 };
        for recipient in named.iter() {
            // Only a key that says it is of this class counts: a key file marked otherwise would not be used later.
            let here = keys.iter().find_map(|key| match key {
                OrgKey::Desk(of, identity) if *of == class && identity.to_recipient() == *recipient => Some(identity),
                _ => None,
            });
            match here {
                None => proof.elsewhere += 1,
                Some(identity) if opens(&*sealed.packet, identity, class, mark) => proof.proven += 1,
                Some(_) => return Err(Error::TestDecryption(class)),
            }
        }
        Ok((class, proof))
    };
    Ok([
        class(Class::Triage, &recipients.triage, &triage_mark)?,
        class(Class::Identities, &recipients.identities, &identities_mark)?,
    ])
}

fn opens(packet: &[u8], identity: &kapok_seal::Identity, class: Class, mark: &[u8; 32]) -> bool {
    let Ok(opened) = open_packet(packet, std::slice::from_ref(identity)) else { return false };
    let part = match class {
        Class::Triage => opened.triage,
        Class::Identities => opened.identities,
    };
    // EXPOSE: a random mark, compared with what was sealed.
    matches!(part, Ok(Some(Content::Inline(content))) if content.expose() == mark)
}
