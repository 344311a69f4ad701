//! An identity: the secret half of a recipient, held by the desk only.

use std::fmt;
use std::str::FromStr;

use age::DecryptError;
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::recipient::Recipient;
use crate::{bech, pq};

/// Prefix of a post-quantum identity.
const PQ_PREFIX: &str = "AGE-SECRET-KEY-PQ-";
/// Prefix of an X25519 identity.
pub(crate) const X25519_PREFIX: &str = "AGE-SECRET-KEY-";

/// A secret key of the desk. Zeroed on drop, never printed, not `Clone`; written only through [`Identity::expose`].
pub struct Identity(Kind);

enum Kind {
    Pq(pq::PqIdentity),
    X25519(age::x25519::Identity),
}

impl Identity {
    /// A fresh post-quantum identity: the default.
    #[must_use]
    pub fn make_pq() -> Self {
        Self::pq_from_seed(&Zeroizing::new(kapok_wire::rng::bytes()))
    }

    /// A fresh X25519 identity, for an organisation whose tools know nothing newer.
    #[must_use]
    pub fn make_x25519() -> Self {
        let secret = Zeroizing::new(kapok_wire::rng::bytes::<32>());
        let text = bech::upper(X25519_PREFIX, secret.as_slice());
        Self(Kind::X25519(text.parse().expect("32 bytes in age's own spelling are an identity")))
    }

    fn pq_from_seed(seed: &[u8; pq::SEED_LEN]) -> Self {
        Self(Kind::Pq(pq::PqIdentity::from_seed(seed)))
    }

    /// Whom to seal to, so that this identity opens.
    #[must_use]
    pub fn to_recipient(&self) -> Recipient {
        match &self.0 {
            Kind::Pq(identity) => Recipient::from_pq(identity.to_recipient()),
            Kind::X25519(identity) => Recipient::from_x25519(identity.to_public()),
        }
    }

    /// The identity as age writes it. Each use says why in a line `// EXPOSE: …`.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        match &self.0 {
            Kind::Pq(identity) => bech::upper(PQ_PREFIX, identity.expose_seed().as_slice()),
            // EXPOSE: the caller asked for the text.
            Kind::X25519(identity) => Zeroizing::new(identity.to_string().expose_secret().to_owned()),
        }
    }
}

impl FromStr for Identity {
    type Err = Error;

    /// Reads what age writes, with or without the line's end.
    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim_ascii();
        if let Some(seed) = bech::parse::<{ pq::SEED_LEN }>(PQ_PREFIX, text) {
            return Ok(Self::pq_from_seed(&seed));
        }
        bech::parse::<32>(X25519_PREFIX, text).ok_or(Error::IdentityMalformed)?;
        text.parse().map(|identity| Self(Kind::X25519(identity))).map_err(|_| Error::IdentityMalformed)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity([redacted])")
    }
}

impl age::Identity for Identity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        match &self.0 {
            Kind::Pq(identity) => identity.unwrap_stanza(stanza),
            Kind::X25519(identity) => identity.unwrap_stanza(stanza),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_survive_a_round_trip_through_text() {
        for identity in [Identity::make_pq(), Identity::make_x25519()] {
            let text = identity.expose();
            let again: Identity = format!("{}\n", text.as_str()).parse().unwrap();
            assert_eq!(again.expose(), text);
            assert_eq!(again.to_recipient(), identity.to_recipient());
        }
    }

    #[test]
    fn two_fresh_identities_differ() {
        assert_ne!(Identity::make_pq().expose(), Identity::make_pq().expose());
        assert_ne!(Identity::make_x25519().expose(), Identity::make_x25519().expose());
    }

    #[test]
    fn debug_prints_nothing_of_the_key() {
        for identity in [Identity::make_pq(), Identity::make_x25519()] {
            assert_eq!(format!("{identity:?}"), "Identity([redacted])");
        }
    }

    #[test]
    fn other_text_is_refused_without_repeating_it() {
        let good = Identity::make_pq().expose().to_string();
        let lower = good.to_lowercase();
        let cut = &good[..good.len() - 1];
        for text in ["", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1QQ", &lower, cut] {
            let error = text.parse::<Identity>().unwrap_err();
            assert_eq!(error, Error::IdentityMalformed);
        }
    }
}
