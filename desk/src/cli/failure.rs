//! A failure in words: which words belong to which error, in one match for each enum, so that the compiler checks that
//! none is forgotten.
//!
//! Words come from the word lists, never from an error's own text: that is English, and written for developers.

use std::io::ErrorKind;

use kapok_desk::{Doing, Error, ExpectedKey};
use kapok_wire::bundle::BundleError;
use kapok_wire::card::CardError;
use kapok_wire::sizes::{ADDRESS_MAX, THRESHOLD};
use kapok_wire::{InviteError, Problem};
use serde_json::{Value as Json, json};

use super::words::Words;

/// A key of the words, and what stands in its places.
type Said = (&'static str, Vec<String>);

/// What a person reads.
pub(super) fn text(words: &Words, error: &Error) -> String {
    let (key, values) = said(words, error);
    fill(words, key, &values)
}

/// A failure in a document, of the same form as that of `kapok`: the code stays, the text is in the language asked for.
pub(super) fn document(words: &Words, error: &Error) -> Json {
    json!({ "code": error.code(), "exit": error.exit_code(), "text": text(words, error) })
}

fn fill(words: &Words, key: &str, values: &[String]) -> String {
    let values: Vec<&dyn std::fmt::Display> = values.iter().map(|value| value as _).collect();
    words.fill(key, &values)
}

fn plain(key: &'static str) -> Said {
    (key, Vec::new())
}

fn with(key: &'static str, value: impl ToString) -> Said {
    (key, vec![value.to_string()])
}

fn said(words: &Words, error: &Error) -> Said {
    match error {
        Error::Io { what, kind } => {
            let (reason, values) = reason(*kind);
            ("error.file", vec![words.get(doing(*what)).to_owned(), fill(words, reason, &values)])
        }
        Error::NoDesk => plain("error.no_desk"),
        Error::NoSuchReport => plain("error.no_such_report"),
        Error::NoSuchPhone => plain("error.no_such_phone"),
        Error::PhoneLabel { max } => with("error.phone_label", max),
        Error::SayYes => plain("error.say_yes"),
        Error::Exists => plain("error.exists"),
        Error::OutputExists => plain("error.output_exists"),
        Error::NoFile { argument } => with("error.no_file", argument),
        Error::NewerFolder => plain("error.newer_folder"),
        Error::InUse => plain("error.in_use"),
        Error::WrongPassphrase => plain("error.wrong_passphrase"),
        Error::PassphraseMismatch => plain("error.passphrases_differ"),
        Error::PassphraseShort { min } => with("error.passphrase_short", min),
        Error::NoPassphrase => plain("error.no_passphrase"),
        Error::PassphraseEmpty => plain("error.passphrase_empty"),
        Error::PassphraseNotText => plain("error.passphrase_not_text"),
        Error::PassphraseLong { max } => with("error.passphrase_long", max),
        Error::Stopped => plain("error.stopped"),
        Error::NoKeys => plain("error.no_keys"),
        Error::NotThisKey { expected } => plain(match expected {
            ExpectedKey::Any => "error.not_this_key.any",
            ExpectedKey::Root => "error.not_this_key.root",
            ExpectedKey::Desk => "error.not_this_key.desk",
            ExpectedKey::Readable => "error.not_this_key.readable",
        }),
        Error::NotARoot => plain("error.not_a_root"),
        Error::ThreeRoots => plain("error.three_roots"),
        Error::NoPublicKey { argument } => with("error.no_public_key", argument),
        // Which one was meant is for developers: the person just named it.
        Error::BadPublicKey(_) => plain("error.bad_public_key"),
        Error::Card(error) => card(error),
        Error::Bundle(error) => bundle(error),
        Error::Unsigned => plain("error.unsigned"),
        Error::TooFewSignatures { good } => ("error.too_few_signatures", vec![good.to_string(), THRESHOLD.to_string()]),
        Error::TestDecryption(class) => with("error.test_decryption", class.word()),
        Error::NothingTested(class) => with("error.nothing_tested", class.word()),
        Error::NotAllTested(keys) => with("error.not_all_tested", keys),
        Error::NoBundle => plain("error.no_bundle"),
        Error::Seal(error) => seal(error),
        Error::Invite(InviteError::Mistyped) => plain("error.invite.mistyped"),
        Error::Invite(InviteError::Newer) => plain("error.invite.newer"),
        Error::Invite(InviteError::AddressTooLong) => with("error.invite.address_too_long", ADDRESS_MAX),
        Error::QrTooLong => plain("error.qr_too_long"),
        Error::Certificate => plain("error.certificate"),
        Error::Intercepted => plain("error.intercepted"),
        Error::Clock => plain("error.clock"),
        Error::Unreachable => plain("error.unreachable"),
        Error::BadAnswer => plain("error.bad_answer"),
        Error::Refused(problem) => plain(refused(*problem)),
        Error::DiskFull => plain("error.disk_full"),
        Error::NotAllHere { incomplete } => with("error.not_all_here", incomplete),
        Error::NotAllRight { wrong } => with("error.not_all_right", wrong),
        Error::NotAllChecked { unchecked } => with("error.not_all_checked", unchecked),
        Error::NotAllExtracted(files) => with("error.not_all_extracted", files),
    }
}

fn card(error: &CardError) -> Said {
    match error {
        CardError::NotACard => plain("error.server_card.not_a_card"),
        CardError::Newer => plain("error.server_card.newer"),
        CardError::TooLong => plain("error.server_card.too_long"),
        // A member's name stands in the file as it is here.
        CardError::BadField(member) => with("error.server_card.bad_field", member),
    }
}

fn bundle(error: &BundleError) -> Said {
    match error {
        BundleError::Malformed => plain("error.bundle.malformed"),
        BundleError::NotCanonical => plain("error.bundle.not_canonical"),
        BundleError::BadField(member) => with("error.bundle.bad_field", member),
        BundleError::OtherRoots => plain("error.bundle.other_roots"),
        BundleError::Unsigned => plain("error.bundle.unsigned"),
        BundleError::TooFewSignatures(good) => with("error.bundle.too_few_signatures", good),
        BundleError::NotYetValid => plain("error.bundle.not_yet_valid"),
        BundleError::Expired => plain("error.bundle.expired"),
        BundleError::OlderSequence { offered, in_force } => {
            ("error.bundle.older_sequence", vec![offered.to_string(), in_force.to_string()])
        }
        BundleError::SameSequence => plain("error.bundle.same_sequence"),
        BundleError::TooFewRecipients(class) => with("error.bundle.too_few_recipients", class.word()),
        BundleError::TooManyRecipients(class) => with("error.bundle.too_many_recipients", class.word()),
        BundleError::MixedAlgorithms(class) => with("error.bundle.mixed_algorithms", class.word()),
    }
}

/// Errors of sealing by what a person at a desk does about them: whether a header or a payload was damaged is the same
/// to them.
fn seal(error: &kapok_seal::Error) -> Said {
    use kapok_seal::Error as Seal;
    match error {
        Seal::RecipientMalformed => plain("error.seal.recipient"),
        Seal::RecipientUnsafe => plain("error.seal.recipient_unsafe"),
        Seal::IdentityMalformed => plain("error.seal.identity"),
        Seal::NoRecipients => plain("error.seal.no_recipients"),
        Seal::TooManyRecipients { max } => with("error.seal.too_many_recipients", max),
        Seal::DuplicateRecipient => plain("error.seal.duplicate_recipient"),
        Seal::MixedAlgorithms => plain("error.seal.mixed_algorithms"),
        Seal::SealFailed => plain("error.seal.failed"),
        Seal::ContentTooLong { max } | Seal::SecretTooLong { max } => with("error.seal.too_long", max),
        Seal::UnknownVersion => plain("error.seal.newer"),
        Seal::WrongLength | Seal::Malformed | Seal::EnvelopeHeader | Seal::EnvelopeMac | Seal::EnvelopePayload => {
            plain("error.seal.damaged")
        }
        Seal::Inflate | Seal::ChunkDamaged | Seal::ItemHash => plain("error.seal.content"),
        Seal::ItemIncomplete => plain("error.seal.incomplete"),
        Seal::ItemTooLong => plain("error.seal.item_too_long"),
        Seal::WrongPassphrase => plain("error.wrong_passphrase"),
        Seal::PassphraseUnusable => plain("error.seal.passphrase"),
        Seal::NotLocked => plain("error.seal.not_locked"),
        Seal::WorkFactor { asked, max } => ("error.seal.work_factor", vec![asked.to_string(), max.to_string()]),
        // `ChunkIndex`, which would be our own mistake. That enum may grow without this crate; a test here says when it did.
        _ => plain("error.seal.other"),
    }
}

fn refused(problem: Problem) -> &'static str {
    match problem {
        Problem::Malformed => "error.refused.malformed",
        // A desk has no tickets and uses no invites.
        Problem::TokenInvalid
        | Problem::TokenSpent
        | Problem::UploadFull
        | Problem::InviteUnknown
        | Problem::InviteUsed => "error.refused.for_devices",
        Problem::IdTaken => "error.refused.id_taken",
        Problem::Busy => "error.refused.busy",
        Problem::Storage => "error.refused.storage",
        Problem::InviteExpired => "error.refused.invite_expired",
        Problem::NotFound => "error.refused.not_found",
        Problem::BundleRefused => "error.refused.bundle_refused",
    }
}

