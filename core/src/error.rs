//! What can go wrong on the device, by what can be done about it.
//!
//! No variant carries a name, a path, an answer or the text of a library: such texts leak into logs and screens.

use std::io;
use std::time::Duration;

use crate::vault::DeviceKeyError;

/// Everything the device core refuses or fails at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No slot opened. Says nothing about how near the passphrase was.
    #[error("the passphrase does not open this vault; check it and try again")]
    WrongPassphrase,
    /// Too many wrong passphrases: nothing was tried.
    #[error("too many wrong passphrases; try again in {} seconds", wait.as_secs())]
    TooManyTries {
        /// How long to wait.
        wait: Duration,
    },
    /// The passphrase is empty.
    #[error("the passphrase is empty; enter at least one character")]
    PassphraseEmpty,
    /// A new passphrase is too short.
    #[error("the passphrase is too short; take at least {least} characters, several words are best")]
    PassphraseTooShort {
        /// Characters it must have.
        least: usize,
    },
    /// The new passphrase is the current one, or two of those given to one device are the same.
    #[error("this passphrase is in use here already; nothing was changed, choose another one")]
    SamePassphrase,
    /// More further passphrases than a device has room for.
    #[error("a device takes {limit} passphrases beside the first, one of them for erasing; nothing was made")]
    TooManyPassphrases {
        /// Further passphrases it takes.
        limit: usize,
    },
    /// Everything in the folder was erased, as it was set to be.
    #[error("everything here was erased; begin anew")]
    Erased,
    /// The passphrase is not UTF-8 text.
    #[error("the passphrase is not valid UTF-8 text; enter it again")]
    PassphraseNotText,
    /// A file with this name exists; it is never overwritten.
    #[error("there is already a file in this place; open it, or set it aside first")]
    AlreadyExists,
    /// There is no such file.
    #[error("there is no such file here; create it first")]
    NotFound,
    /// Another process, or another handle of this one, has the file open.
    #[error("this folder is in use by another process; close that one first")]
    InUse,
    /// The first bytes are not those of the expected format.
    #[error("this is not a Kapok file, or its first bytes are damaged; restore a copy, or set it aside")]
    BadFormat,
    /// Written by a later release.
    #[error("this was written by a newer version; update this program, nothing was changed")]
    NewerVersion,
    /// The file was cut or extended after it was made.
    #[error("the file is shorter or longer than it was made; restore a full copy, or set it aside")]
    WrongLength,
    /// The key derivation asked for is weaker than allowed.
    #[error("the key derivation is set below the allowed floor; this file may have been tampered with")]
    KdfTooWeak,
    /// The key derivation asked for would exhaust the device.
    #[error("the key derivation is set above the allowed ceiling; this file may have been tampered with")]
    KdfTooCostly,
    /// The key derivation could not get its memory.
    #[error("there is not enough free memory to open the vault; close other programs and try again")]
    NoMemory,
    /// The half size is outside the limits.
    #[error("this size is outside the limits; choose another")]
    BadSize,
    /// Neither half of the region holds a whole, authentic content.
    #[error("both copies inside the file are damaged; nothing was changed, set the file aside and keep it")]
    Damaged,
    /// The open vault's queue cannot be read. Its drafts can.
    #[error(
        "the outbox of this vault is damaged and what waited in it is lost; the drafts are there, begin a new outbox"
    )]
    OutboxDamaged,
    /// The disk has no room.
    #[error("the disk is full; free at least {missing_bytes} bytes and try again")]
    DiskFull {
        /// Bytes that could not be written.
        missing_bytes: u64,
    },
    /// The content would not fit; nothing was changed.
    #[error("the vault is full and nothing was changed; finish or delete drafts")]
    VaultFull,
    /// The pool has too few free slots; nothing was changed.
    #[error("the space for attachments is full: {missing_bytes} bytes are missing; send or delete something first")]
    PoolFull {
        /// Bytes of slots that are missing.
        missing_bytes: u64,
    },
    /// The pool has no such slot: a bug in the caller, or a store that belongs to another pool.
    #[error("this file has no slot of that number; please report this")]
    NoSuchSlot,
    /// The change is durable, but an older copy of the content may still be readable with the passphrase.
    #[error("the change is saved, but an older copy may remain; repeat the deletion, or open the vault again")]
    NotForgotten,
    /// Something is wrong with recovery shares.
    #[error(transparent)]
    Shares(#[from] crate::device::ShareError),
    /// The device key failed.
    #[error(transparent)]
    DeviceKey(#[from] DeviceKeyError),
    /// A query found no row.
    #[error("there is no such entry; look at the list again")]
    NoSuchRow,
    /// The database refused: a bug. The reason is withheld because it may quote content.
    #[error("the store refused an operation; please report this, nothing was changed")]
    Store,
    /// Other code of this process took the database's memory functions: after lock, drafts would stay in memory. Nothing
    /// was opened.
    #[error("this app uses SQLite in a way that leaves drafts in memory; nothing was changed, please report this")]
    MemoryNotWiped,
    /// The vault is locked.
    #[error("the vault is locked; unlock it first")]
    Locked,
    /// There is no such draft: never begun, deleted, or finished.
    #[error("there is no such draft; if it was finished, this device can no longer open it")]
    NoSuchDraft,
    /// The draft has no such attachment.
    #[error("this draft has no such attachment; look at its list of attachments again")]
    NoSuchAttachment,
    /// The report holds as many attachments as the desk can take.
    #[error("a report takes {limit} attachments; finish this one and attach the rest to a second report")]
    TooManyAttachments {
        /// Attachments allowed.
        limit: usize,
    },
    /// The form packs have no such form.
    #[error("there is no such form; update the app or choose another form")]
    NoSuchForm,
    /// No organisation yet.
    #[error("this device is not enrolled; scan or type an invite first, the draft is kept")]
    NotEnrolled,
    /// Nothing was said that could become a report.
    #[error("the report is empty: give a name, a description, a place, a voice note or a photo; the draft is kept")]
    EmptyReport,
    /// A text is longer than its field allows.
    #[error("a text has more than {limit} characters: shorten it or attach it as a document; the draft is kept")]
    TextTooLong {
        /// Characters allowed.
        limit: usize,
    },
    /// The report cannot be built from this draft.
    #[error(
        "the report cannot be built: too many attachments, or an answer this version cannot read; the draft is kept"
    )]
    Report,
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] kapok_seal::Error),
    /// The organisation's bundle is refused.
    #[error(transparent)]
    Bundle(#[from] kapok_wire::bundle::BundleError),
    /// The text is no invite.
    #[error(transparent)]
    Invite(#[from] kapok_wire::InviteError),
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] kapok_wire::Problem),
    /// The server's tokens are unusable.
    #[error(transparent)]
    Token(#[from] kapok_wire::token::TokenError),
    /// What the organisation gave out names no usable way to the server.
    #[error(transparent)]
    Route(#[from] crate::route::RouteError),
    /// The organisation demands a profile that this version has not.
    #[error(transparent)]
    Policy(#[from] crate::policy::PolicyError),
    /// A move to another phone is refused.
    #[error(transparent)]
    Move(#[from] crate::device::MoveError),
    /// This device belongs to another organisation.
    #[error("this device is enrolled with another organisation; use a second device folder for this invite")]
    OtherOrganisation,
    /// A waiting packet does not open: its slot was changed from outside.
    #[error("a waiting report was damaged on this device; tell the organisation its short code")]
    SlotDamaged,
    /// The attachment could not be read to its end.
    #[error("the attachment could not be read ({0}); nothing was attached, try again")]
    SourceFailed(io::ErrorKind),
    /// The attachment became longer or shorter while it was read.
    #[error("the attachment changed while it was read; nothing was attached, try again when it is complete")]
    SourceChanged,
    /// The file system failed.
    #[error("the file system failed ({0}); check the device and try again")]
    Io(io::ErrorKind),
}

impl Error {
    /// Maps an I/O error while `missing_bytes` were still to be written. Its text may hold a path, so only the kind is kept.
    pub(crate) fn writing(error: &io::Error, missing_bytes: u64) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::DiskFull { missing_bytes },
            _ => Self::from(error),
        }
    }
}

impl Error {
    /// Maps an error of an attachment's source.
    pub(crate) fn source(error: &io::Error) -> Self {
        Self::SourceFailed(error.kind())
    }
}

impl From<kapok_report::Error> for Error {
    /// Keys of a pack and positions in a file are dropped: the form screens show them where they matter.
    fn from(error: kapok_report::Error) -> Self {
        match error {
            kapok_report::Error::Empty => Self::EmptyReport,
            kapok_report::Error::TextTooLong { limit, .. } => Self::TextTooLong { limit },
            kapok_report::Error::NoSuchForm { .. } => Self::NoSuchForm,
            _ => Self::Report,
        }
    }
}

impl From<&io::Error> for Error {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::AlreadyExists,
            kind => Self::Io(kind),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::from(&error)
    }
}

impl From<rusqlite::Error> for Error {
    /// The text of a rusqlite error can hold the whole SQL, so only its class survives.
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::QueryReturnedNoRows => Self::NoSuchRow,
            other => match other.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull | rusqlite::ErrorCode::TooBig) => Self::VaultFull,
                _ => Self::Store,
            },
        }
    }
}

/// Result with the crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;
