//! Warnings: they inform, they never refuse.
//!
//! A frightened person must always be able to save and send; only [`crate::Error::Empty`] and
//! [`crate::Error::TextTooLong`] refuse. A warning names the question, never the answer.

use std::fmt;

/// What was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningCode {
    /// The key belongs to no field of the form; the answer is kept beside the others.
    UnknownKey,
    /// A choice is not in the list; it is kept.
    UnknownCode,
    /// The value has another shape than the field; it is kept as free text.
    KeptAsText,
    /// A member of the value is unknown; it is kept.
    UnknownMember,
    /// The field does not offer this kind of "no value"; it is kept.
    NoValueNotOffered,
    /// Words such as `unk` in a field for words: read as words.
    LooksLikeNoValue,
    /// The year may be of the Buddhist era; kept as text until a person confirms the conversion.
    BuddhistYear,
    /// The date lies in the future.
    DateInFuture,
    /// The organisation will ask for this later; it is not answered yet.
    Recommended,
    /// Two choices exclude each other; for consent, the narrower one counts.
    ChoicesConflict,
    /// A way of contact is given but being called back is not allowed.
    ContactWithoutConsent,
}

impl WarningCode {
    /// All codes, for tables and for checking that a pack has words for each.
    pub const ALL: [Self; 11] = [
        Self::UnknownKey,
        Self::UnknownCode,
        Self::KeptAsText,
        Self::UnknownMember,
        Self::NoValueNotOffered,
        Self::LooksLikeNoValue,
        Self::BuddhistYear,
        Self::DateInFuture,
        Self::Recommended,
        Self::ChoicesConflict,
        Self::ContactWithoutConsent,
    ];

    /// The stable code; the pack has its words under `warning.<code>`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::UnknownCode => "unknown_code",
            Self::KeptAsText => "kept_as_text",
            Self::UnknownMember => "unknown_member",
            Self::NoValueNotOffered => "no_value_not_offered",
            Self::LooksLikeNoValue => "looks_like_no_value",
            Self::BuddhistYear => "buddhist_year",
            Self::DateInFuture => "date_in_future",
            Self::Recommended => "recommended",
            Self::ChoicesConflict => "choices_conflict",
            Self::ContactWithoutConsent => "contact_without_consent",
        }
    }
}

/// One warning about one field.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Warning {
    /// What was noticed.
    pub code: WarningCode,
    key: String,
}

impl Warning {
    pub(crate) fn new(code: WarningCode, key: &str) -> Self {
        Self { code, key: key.to_owned() }
    }

    /// The field's key. For [`WarningCode::UnknownKey`] a person wrote it: show it on their screen, log it nowhere.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Warning({})", self.code.code())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.code())
    }
}