fn doing(what: Doing) -> &'static str {
    match what {
        Doing::ReadCertificate => "doing.read_certificate",
        Doing::ReadTlsKey => "doing.read_tls_key",
        Doing::ReadKeyFile => "doing.read_key_file",
        Doing::WriteKeyFile => "doing.write_key_file",
        Doing::ListKeys => "doing.list_keys",
        Doing::ReadPublicKey => "doing.read_public_key",
        Doing::LookAtPlace => "doing.look_at_place",
        Doing::MakeFolder => "doing.make_folder",
        Doing::MoveFolder => "doing.move_folder",
        Doing::OpenFolder => "doing.open_folder",
        Doing::LockFolder => "doing.lock_folder",
        Doing::ReadCard => "doing.read_card",
        Doing::ReadBundle => "doing.read_bundle",
        Doing::StoreBundle => "doing.store_bundle",
        Doing::WriteBundle => "doing.write_bundle",
        Doing::WriteInvite => "doing.write_invite",
        Doing::ReadPhones => "doing.read_phones",
        Doing::WritePhone => "doing.write_phone",
        Doing::ForgetPhone => "doing.forget_phone",
        Doing::MakeInbox => "doing.make_inbox",
        Doing::MoveCursor => "doing.move_cursor",
        Doing::StoreObject => "doing.store_object",
        Doing::ReadPacket => "doing.read_packet",
        Doing::ReadChunk => "doing.read_chunk",
        Doing::MakeExtractFolder => "doing.make_extract_folder",
        Doing::WriteExtractFolder => "doing.write_extract_folder",
        Doing::WriteAttachment => "doing.write_attachment",
        Doing::ReadAttachment => "doing.read_attachment",
        Doing::PrintResult => "doing.print_result",
        Doing::ListenForSignals => "doing.listen_for_signals",
        Doing::Start => "doing.start",
    }
}

/// Why the system refused. What has no words here keeps the standard library's: a few plain English words, which whoever
/// helps can search for.
fn reason(kind: ErrorKind) -> Said {
    match kind {
        ErrorKind::NotFound => plain("reason.not_found"),
        ErrorKind::PermissionDenied => plain("reason.denied"),
        ErrorKind::ReadOnlyFilesystem => plain("reason.read_only"),
        ErrorKind::AlreadyExists => plain("reason.exists"),
        ErrorKind::NotADirectory => plain("reason.no_folder"),
        ErrorKind::IsADirectory => plain("reason.a_folder"),
        ErrorKind::FileTooLarge => plain("reason.too_large"),
        ErrorKind::QuotaExceeded => plain("reason.quota"),
        ErrorKind::BrokenPipe => plain("reason.closed"),
        other => with("reason.other", other),
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
