//! A new passphrase that the core generates: shown once, on a page that the terminal forgets, and typed back before a vault
//! depends on it. Somebody who cannot type it back has lost nothing yet.

use std::io::{Write as _, stderr};

use inquire::Password;
use kapok_core::{GeneratedPassphrase, KdfParams, Level, Passphrase, PassphraseKind, StrengthWords};

use crate::app::App;
use crate::args::KindOfPassphrase;
use crate::failure::{Exit, Failure};
use crate::lang::Lang;
use crate::page::{Known, Page};
use crate::{output, passphrase};

const KNOWN: Known = Known { question: "generated.ask_known", answer: "generated.known", help: "generated.help_known" };

/// How often it is shown again.
const TRIES: u32 = 3;

/// The kind to generate, or none if a person gives one of their own.
pub(crate) fn kind(wanted: Option<KindOfPassphrase>, lang: Lang) -> Option<PassphraseKind> {
    match (wanted, lang) {
        (Some(KindOfPassphrase::Own), _) => None,
        (Some(KindOfPassphrase::Digits), _) => Some(PassphraseKind::Digits),
        (Some(KindOfPassphrase::English), _) | (None, Lang::En) => Some(PassphraseKind::EnglishWords),
        (Some(KindOfPassphrase::Khmer), _) | (None, Lang::Km) => Some(PassphraseKind::KhmerWords),
    }
}

/// Generates one, shows it, and has it typed back. Its title stands wherever it is shown or asked for, and nowhere but on the page:
/// which passphrase erases must be clear to the person, and to nobody who scrolls back later.
pub(crate) fn passphrase(
    app: &App,
    title: Option<&str>,
    kind: PassphraseKind,
    level: Level,
    kdf: KdfParams,
) -> Result<Passphrase, Failure> {
    let made = Passphrase::generate(kind, level);
    for attempt in 0..TRIES {
        // Closed, and wiped from the screen, however this ends.
        let page = title.map_or_else(Page::open, Page::titled);
        if attempt > 0 {
            app.say("generated.differs");
        }
        show(app, &made, kdf);
        page.until_known(app, &KNOWN)?;
        title.into_iter().for_each(output::note);
        if typed_back(app, &made)? {
            return Ok(made.to_passphrase());
        }
    }
    Err(Failure::new("error.not_typed_back", Exit::WrongPassphrase))
}

fn show(app: &App, made: &GeneratedPassphrase, kdf: KdfParams) {
    app.say("generated.title");
    // EXPOSE: shown once to the person who will type it; written without a copy, and the page is cleared afterwards.
    let text = made.expose();
    let _ = ["\n    ", text, "\n\n"].iter().try_for_each(|part| stderr().write_all(part.as_bytes()));
    app.say("generated.keep");
    output::note(StrengthWords::load().get(made.strength(kdf), app.lang.of_reasons()));
    if !made.kind().is_reviewed() {
        app.say("generated.unreviewed");
    }
}

/// Whether what is typed is what was shown.
fn typed_back(app: &App, made: &GeneratedPassphrase) -> Result<bool, Failure> {
    let prompt = Password::new(app.words.get("generated.again"))
        .with_help_message(app.words.get("generated.help_again"))
        .with_display_toggle_enabled()
        .without_confirmation();
    Ok(passphrase::typed(prompt)?.is_ok_and(|typed| made.is(&typed)))
}
