//! Why something was refused: one enum for both ends.

/// A reason for refusal, as the server sends it and the device acts on it. Numbers are stable for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    /// Wrong length, version, reserved byte or digest: the body is not one of ours.
    #[error("the body is malformed; update the app")]
    Malformed,
    /// The token was not issued by this server's current key.
    #[error("the token is not valid here; enrol again")]
    TokenInvalid,
    /// The token already opened another upload.
    #[error("the token is spent; use the next one")]
    TokenSpent,
    /// The upload already holds as many objects as one token may carry.
    #[error("the upload is full; use the next token")]
    UploadFull,
    /// Another object already has this id.
    #[error("another object has this id; report this to the organisation")]
    IdTaken,
    /// The server has too much to do.
    #[error("the server is busy; try again later")]
    Busy,
    /// The server cannot store more.
    #[error("the server's disk is full or failing; try again later")]
    Storage,
    /// No invite has this secret.
    #[error("the invite is unknown; ask the organisation for a new one")]
    InviteUnknown,
    /// The invite was valid once.
    #[error("the invite has expired; ask the organisation for a new one")]
    InviteExpired,
    /// Another device used this invite.
    #[error("the invite was used by another device; ask the organisation for a new one")]
    InviteUsed,
    /// Nothing is published at this address yet.
    #[error("there is nothing here yet; the organisation has to publish its bundle")]
    NotFound,
    /// The bundle is not signed well enough, expired, or older than the one in force.
    #[error("the bundle is refused: wrong signatures, expired, or not newer than the one in force; sign a newer one")]
    BundleRefused,
}

/// What the device does about a [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same bytes may succeed later.
    RetryLater,
    /// The same object may succeed under another token.
    NewToken,
    /// Only a person can change it; the object stays on the device and is shown.
    AskPerson,
}

const CODES: [(u16, Problem); 12] = [
    (1, Problem::Malformed),
    (2, Problem::TokenInvalid),
    (3, Problem::TokenSpent),
    (4, Problem::UploadFull),
    (5, Problem::IdTaken),
    (6, Problem::Busy),
    (7, Problem::Storage),
    (8, Problem::InviteUnknown),
    (9, Problem::InviteExpired),
    (10, Problem::InviteUsed),
    (11, Problem::NotFound),
    (12, Problem::BundleRefused),
];

impl Problem {
    /// The number on the wire; 0 is never a problem.
    #[must_use]
    pub fn code(self) -> u16 {
        CODES.iter().find(|(_, p)| *p == self).map_or(0, |(code, _)| *code)
    }

    /// The problem with this number, if this version knows it.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        CODES.iter().find(|(c, _)| *c == code).map(|(_, p)| *p)
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self) -> Remedy {
        match self {
            Self::Busy | Self::Storage | Self::NotFound => Remedy::RetryLater,
            Self::TokenSpent | Self::UploadFull => Remedy::NewToken,
            Self::Malformed
            | Self::TokenInvalid
            | Self::IdTaken
            | Self::InviteUnknown
            | Self::InviteExpired
            | Self::InviteUsed
            | Self::BundleRefused => Remedy::AskPerson,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_leads_back_to_its_problem_and_none_is_zero() {
        for (code, problem) in CODES {
            assert_ne!(code, 0);
            assert_eq!(problem.code(), code);
            assert_eq!(Problem::from_code(code), Some(problem));
        }
        assert_eq!(Problem::from_code(0), None);
    }
}
