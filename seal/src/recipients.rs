//! Recipients of one class, and of both: checked once, so that nothing later can mix them.

use std::slice;

use kapok_wire::bundle::{Algorithm, Bundle, ClassKeys};

use crate::error::Error;
use crate::limits::RECIPIENTS_MAX;
use crate::recipient::Recipient;

/// Recipients of one class: one to three, each once, all of one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients {
    all: Vec<Recipient>,
    algorithm: Algorithm,
}

impl Recipients {
    /// Checks the rules of a class.
    ///
    /// # Errors
    /// [`Error::NoRecipients`], [`Error::TooManyRecipients`], [`Error::MixedAlgorithms`],
    /// [`Error::DuplicateRecipient`].
    pub fn new(all: Vec<Recipient>) -> Result<Self, Error> {
        let algorithm = all.first().ok_or(Error::NoRecipients)?.algorithm();
        if all.len() > RECIPIENTS_MAX {
            return Err(Error::TooManyRecipients { max: RECIPIENTS_MAX });
        }
        if all.iter().any(|recipient| recipient.algorithm() != algorithm) {
            return Err(Error::MixedAlgorithms);
        }
        let mut rest = all.as_slice();
        while let [first, others @ ..] = rest {
            if others.contains(first) {
                return Err(Error::DuplicateRecipient);
            }
            rest = others;
        }
        Ok(Self { all, algorithm })
    }

    /// The algorithm they share.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// How many there are: never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Each of them.
    pub fn iter(&self) -> slice::Iter<'_, Recipient> {
        self.all.iter()
    }
}

/// Who opens which part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassRecipients {
    /// Read what happened.
    pub triage: Recipients,
    /// Read who it is about: fewer, and kept apart.
    pub identities: Recipients,
}

impl ClassRecipients {
    /// The recipients that an organisation's bundle names.
    ///
    /// # Errors
    /// [`Error::RecipientMalformed`], [`Error::RecipientUnsafe`] and what [`Recipients::new`] refuses.
    pub fn of(bundle: &Bundle) -> Result<Self, Error> {
        let class = |keys: &ClassKeys| {
            Recipients::new(keys.recipients.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
        };
        Ok(Self { triage: class(&bundle.triage)?, identities: class(&bundle.identities)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    fn pq() -> Recipient {
        Identity::make_pq().to_recipient()
    }

    #[test]
    fn one_to_three_different_ones_of_a_kind_are_accepted() {
        for count in 1..=RECIPIENTS_MAX {
            let class = Recipients::new((0..count).map(|_| pq()).collect()).unwrap();
            assert_eq!((class.len(), class.iter().count(), class.algorithm()), (count, count, Algorithm::PostQuantum));
        }
    }

    #[test]
    fn none_four_doubles_and_mixtures_are_refused() {
        let x25519 = Identity::make_x25519().to_recipient();
        let twice = pq();
        assert_eq!(Recipients::new(vec![]), Err(Error::NoRecipients));
        assert_eq!(Recipients::new((0..4).map(|_| pq()).collect()), Err(Error::TooManyRecipients { max: 3 }));
        assert_eq!(Recipients::new(vec![pq(), x25519.clone()]), Err(Error::MixedAlgorithms));
        assert_eq!(Recipients::new(vec![x25519, pq()]), Err(Error::MixedAlgorithms));
        assert_eq!(Recipients::new(vec![twice.clone(), pq(), twice]), Err(Error::DuplicateRecipient));
    }
}
