//! A new passphrase that the core generates: shown once, on a page that the terminal forgets, and typed back before a vault
//! depends on it. Somebody who cannot type it back has lost nothing yet.

use std::io::{Write as _, stderr};

use inquire::{Password, Select};
use kapok_core::{GeneratedPassphrase, KdfParams, Level, Passphrase, PassphraseKind, StrengthWords};

use crate::app::App;
use crate::args::KindOfPassphrase;
use crate::failure::{Exit, Failure};
use crate::lang::Lang;
use crate::page::Page;
use crate::{interview, output, passphrase};

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

/// Generates one, shows it, and has it typed back.
pub(crate) fn passphrase(app: &App, kind: PassphraseKind, level: Level, kdf: KdfParams) -> Result<Passphrase, Failure> {
    let made = Passphrase::generate(kind, level);
    for attempt in 0..TRIES {
        // Closed, and wiped from the screen, however this ends.
        let page = Page::open();
        if attempt > 0 {
            app.say("generated.differs");
        }
        show(app, &made, kdf);
        wait(app)?;
        page.turn();
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

/// Until the person says that it may go from the screen.
fn wait(app: &App) -> Result<(), Failure> {
    let go_on = app.words.get("generated.known");
    let select = Select::new(app.words.get("generated.ask_known"), vec![go_on])
        .with_help_message(app.words.get("generated.help_known"))
        .without_filtering();
    select.prompt().map(|_| ()).map_err(interview::stopped)
}

/// Whether what is typed is what was shown.
fn typed_back(app: &App, made: &GeneratedPassphrase) -> Result<bool, Failure> {
    let prompt = Password::new(app.words.get("generated.again"))
        .with_help_message(app.words.get("generated.help_again"))
        .with_display_toggle_enabled()
        .without_confirmation();
    Ok(passphrase::typed(prompt)?.is_ok_and(|typed| made.is(&typed)))
}
