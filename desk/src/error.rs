//! One error type. Texts say what to do and carry nothing of a report, a file name or a passphrase.

use std::{fmt, io};

use kapok_wire::bundle::{BundleError, Class};
use kapok_wire::card::CardError;
use kapok_wire::{InviteError, Problem};

use crate::doing::Doing;

/// Everything that can stop a command of the desk. Its texts are for developers; the command line has words for each in
/// both languages, and a match that the compiler keeps complete: so this is not marked as growing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation failed.
    #[error("{what} failed ({kind}); check the disk and who may read and write there")]
    Io {
        /// What was being done.
        what: Doing,
        /// The kind of the system's reason; its text stays behind.
        kind: io::ErrorKind,
    },
    /// There is no desk folder.
    #[error("there is no desk here; make one with `kapok-desk init` or name its folder with --dir")]
    NoDesk,
    /// Nothing has the code or id that was asked for.
    #[error("no pulled report has this code; run `kapok-desk pull`, then `kapok-desk list`")]
    NoSuchReport,
    /// No phone has the number that was asked for.
    #[error("no phone has this number; `kapok-desk phone list` shows them")]
    NoSuchPhone,
    /// A label of a phone that cannot be kept.
    #[error("the label of a phone has 1 to {max} characters, all of which can be seen; choose another")]
    PhoneLabel {
        /// Most characters.
        max: usize,
    },
    /// There is nobody to ask, and nobody agreed beforehand.
    #[error("no terminal to ask on; agree with --yes")]
    SayYes,
    /// The folder to make is there already.
    #[error("this folder already exists and is not empty; a desk is never overwritten, choose another with --dir")]
    Exists,
    /// The file to write is there already.
    #[error("the output file already exists; nothing is overwritten, choose another name")]
    OutputExists,
    /// A file or folder that the command line names is not there.
    #[error("nothing is at the place that {argument} names; check the name and its folder")]
    NoFile {
        /// The argument, as the help writes it.
        argument: &'static str,
    },
    /// A newer program made the folder.
    #[error("this desk folder was made by a newer version; update kapok-desk")]
    NewerFolder,
    /// Another process writes to the folder.
    #[error("another kapok-desk is writing to this folder; wait until it is done")]
    InUse,
    /// No key file opens with the passphrase.
    #[error("the passphrase opens no key here; check it and try again")]
    WrongPassphrase,
    /// The two passphrases typed differ.
    #[error("the two passphrases differ; type them again")]
    PassphraseMismatch,
    /// A passphrase that nobody can have meant.
    #[error("the passphrase needs at least {min} characters; take several words")]
    PassphraseShort {
        /// Fewest characters.
        min: usize,
    },
    /// No terminal and no descriptor.
    #[error("no passphrase: use a terminal or --passphrase-fd N")]
    NoPassphrase,
    /// Nothing was typed, or the descriptor gave nothing.
    #[error("the passphrase is empty; type it, or check what the descriptor gives")]
    PassphraseEmpty,
    /// The descriptor gave bytes that are no UTF-8.
    #[error("the passphrase is not valid text; enter it again, or check what the descriptor gives")]
    PassphraseNotText,
    /// Longer than any that is typed; cutting it would make another one of it.
    #[error("the passphrase is longer than {max} bytes; check what the descriptor gives")]
    PassphraseLong {
        /// Most bytes.
        max: usize,
    },
    /// Somebody asked to stop.
    #[error("stopped; what was unfinished is gone, what was whole stays")]
    Stopped,
    /// There is no key file that could open reports.
    #[error("no desk key lies in this folder; add one with `kapok-desk key add`")]
    NoKeys,
    /// A key file holds something else than was asked for.
    #[error("this file does not hold a {expected} key of kapok-desk; choose another")]
    NotThisKey {
        /// What was expected.
        expected: ExpectedKey,
    },
    /// A root key that the bundle does not name.
    #[error("this root key is none of the three that the bundle names; nothing was signed")]
    NotARoot,
    /// Not three root keys.
    #[error("--root is needed three times, once for each root key")]
    ThreeRoots,
    /// Neither a key nor a file.
    #[error(
        "what {argument} gives is neither a public key nor a file that is here; copy the line that `key new` printed"
    )]
    NoPublicKey {
        /// The argument.
        argument: &'static str,
    },
    /// A public key on the command line is unusable.
    #[error("{0} is not a usable public key; copy the whole line that `key new` printed")]
    BadPublicKey(&'static str),
    /// The server card is unusable.
    #[error("the server card is not usable ({0}); copy server-card.json from the server again")]
    Card(#[from] CardError),
    /// The bundle is refused.
    #[error(transparent)]
    Bundle(BundleError),
    /// A bundle's text that nobody signed: it is on its way, not broken.
    #[error(
        "nobody has signed this bundle yet; next, two of its three root keys sign it, one after the other: \
             `kapok-desk bundle sign --key KEY BUNDLE`"
    )]
    Unsigned,
    /// Signed, but not by enough of its root keys.
    #[error(
        "good signatures on this bundle: {good}, needed: {}; next, another of its root keys signs it: \
             `kapok-desk bundle sign --key KEY BUNDLE`",
        kapok_wire::sizes::THRESHOLD
    )]
    TooFewSignatures {
        /// Different root keys with a good signature.
        good: usize,
    },
    /// A key does not open what was sealed to it.
    #[error(
        "test decryption failed: a desk key of class {} does not open what is sealed to the bundle; nothing was \
             published, make a bundle without it", .0.word()
    )]
    TestDecryption(Class),
    /// No key of a class is here to try.
    #[error(
        "no desk key of class {} is here, so nothing shows that reports can be opened; add one with `key add`", .0.word()
    )]
    NothingTested(Class),
    /// Some keys of the bundle were not tried.
    #[error(
        "desk keys of the bundle that are not here, or not behind this passphrase: {0}; try each on its machine \
             with `bundle check --key`, then publish with --keys-elsewhere"
    )]
    NotAllTested(usize),
    /// Nothing is signed yet.
    #[error("there is no signed bundle here; sign one and name it with --bundle")]
    NoBundle,
    /// Sealing or opening failed.
    #[error(transparent)]
    Seal(#[from] kapok_seal::Error),
    /// An invite cannot be made.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The invite does not fit a QR code.
    #[error("the invite does not fit a QR code; use a shorter server address")]
    QrTooLong,
    /// The client identity or the server's certificate is unusable.
    #[error(
        "the desk's certificate, its key or the server's root certificate is malformed; copy the card again, else make a new desk"
    )]
    Certificate,
    /// The server showed another key: somebody is in between, or the server was replaced.
    #[error("the server showed a key that its card does not name; somebody may be in between. Nothing was sent")]
    Intercepted,
    /// The server's certificate is out of its time.
    #[error("the server's certificate is not valid at this time; check this machine's clock")]
    Clock,
    /// No connection.
    #[error("the server cannot be reached; check its address and that this desk's fingerprint was added there")]
    Unreachable,
    /// The answer is not one of ours.
    #[error("the server's answer is not one of a kapok server; nothing was changed")]
    BadAnswer,
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// The disk is full.
    #[error("the disk is full; make room and run the command again, nothing is lost")]
    DiskFull,
    /// Some reports are not whole yet.
    #[error("not whole yet (reports or files): {incomplete}; run `kapok-desk pull` again later")]
    NotAllHere {
        /// Reports and files with something missing.
        incomplete: usize,
    },
    /// Some reports are not what was recorded.
    #[error("reports that are not right: {wrong}; see the list above")]
    NotAllRight {
        /// Reports with something damaged or contradicting.
        wrong: usize,
    },
    /// Nothing is wrong as far as it opens here, but not all of it does.
    #[error("reports not checked, because their keys are elsewhere: {unchecked}; verify them where those keys are")]
    NotAllChecked {
        /// Reports and packets that a key elsewhere may open.
        unchecked: usize,
    },
    /// Some attachments could not be written.
    #[error("attachments that were not written: {0}; see the list above")]
    NotAllExtracted(usize),
}

