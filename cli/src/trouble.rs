//! Trouble on the line in words.

use kapok_core::{Outcome, RouteError, RouteRemedy};

use crate::failure::Exit;

pub(crate) fn key(error: RouteError) -> &'static str {
    match error {
        RouteError::Failed(outcome) => match outcome {
            Outcome::Intercepted { .. } => "line.intercepted",
            Outcome::CaptiveOrFiltered => "line.captive",
            Outcome::WrongDate => "line.wrong_date",
            Outcome::Cut => "line.cut",
            Outcome::Blocked => "line.blocked",
            Outcome::Unreachable => "line.unreachable",
            Outcome::Timeout => "line.timeout",
            Outcome::Clean | Outcome::ServerFault => "line.server_fault",
        },
        RouteError::BadEndpoint => "line.bad_endpoint",
        RouteError::WrongSize => "line.wrong_size",
    }
}

pub(crate) fn exit(error: RouteError) -> Exit {
    match error.remedy() {
        // Another network, a login, the right time: the person can do that, and then trying again helps.
        RouteRemedy::Transient | RouteRemedy::HostMustAct => Exit::TryLater,
        RouteRemedy::Permanent => Exit::AskPerson,
    }
}
