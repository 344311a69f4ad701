//! Which words and which exit code belong to which error of the core: one table, and the compiler checks that no
//! error is forgotten.

use kapok_core::{DeviceKeyError, Error, MoveError, ShareError};

use crate::failure::Exit;
use crate::{problem, trouble};

pub(crate) fn of(error: &Error) -> (&'static str, Exit) {
    match error {
        Error::WrongPassphrase => ("error.wrong_passphrase", Exit::WrongPassphrase),
        Error::TooManyTries { .. } => ("error.too_many_tries", Exit::TryLater),
        Error::PassphraseEmpty => ("error.passphrase_empty", Exit::WrongPassphrase),
        Error::SamePassphrase => ("error.same_passphrase", Exit::WrongPassphrase),
        Error::TooManyPassphrases { .. } => ("error.too_many_passphrases", Exit::Usage),
        Error::Erased => ("error.erased", Exit::NothingThere),
        Error::PassphraseTooShort { .. } => ("error.passphrase_short", Exit::WrongPassphrase),
        Error::PassphraseNotText => ("error.passphrase_not_text", Exit::WrongPassphrase),
        Error::AlreadyExists => ("error.already_exists", Exit::Other),
        Error::NotFound => ("error.no_vault", Exit::NothingThere),
        Error::InUse => ("error.in_use", Exit::InUse),
        Error::BadFormat => ("error.bad_format", Exit::Damaged),
        Error::NewerVersion => ("error.newer_version", Exit::Damaged),
        Error::WrongLength => ("error.wrong_length", Exit::Damaged),
        Error::KdfTooWeak | Error::KdfTooCostly => ("error.kdf", Exit::Damaged),
        Error::NoMemory => ("error.no_memory", Exit::TryLater),
        Error::BadSize => ("error.bad_size", Exit::Usage),
        Error::Damaged => ("error.damaged", Exit::Damaged),
        Error::OutboxDamaged => ("error.outbox_damaged", Exit::Damaged),
        Error::DiskFull { .. } => ("error.disk_full", Exit::Full),
        Error::VaultFull => ("error.vault_full", Exit::Full),
        Error::PoolFull { .. } => ("error.pool_full", Exit::Full),
        Error::NotForgotten => ("error.not_forgotten", Exit::Other),
        Error::Shares(error) => of_share(*error),
        Error::DeviceKey(DeviceKeyError::Unavailable) => ("error.device_key_unavailable", Exit::Other),
        Error::DeviceKey(_) => ("error.device_key", Exit::Damaged),
        Error::NoSuchSlot | Error::NoSuchRow | Error::Store | Error::MemoryNotWiped => ("error.store", Exit::Other),
        Error::Locked => ("error.locked", Exit::WrongPassphrase),
        Error::NoSuchDraft => ("error.no_such_draft", Exit::NothingThere),
        Error::NoSuchAttachment => ("error.no_such_attachment", Exit::NothingThere),
        Error::TooManyAttachments { .. } => ("error.too_many_attachments", Exit::Full),
        Error::NoSuchForm => ("error.no_such_form", Exit::NothingThere),
        Error::NotEnrolled => ("error.not_enrolled", Exit::NothingThere),
        Error::EmptyReport => ("error.empty_report", Exit::Other),
        Error::TextTooLong { .. } => ("error.text_too_long", Exit::Other),
        Error::Report => ("error.report", Exit::Other),
        Error::Seal(_) => ("error.seal", Exit::Other),
        Error::Bundle(_) => ("error.bundle", Exit::AskPerson),
        Error::Invite(_) => ("error.invite", Exit::AskPerson),
        Error::Refused(refused) => (problem::key(*refused), problem::exit(*refused)),
        Error::Token(_) => ("error.token", Exit::AskPerson),
        Error::Route(error) => (trouble::key(*error), trouble::exit(*error)),
        Error::Policy(_) => ("error.policy", Exit::AskPerson),
        Error::Move(error) => of_move(*error),
        Error::OtherOrganisation => ("error.other_organisation", Exit::AskPerson),
        Error::SlotDamaged => ("error.slot_damaged", Exit::Damaged),
        Error::SourceFailed(kind) => match kind {
            std::io::ErrorKind::NotFound => ("error.file_missing", Exit::NothingThere),
            std::io::ErrorKind::InvalidInput | std::io::ErrorKind::IsADirectory => ("error.file_not_file", Exit::Other),
            std::io::ErrorKind::PermissionDenied => ("error.file_denied", Exit::Other),
            _ => ("error.file_failed", Exit::Other),
        },
        Error::SourceChanged => ("error.file_changed", Exit::Other),
        Error::Io(std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem) => {
            ("error.folder_denied", Exit::Other)
        }
        Error::Io(_) => ("error.io", Exit::Other),
    }
}

fn of_share(error: ShareError) -> (&'static str, Exit) {
    match error {
        ShareError::NotAWord { .. } => ("error.share_word", Exit::WrongPassphrase),
        ShareError::WrongRow { .. } => ("error.share_row", Exit::WrongPassphrase),
        ShareError::WrongLength { .. } => ("error.share_length", Exit::WrongPassphrase),
        ShareError::NewerVersion => ("error.newer_version", Exit::Damaged),
        ShareError::Twice { .. } => ("error.share_twice", Exit::WrongPassphrase),
        ShareError::OtherSet { .. } => ("error.share_other_set", Exit::WrongPassphrase),
        ShareError::TooFew { .. } => ("error.shares_too_few", Exit::WrongPassphrase),
        ShareError::OtherDevice => ("error.shares_other_device", Exit::WrongPassphrase),
        ShareError::Void => ("error.shares_void", Exit::WrongPassphrase),
        ShareError::Numbers { .. } => ("error.shares_numbers", Exit::Usage),
    }
}

fn of_move(error: MoveError) -> (&'static str, Exit) {
    match error {
        MoveError::Moving => ("error.move_moving", Exit::Held),
        MoveError::Sending => ("error.move_sending", Exit::TryLater),
        MoveError::NothingToMove => ("error.move_nothing", Exit::NothingThere),
        MoveError::NotEmpty => ("error.move_not_empty", Exit::Other),
        MoveError::NotAwaited => ("error.move_not_awaited", Exit::NothingThere),
        MoveError::UnderWay => ("error.move_under_way", Exit::Other),
        MoveError::NotSent => ("error.move_not_sent", Exit::NothingThere),
        MoveError::KeyMalformed => ("error.move_key", Exit::AskPerson),
        MoveError::WrongKeyDigits => ("error.move_key_digits", Exit::AskPerson),
        MoveError::WrongFileDigits => ("error.move_file_digits", Exit::AskPerson),
        MoveError::OtherKey => ("error.move_other_key", Exit::AskPerson),
        MoveError::FileDamaged => ("error.move_file", Exit::Damaged),
        MoveError::WriteFailed(_) => ("error.move_write", Exit::Other),
        MoveError::WrongArrival { .. } => ("error.move_arrival", Exit::AskPerson),
        MoveError::NoTriesLeft => ("error.move_no_tries", Exit::AskPerson),
        MoveError::Ending => ("error.move_ending", Exit::Held),
    }
}