impl Error {
    /// The exit code that scripts rely on. Where a number of the device (`kapok`) means the same, it is the same.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoPassphrase
            | Self::PassphraseLong { .. }
            | Self::ThreeRoots
            | Self::PhoneLabel { .. }
            | Self::SayYes => 2,
            Self::WrongPassphrase
            | Self::PassphraseEmpty
            | Self::PassphraseNotText
            | Self::PassphraseShort { .. }
            | Self::PassphraseMismatch => 3,
            Self::Unreachable | Self::Intercepted | Self::Clock | Self::NotAllHere { .. } => 5,
            Self::Refused(problem) => match problem.remedy() {
                kapok_wire::Remedy::RetryLater | kapok_wire::Remedy::NewToken => 5,
                kapok_wire::Remedy::AskPerson => 8,
            },
            Self::DiskFull => 6,
            Self::NewerFolder => 7,
            Self::Seal(error) if is_damage(error) => 7,
            Self::Bundle(_) | Self::Unsigned | Self::TooFewSignatures { .. } => 8,
            Self::NoDesk
            | Self::NoSuchReport
            | Self::NoSuchPhone
            | Self::NoKeys
            | Self::NoBundle
            | Self::NoFile { .. }
            | Self::NoPublicKey { .. } => 9,
            Self::InUse => 10,
            Self::NotAllChecked { .. } => 11,
            // What a shell reports for Ctrl-C.
            Self::Stopped => 130,
            _ => 1,
        }
    }

    /// The error in one word, for scripts: it stays when texts change.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "file",
            Self::NoDesk => "no_desk",
            Self::NoSuchReport => "no_such_report",
            Self::NoSuchPhone => "no_such_phone",
            Self::PhoneLabel { .. } => "phone_label",
            Self::SayYes => "say_yes",
            Self::Exists => "exists",
            Self::OutputExists => "output_exists",
            Self::NoFile { .. } => "no_file",
            Self::NewerFolder => "newer_folder",
            Self::InUse => "in_use",
            Self::WrongPassphrase => "wrong_passphrase",
            Self::PassphraseMismatch => "passphrases_differ",
            Self::PassphraseShort { .. } => "passphrase_short",
            Self::NoPassphrase => "no_passphrase",
            Self::PassphraseEmpty => "passphrase_empty",
            Self::PassphraseNotText => "passphrase_not_text",
            Self::PassphraseLong { .. } => "passphrase_long",
            Self::Stopped => "stopped",
            Self::ThreeRoots => "three_roots",
            Self::NoPublicKey { .. } => "no_public_key",
            Self::NoKeys => "no_keys",
            Self::NotThisKey { .. } => "not_this_key",
            Self::NotARoot => "not_a_root",
            Self::BadPublicKey(_) => "bad_public_key",
            Self::Card(_) => "server_card",
            Self::Bundle(_) => "bundle",
            Self::Unsigned => "unsigned",
            Self::TooFewSignatures { .. } => "too_few_signatures",
            Self::TestDecryption(_) => "test_decryption",
            Self::NothingTested(_) => "nothing_tested",
            Self::NotAllTested(_) => "not_all_tested",
            Self::NoBundle => "no_bundle",
            Self::Seal(_) => "seal",
            Self::Invite(_) => "invite",
            Self::QrTooLong => "qr_too_long",
            Self::Certificate => "certificate",
            Self::Intercepted => "intercepted",
            Self::Clock => "clock",
            Self::Unreachable => "unreachable",
            Self::BadAnswer => "bad_answer",
            Self::Refused(_) => "refused",
            Self::DiskFull => "disk_full",
            Self::NotAllHere { .. } => "not_all_here",
            Self::NotAllRight { .. } => "not_all_right",
            Self::NotAllChecked { .. } => "not_all_checked",
            Self::NotAllExtracted(_) => "not_all_extracted",
        }
    }

    /// Turns an I/O error into ours, with what was being done.
    pub(crate) fn io(what: Doing) -> impl FnOnce(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::StorageFull => Self::DiskFull,
            kind => Self::Io { what, kind },
        }
    }
}

/// To those who make bundles a missing signature is a next step; everything else is a refusal.
impl From<BundleError> for Error {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Unsigned => Self::Unsigned,
            BundleError::TooFewSignatures(good) => Self::TooFewSignatures { good },
            other => Self::Bundle(other),
        }
    }
}

/// The key that a file should have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedKey {
    /// Any key of ours.
    Any,
    /// A root key.
    Root,
    /// A desk key of either class.
    Desk,
    /// The key that was written there a moment before.
    Readable,
}

impl fmt::Display for ExpectedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "root or desk",
            Self::Root => "root",
            Self::Desk => "triage or identities",
            Self::Readable => "readable",
        })
    }
}

/// True for what a file that was whole once gives after a change, or to a program that is too old for it.
fn is_damage(error: &kapok_seal::Error) -> bool {
    use kapok_seal::Error as Seal;
    matches!(
        error,
        Seal::WrongLength
            | Seal::UnknownVersion
            | Seal::Malformed
            | Seal::EnvelopeHeader
            | Seal::EnvelopeMac
            | Seal::EnvelopePayload
    )
}
