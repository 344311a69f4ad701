//! Where passphrases come from: a prompt without echo, or an open file descriptor. Never an argument, never the
//! environment: `ps` and `/proc` show both to other programs.
//!
//! From a descriptor the bytes go straight into memory that is wiped. At a prompt the line editor of the terminal
//! library sees each key; its copy is not wiped, which is the price of editing a line at all, so scripts and careful
//! people use the descriptor.

use std::fs::File;
use std::io::{BufReader, Read as _};

use inquire::validator::Validation;
use inquire::{Password, PasswordDisplayMode};
use kapok_core::Passphrase;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::interview;
use crate::words::Words;

/// Longest passphrase read, in bytes: a descriptor that never ends must not fill the memory.
const LONGEST: usize = 4_096;

#[derive(Clone, Copy)]
pub(crate) enum Source {
    Prompt,
    Descriptor(u32),
}

impl Source {
    /// The passphrase of a vault that exists.
    pub(crate) fn existing(self, words: &Words) -> Result<Passphrase, Failure> {
        match self {
            Self::Prompt => {
                // Refused here: Enter alone is a slip, and no try.
                let refusal = words.get("error.passphrase_empty").to_owned();
                let something = move |typed: &str| Ok(validity(characters(typed) > 0, &refusal));
                let prompt = Password::new(words.get("ask.passphrase")).with_validator(something);
                read(prompt.without_confirmation())
            }
            Self::Descriptor(number) => from_descriptor(number),
        }
    }

    /// So many passphrases, one a line, if they come from a descriptor.
    pub(crate) fn lines(self, count: usize) -> Result<Option<Vec<Passphrase>>, Failure> {
        match self {
            Self::Prompt => Ok(None),
            Self::Descriptor(number) => {
                let mut file = descriptor(number)?;
                (0..count).map(|_| line(&mut file)).collect::<Result<_, _>>().map(Some)
            }
        }
    }

    /// A new passphrase that a person chose: typed twice, because a slip would lock it for ever. The core judges its length again.
    pub(crate) fn fresh(self, words: &Words) -> Result<Passphrase, Failure> {
        match self {
            Self::Prompt => {
                let least = Passphrase::LEAST.to_string();
                let help = words.fill("ask.help_passphrase", &[("least", &least)]);
                let refusal = words.fill("error.passphrase_short", &[("least", &least)]);
                // Refused before it has to be typed again.
                let long_enough = move |typed: &str| Ok(validity(characters(typed) >= Passphrase::LEAST, &refusal));
                let prompt = Password::new(words.get("ask.passphrase_new"))
                    .with_help_message(&help)
                    .with_validator(long_enough)
                    .with_custom_confirmation_message(words.get("ask.passphrase_again"))
                    .with_custom_confirmation_error_message(words.get("ask.passphrase_differs"));
                read(prompt)
            }
            Self::Descriptor(number) => from_descriptor(number),
        }
    }
}

fn validity(valid: bool, refusal: &str) -> Validation {
    if valid { Validation::Valid } else { Validation::Invalid(refusal.into()) }
}

/// Characters as the core counts them; a text that is no passphrase has none.
fn characters(typed: &str) -> usize {
    Passphrase::new(typed.as_bytes().to_vec()).map_or(0, |passphrase| passphrase.characters())
}

fn read(prompt: Password<'_>) -> Result<Passphrase, Failure> {
    Ok(typed(prompt)??)
}

/// What was typed, without echo; the core says whether it is a passphrase.
pub(crate) fn typed(prompt: Password<'_>) -> Result<kapok_core::Result<Passphrase>, Failure> {
    let typed = prompt.with_display_mode(PasswordDisplayMode::Hidden).prompt().map_err(interview::stopped)?;
    Ok(Passphrase::new(typed.into_bytes()))
}

/// Reads to the first newline or the end.
fn from_descriptor(number: u32) -> Result<Passphrase, Failure> {
    line(&mut descriptor(number)?)
}

/// `/dev/fd` gives the descriptor without unsafe code. A buffer of one byte keeps no second copy, and leaves what follows a
/// newline to others.
fn descriptor(number: u32) -> Result<BufReader<File>, Failure> {
    let file = File::open(format!("/dev/fd/{number}")).map_err(|_| Failure::usage("error.descriptor"))?;
    Ok(BufReader::with_capacity(1, file))
}

fn line(file: &mut BufReader<File>) -> Result<Passphrase, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    for byte in file.bytes() {
        match byte.map_err(|_| Failure::usage("error.descriptor"))? {
            b'\n' => break,
            _ if line.len() == LONGEST => return Err(Failure::usage("error.passphrase_long")),
            byte => line.push(byte),
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Passphrase::new(std::mem::take(&mut *line))?)
}
