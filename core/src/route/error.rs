//! Why a try failed, by what can be done about it. No text of a library, no address, no name is kept.

use super::outcome::Outcome;

/// What a failure needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteRemedy {
    /// Try again later.
    Transient,
    /// Trying again cannot help: the bundle or this program must change.
    Permanent,
    /// The person has to do something: change network, log in to it, set the clock.
    HostMustAct,
}

/// Why a try failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The try was made and ended like this; never [`Outcome::Clean`].
    #[error("{}", text(*.0))]
    Failed(Outcome),
    /// The bundle or the invite names no usable way to the server.
    #[error("there is no usable way to the server in what the organisation gave out; ask for a new one")]
    BadEndpoint,
    /// A body of another size than its lane's. Nothing was sent.
    #[error("the body does not have the size of its lane; nothing was sent; report this as a bug")]
    WrongSize,
}

impl RouteError {
    /// What it needs.
    #[must_use]
    pub fn remedy(self) -> RouteRemedy {
        match self {
            Self::Failed(Outcome::Intercepted { .. } | Outcome::CaptiveOrFiltered | Outcome::WrongDate) => {
                RouteRemedy::HostMustAct
            }
            Self::Failed(
                Outcome::Clean
                | Outcome::Cut
                | Outcome::Blocked
                | Outcome::Unreachable
                | Outcome::Timeout
                | Outcome::ServerFault,
            ) => RouteRemedy::Transient,
            Self::BadEndpoint | Self::WrongSize => RouteRemedy::Permanent,
        }
    }

    /// How the try ended, if one was made.
    #[must_use]
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Failed(outcome) => Some(outcome),
            Self::BadEndpoint | Self::WrongSize => None,
        }
    }
}

fn text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Clean => "the try went well",
        Outcome::Intercepted { .. } => "something on this network posed as our server; use another network",
        Outcome::CaptiveOrFiltered => "this network wants a login first or filters us; log in or use another network",
        Outcome::WrongDate => "the server's certificate is not valid today; check the clock of this device",
        Outcome::Cut => "the connection was cut; it will be tried again",
        Outcome::Blocked => "this network blocks the server; use another network",
        Outcome::Unreachable => "the server cannot be reached; it will be tried again",
        Outcome::Timeout => "the server did not answer in time; it will be tried again",
        Outcome::ServerFault => "the server answered wrongly; it will be tried again",
    }
}
