//! Reads an invite from a prompt, a file or standard input. Never from the command line: it is a secret until it is
//! used, and `ps` shows arguments to other programs.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

use inquire::{Password, PasswordDisplayMode};
use kapok_core::wire::Invite;
use zeroize::Zeroizing;

use crate::app::App;
use crate::failure::{Exit, Failure};
use crate::interview;

/// More than a printed invite with its QR code: a longer file is something else.
const LONGEST: u64 = 64 << 10;
/// How every invite begins, in upper or lower case.
const PREFIX: &[u8] = b"KAPOK1";
/// Letters of a version, three hashes, a pin and a secret: anything shorter only looks like an invite.
const SHORTEST: usize = 100;

/// The one invite in a file, on standard input (`-`, or none given and no terminal), or at a prompt.
pub(crate) fn read(app: &App, file: Option<&Path>) -> Result<Invite, Failure> {
    let bytes = match file {
        Some(path) if path != Path::new("-") => {
            from(File::open(path).map_err(|_| Failure::new("error.invite_unreadable", Exit::NothingThere))?)?
        }
        None if app.somebody() => asked(app)?,
        _ => from(stdin().lock())?,
    };
    let text = std::str::from_utf8(only(&bytes)?).map_err(|_| Failure::new("error.invite", Exit::AskPerson))?;
    Ok(Invite::decode(text).map_err(kapok_core::Error::from)?)
}

fn from(source: impl Read) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = || Failure::new("error.invite_unreadable", Exit::NothingThere);
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    source.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|_| failed())?;
    if bytes.len() as u64 > LONGEST { Err(failed()) } else { Ok(bytes) }
}

/// Not shown while it is pasted, so that it does not stay in the terminal's scroll-back.
fn asked(app: &App) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let prompt = Password::new(app.words.get("ask.invite"))
        .with_help_message(app.words.get("ask.help_invite"))
        .with_display_mode(PasswordDisplayMode::Hidden)
        .with_display_toggle_enabled()
        .without_confirmation();
    Ok(Zeroizing::new(prompt.prompt().map_err(interview::stopped)?.into_bytes()))
}

/// The one invite among whatever stands around it: a QR code, a greeting, quotation marks.
fn only(bytes: &[u8]) -> Result<&[u8], Failure> {
    let words = bytes.split(|byte| !byte.is_ascii_alphanumeric());
    let is_invite = |word: &&[u8]| {
        word.len() >= SHORTEST && word.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
    };
    let mut invites = words.filter(is_invite);
    let first = invites.next().ok_or(Failure::new("error.invite_none", Exit::NothingThere))?;
    if invites.all(|other| other.eq_ignore_ascii_case(first)) {
        Ok(first)
    } else {
        Err(Failure::usage("error.invite_several"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Result<String, &'static str> {
        match only(text.as_bytes()) {
            Ok(found) => Ok(String::from_utf8(found.to_vec()).unwrap()),
            Err(Failure::Said { key, .. }) => Err(key),
            Err(_) => Err("another failure"),
        }
    }

    #[test]
    fn the_one_invite_is_found_among_a_qr_code_a_greeting_and_a_copy_of_itself() {
        let invite = format!("KAPOK1{}", "Q".repeat(200));
        let lower = invite.to_lowercase();
        assert_eq!(code(&invite), Ok(invite.clone()));
        assert_eq!(code(&format!("█▀▀█ ▄\n\nYour invite for kapok1-test:\n{invite}\r\n")), Ok(invite.clone()));
        assert_eq!(code(&format!("{{\"invite\": \"{invite}\"}}")), Ok(invite.clone()));
        assert_eq!(code(&format!("{lower}\n{invite}")), Ok(lower));
    }

    #[test]
    fn no_invite_and_two_different_ones_are_refused() {
        for none in ["", "\n", "hello", "KAPOK1", "KAPOK1TOOSHORT", "\u{178}\u{0}"] {
            assert_eq!(code(none), Err("error.invite_none"), "{none}");
        }
        let two = format!("KAPOK1{}\nKAPOK1{}", "Q".repeat(200), "P".repeat(200));
        assert_eq!(code(&two), Err("error.invite_several"));
    }
}
