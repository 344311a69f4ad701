//! A recipient: the public key of someone at the desk.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use age::EncryptError;
use age_core::format::{FileKey, Stanza};

use kapok_wire::bundle::Algorithm;

use crate::error::Error;
use crate::low_order::is_low_order;
use crate::{bech, pq};

/// Prefix of a post-quantum recipient.
const PQ_PREFIX: &str = "age1pq";
/// Prefix of an X25519 recipient.
const X25519_PREFIX: &str = "age";

/// Someone to seal to. Written and read as age does: `age1pq1…` or `age1…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Pq(pq::PqRecipient),
    X25519(age::x25519::Recipient),
}

impl Recipient {
    pub(crate) fn from_pq(recipient: pq::PqRecipient) -> Self {
        Self(Kind::Pq(recipient))
    }

    pub(crate) fn from_x25519(recipient: age::x25519::Recipient) -> Self {
        Self(Kind::X25519(recipient))
    }

    /// How this recipient's key works.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Kind::Pq(_) => Algorithm::PostQuantum,
            Kind::X25519(_) => Algorithm::X25519,
        }
    }
}

impl FromStr for Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(bytes) = bech::parse::<{ pq::PUBLIC_LEN }>(PQ_PREFIX, text) {
            return pq::PqRecipient::from_bytes(bytes.as_slice()).map(Self::from_pq).ok_or(Error::RecipientUnsafe);
        }
        let point = bech::parse::<32>(X25519_PREFIX, text).ok_or(Error::RecipientMalformed)?;
        if is_low_order(point.as_slice()) {
            return Err(Error::RecipientUnsafe);
        }
        text.parse().map(Self::from_x25519).map_err(|_| Error::RecipientMalformed)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Pq(recipient) => f.write_str(&bech::lower(PQ_PREFIX, &recipient.to_bytes())),
            Kind::X25519(recipient) => recipient.fmt(f),
        }
    }
}

impl fmt::Debug for Recipient {
    /// The first characters: enough to tell two apart, without 1,959 characters in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        write!(f, "{}…", text.get(..16).unwrap_or(&text))
    }
}

impl age::Recipient for Recipient {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        match &self.0 {
            Kind::Pq(recipient) => recipient.wrap_file_key(file_key),
            Kind::X25519(recipient) => recipient.wrap_file_key(file_key),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Identity;

    #[test]
    fn both_kinds_survive_a_round_trip_through_text() {
        for identity in [Identity::make_pq(), Identity::make_x25519()] {
            let recipient = identity.to_recipient();
            let text = recipient.to_string();
            assert_eq!(text.parse::<Recipient>().unwrap(), recipient);
            assert!(format!("{recipient:?}").len() < 24);
        }
    }

    #[test]
    fn a_post_quantum_recipient_has_1959_characters() {
        let text = Identity::make_pq().to_recipient().to_string();
        assert_eq!(text.len(), 1_959);
        assert!(text.starts_with("age1pq1"));
    }

    #[test]
    fn other_text_is_refused() {
        let good = Identity::make_pq().to_recipient().to_string();
        let classic = Identity::make_x25519().to_recipient().to_string();
        let cut = &good[..good.len() - 1];
        let upper = classic.to_uppercase();
        for text in ["", "age1", "age1pq1", "age1tag1qqqq", cut, &upper, &format!("{good} "), "ខ្មែរ"] {
            assert_eq!(text.parse::<Recipient>(), Err(Error::RecipientMalformed));
        }
        let seed = Identity::make_x25519();
        assert_eq!(seed.expose().parse::<Recipient>(), Err(Error::RecipientMalformed));
    }

    #[test]
    fn keys_that_protect_nothing_are_refused() {
        let zero = bech::lower(X25519_PREFIX, &[0; 32]);
        assert_eq!(zero.parse::<Recipient>(), Err(Error::RecipientUnsafe));
        // Control: unchecked, this text would stop the phone in the middle of sealing.
        let unchecked = Recipient::from_x25519(zero.parse().unwrap());
        let sealing = || age::Recipient::wrap_file_key(&unchecked, &FileKey::new(Box::new([7; 16]))).is_ok();
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(sealing)).is_err());
        let Kind::Pq(good) = Identity::make_pq().to_recipient().0 else { unreachable!() };
        let mut half = good.to_bytes();
        half[pq::PUBLIC_LEN - 32..].fill(0);
        assert_eq!(bech::lower(PQ_PREFIX, &half).parse::<Recipient>(), Err(Error::RecipientUnsafe));
        let unreduced = bech::lower(PQ_PREFIX, &[0xff; pq::PUBLIC_LEN]);
        assert_eq!(unreduced.parse::<Recipient>(), Err(Error::RecipientUnsafe));
    }

    proptest! {
        #[test]
        fn no_text_makes_parsing_panic(text in ".{0,200}", prefix in "(age1|age1pq1|AGE-SECRET-KEY-1|AGE-SECRET-KEY-PQ-1)") {
            let _ = text.parse::<Recipient>();
            let text = prefix + &text;
            prop_assert!(text.parse::<Recipient>().is_err());
            prop_assert!(text.parse::<Identity>().is_err());
        }

        #[test]
        fn a_mistyped_character_is_noticed(at in 4_usize..1_950, to in "[a-z0-9]") {
            let good = Identity::make_pq().to_recipient().to_string();
            let mut typed = good.clone();
            typed.replace_range(at..=at, &to);
            prop_assert_eq!(typed.parse::<Recipient>().is_ok(), typed == good);
        }
    }
}
