//! Warnings in words: they inform, they never refuse.

use kapok_core::report::{Form, Pack, Warning, WarningCode, printable};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::output;

/// Prints warnings on stderr, each with the question it is about.
pub(crate) fn print(app: &App, pack: &Pack, form: &Form, warnings: &[Warning]) {
    lines(app, pack, form, warnings).iter().for_each(|line| output::note(line));
}

pub(crate) fn lines(app: &App, pack: &Pack, form: &Form, warnings: &[Warning]) -> Vec<String> {
    let line = |warning| format!("! {}: {}", label(app, pack, form, warning), text(app, pack, warning));
    warnings.iter().map(line).collect()
}

pub(crate) fn json(app: &App, pack: &Pack, form: &Form, warnings: &[Warning]) -> Json {
    let view = |warning: &Warning| {
        json!({
            "code": warning.code.code(),
            "key": warning.key(),
            "label": label(app, pack, form, warning),
            "text": text(app, pack, warning),
        })
    };
    warnings.iter().map(view).collect()
}

fn text(app: &App, pack: &Pack, warning: &Warning) -> String {
    pack.text(&format!("warning.{}", warning.code.code()), app.lang.code())
}

fn label(app: &App, pack: &Pack, form: &Form, warning: &Warning) -> String {
    match form.field(warning.key()) {
        Some(field) if warning.code != WarningCode::UnknownKey => pack.text(&field.label, app.lang.code()),
        // A person wrote this key: only their own screen may show it.
        _ => printable(warning.key()),
    }
}
