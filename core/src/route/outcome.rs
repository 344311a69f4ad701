//! What a try says about the network it was made on.

use kapok_wire::tls::Pin;

use crate::policy::Validated;

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The pinned handshake was completed and the answer is whole.
    Clean,
    /// A certificate was shown that is not our server's. No byte of a request was sent.
    Intercepted {
        /// SHA-256 of the key that was shown, as evidence; `None` if it showed our own certificate but could not
        /// prove it, or under another name.
        shown: Option<Pin>,
    },
    /// Something else than our server answered: a login page, a filter, a server without TLS 1.3.
    CaptiveOrFiltered,
    /// Our server's own certificate is out of date, or this device's clock is wrong.
    WrongDate,
    /// The connection was cut, in the handshake or later.
    Cut,
    /// Cut or silent twice while the rest of the internet was there. See [`Outcome::given`].
    Blocked,
    /// No connection: nobody listens there, or there is no way there.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// Our server answered, but not as it should.
    ServerFault,
}

impl Outcome {
    /// What this try says in the light of the one before and of what the operating system thinks of the network.
    ///
    /// One cut or silent connection is an accident; two in a row, on a network that otherwise works, is a block.
    #[must_use]
    pub fn given(self, before: Option<Self>, validated: Validated) -> Self {
        let no_way = |outcome: Self| matches!(outcome, Self::Cut | Self::Timeout | Self::Blocked);
        if no_way(self) && before.is_some_and(no_way) && validated == Validated::Yes { Self::Blocked } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_cuts_on_a_working_network_are_a_block_and_one_is_not() {
        assert_eq!(Outcome::Cut.given(Some(Outcome::Timeout), Validated::Yes), Outcome::Blocked);
        assert_eq!(Outcome::Timeout.given(Some(Outcome::Blocked), Validated::Yes), Outcome::Blocked);
        assert_eq!(Outcome::Cut.given(None, Validated::Yes), Outcome::Cut);
        assert_eq!(Outcome::Cut.given(Some(Outcome::Clean), Validated::Yes), Outcome::Cut);
        assert_eq!(Outcome::Cut.given(Some(Outcome::Cut), Validated::Unknown), Outcome::Cut);
        assert_eq!(Outcome::Clean.given(Some(Outcome::Cut), Validated::Yes), Outcome::Clean);
    }
}
