//! Reads an invite from the command line, a file or standard input.

use std::fs::File;
use std::io::Read;

use kapok_core::wire::Invite;
use zeroize::Zeroizing;

use crate::args::EnrolArgs;
use crate::failure::{Exit, Failure};

/// More than any invite: a longer file is something else.
const LONGEST: u64 = 4_096;

pub(crate) fn read(args: &EnrolArgs) -> Result<Invite, Failure> {
    let failed = |_| Failure::new("error.invite_unreadable", Exit::NothingThere);
    let mut text = Zeroizing::new(String::new());
    match (args.invite.as_deref(), &args.file) {
        (Some("-"), _) => {
            std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map_err(failed)?;
        }
        (Some(given), _) => text.push_str(given),
        (None, Some(path)) => {
            File::open(path).map_err(failed)?.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
        }
        (None, None) => return Err(Failure::usage("error.invite_unreadable")),
    }
    Ok(Invite::decode(&text).map_err(kapok_core::Error::from)?)
}
