//! One error type. Texts say what to do and hold nothing of what was sealed, typed or parsed.

/// What can go wrong while sealing or opening.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no recipient of a kind that is accepted.
    #[error("not a recipient: expected a whole `age1pq1…` or `age1…` in lower case; copy it again")]
    RecipientMalformed,
    /// The text looks right, but the key in it is unusable: whoever made it is broken or hostile.
    #[error("this recipient's key is unsafe; ask for a new one")]
    RecipientUnsafe,
    /// The text is no identity of a kind that is accepted.
    #[error("not an identity: expected a whole `AGE-SECRET-KEY-PQ-1…` or `AGE-SECRET-KEY-1…`; copy it again")]
    IdentityMalformed,
    /// A class without recipients.
    #[error("no recipient: name at least one")]
    NoRecipients,
    /// More recipients than a packet has room for.
    #[error("too many recipients: name at most {max}")]
    TooManyRecipients {
        /// The most that are accepted.
        max: usize,
    },
    /// The same recipient twice: the second key the organisation counts on does not exist.
    #[error("a recipient is named twice; name each once")]
    DuplicateRecipient,
    /// Post-quantum and X25519 recipients in one class: the weaker one would decide.
    #[error("post-quantum and X25519 recipients are mixed; use one kind in a class")]
    MixedAlgorithms,
    /// Sealing failed below: a broken generator or a bug, nothing the content can cause.
    #[error("sealing failed; nothing was written, try again")]
    SealFailed,
    /// Content larger than [`crate::limits::CONTENT_MAX`].
    #[error("the text is too long to seal: at most {max} bytes")]
    ContentTooLong {
        /// The most that is accepted.
        max: usize,
    },
    /// An area or file of a length that the format does not have.
    #[error("wrong length: this is not a sealed object, or part of it is missing; fetch it again")]
    WrongLength,
    /// A format version that this program does not know.
    #[error("made by a newer version; update this program")]
    UnknownVersion,
    /// Lengths or fields that contradict each other.
    #[error("damaged framing; fetch it again")]
    Malformed,
    /// The header of an age file breaks the format.
    #[error("damaged envelope header; fetch it again")]
    EnvelopeHeader,
    /// The header of an age file was changed after sealing.
    #[error("the envelope header was changed after sealing; fetch it again")]
    EnvelopeMac,
    /// The payload of an age file was changed or cut after sealing.
    #[error("the envelope was changed or cut after sealing; fetch it again")]
    EnvelopePayload,
    /// Compressed content that does not inflate, or inflates past the limit.
    #[error("the content does not inflate within the limit; it was not made by this system, keep it aside")]
    Inflate,
    /// A chunk that this key and index do not open.
    #[error("a chunk is damaged or belongs elsewhere; fetch it again")]
    ChunkDamaged,
    /// A chunk outside the item.
    #[error("this chunk is outside the item; please report this")]
    ChunkIndex,
    /// An item longer than [`crate::limits::CHUNKS_MAX`] chunks.
    #[error("the attachment is too long; cut it into parts")]
    ItemTooLong,
    /// Chunks are missing: the item is not whole yet.
    #[error("chunks are missing; fetch them before opening")]
    ItemIncomplete,
    /// All chunks open, but the whole is not what was recorded.
    #[error("the attachment differs from what was recorded; keep it aside as damaged")]
    ItemHash,
    /// The passphrase does not open this file.
    #[error("wrong passphrase; check it and try again")]
    WrongPassphrase,
    /// An empty passphrase or one that is not text.
    #[error("the passphrase must be text and not empty; enter it again")]
    PassphraseUnusable,
    /// Not a passphrase-protected file.
    #[error("not a passphrase-protected file; choose another")]
    NotLocked,
    /// A secret larger than [`crate::limits::LOCKED_SECRET_MAX`].
    #[error("too long to lock with a passphrase: at most {max} bytes")]
    SecretTooLong {
        /// The most that is accepted.
        max: usize,
    },
    /// The file asks for more work than is attempted, or a work factor out of range was given.
    #[error("work factor {asked} is out of range: 1 to {max}; use a file that this program made")]
    WorkFactor {
        /// What was asked for.
        asked: u8,
        /// The most that is attempted.
        max: u8,
    },
}
