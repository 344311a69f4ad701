//! The one error of this crate. Texts say where and what to do; they carry keys and codes of a pack, never an answer.

/// Everything that can be refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing was said that could become a report.
    #[error("the report is empty: give a name, a description, a place, a voice note or a photo")]
    Empty,
    /// A text is longer than its field allows.
    #[error("the text in `{key}` has {found} characters, {limit} fit: shorten it or attach it as a document")]
    TextTooLong {
        /// The field, or `extra` for an answer to no question.
        key: String,
        /// Characters found.
        found: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// The answers file is not what it should be.
    #[error("the answers file is not a JSON object of distinct keys: check line {line}, column {column}")]
    AnswersSyntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Something is larger than its limit.
    #[error("too large: {what}; keep it within {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The pack has no such form.
    #[error("the pack has no form `{form}`: update the pack or choose another form")]
    NoSuchForm {
        /// The form asked for.
        form: String,
    },
    /// A date could not be read.
    #[error("not a date: write day/month/year, month/year, a year, or an EDTF date such as 2026-07~")]
    NotADate,
    /// A short code could not be read.
    #[error("not a short code: it looks like K7-PQ4")]
    NotAShortCode,
    /// A report id could not be read.
    #[error("not a report id: it is a UUID")]
    NotAReportId,
    /// A moment could not be read.
    #[error("not a moment: write year-month-day, optionally with Thour:minute")]
    NotAMoment,
    /// A report document is damaged or of another kind.
    #[error("the report document cannot be used: {what}; keep it aside")]
    Document {
        /// What is wrong, in fixed words.
        what: &'static str,
    },
    /// A report document was written by a newer version.
    #[error("the report was written by a newer version (schema {found}, this one reads up to {known}): update")]
    NewerDocument {
        /// The version found.
        found: u64,
        /// The newest version read.
        known: u64,
    },
    /// Triage and identities of two reports were put together.
    #[error("the two documents belong to different reports; open each with its own")]
    Mismatch,
    /// A mistake in a pack.
    #[error("form pack, {place}: {mistake}")]
    Pack {
        /// File and, where known, form, field or list.
        place: String,
        /// What is wrong and what to do.
        mistake: Mistake,
    },
}

/// What can be wrong with a pack. The place stands beside it in [`Error::Pack`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// A file that `pack.json` names is not there.
    #[error("the file is missing")]
    MissingFile,
    /// Not JSON, or not of the expected shape.
    #[error("line {line}, column {column}: {reason}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser expected.
        reason: String,
    },
    /// Written for a newer version of this software.
    #[error("pack format {found} is newer than {known}: update the software")]
    NewerFormat {
        /// The format found.
        found: u32,
        /// The newest format read.
        known: u32,
    },
    /// The field type does not exist.
    #[error("unknown field type `{0}`")]
    UnknownType(String),
    /// The class does not exist.
    #[error("unknown class or tier `{0}`")]
    UnknownClass(String),
    /// A field warning, status, evidence kind or language that does not exist.
    #[error("unknown word `{0}`")]
    UnknownWord(String),
    /// Two fields with one key, two lists or items with one code.
    #[error("`{0}` appears twice")]
    Duplicate(String),
    /// A label is not there.
    #[error("no label `{key}` in language `{lang}`")]
    MissingLabel {
        /// The label's key.
        key: String,
        /// The language.
        lang: String,
    },
    /// A list is not there.
    #[error("no list `{0}`: add lists/{0}.json and name it in pack.json")]
    MissingList(String),
    /// A field type that needs a list has none.
    #[error("this type needs a list")]
    ListNeeded,
    /// A key or code has forbidden characters or length.
    #[error("`{0}` is not a valid key or code")]
    BadCode(String),
    /// Something refers to a code, field or form that does not exist.
    #[error("`{0}` does not exist")]
    NoSuch(String),
    /// A local time further from UTC than any place on earth.
    #[error("no place is {0} minutes from UTC: check `utc_offset_minutes`")]
    NoSuchZone(i32),
    /// Personal data would travel in the triage envelope.
    #[error("type {kind} with tier {tier} must have class `identities`")]
    ClassTooOpen {
        /// The field type.
        kind: &'static str,
        /// The tier.
        tier: &'static str,
    },
    /// Too many files, fields or items, or a file too long.
    #[error("too many or too long: {what} (at most {limit})")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}
