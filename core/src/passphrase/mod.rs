//! Passphrases: drawn at random from word lists, told in words how strong they are, and read however they are typed.
//!
//! People choose badly and cannot judge it, so a passphrase is generated unless somebody insists. How long it has to be
//! depends on where the device key lives: see [`PassphraseKind::parts`]. The lists are data in `core/words/`.

mod generate;
pub(crate) mod khmer;
mod normal;
pub(crate) mod share_word;
mod strength;
mod words;

pub use generate::{GeneratedPassphrase, PassphraseKind};
pub(crate) use normal::normal;
pub use strength::{Strength, StrengthWords};
