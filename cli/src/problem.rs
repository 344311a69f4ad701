//! Refusals of the server in words.

use kapok_core::wire::{Problem, Remedy};

use crate::failure::Exit;

pub(crate) fn key(problem: Problem) -> &'static str {
    match problem {
        Problem::Malformed => "problem.malformed",
        Problem::TokenInvalid => "problem.token_invalid",
        Problem::TokenSpent => "problem.token_spent",
        Problem::UploadFull => "problem.upload_full",
        Problem::IdTaken => "problem.id_taken",
        Problem::Busy => "problem.busy",
        Problem::Storage => "problem.storage",
        Problem::InviteUnknown => "problem.invite_unknown",
        Problem::InviteExpired => "problem.invite_expired",
        Problem::InviteUsed => "problem.invite_used",
        Problem::NotFound => "problem.not_found",
        Problem::BundleRefused => "problem.bundle_refused",
    }
}

pub(crate) fn exit(problem: Problem) -> Exit {
    match problem.remedy() {
        Remedy::RetryLater | Remedy::NewToken => Exit::TryLater,
        Remedy::AskPerson => Exit::AskPerson,
    }
}
