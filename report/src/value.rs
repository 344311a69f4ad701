//! From what a person or a file gives to a stored value, and from a stored value to what the triage document may show.
//!
//! Two rules. *Kept, never dropped*: a value of another shape than the field stays as it is, with a warning, and is shown
//! as words. *Shown only if understood*: into the triage document goes a value, or a part of one, only if every piece of
//! it is a code of the field's list, a date, or a number with a fixed form. Whatever else there is may name somebody.

mod accept;
mod edtf;
mod moment;
mod name;
mod project;

pub use edtf::{Edtf, Mark, Point};
pub use moment::Moment;
pub use name::NameForm;

pub(crate) use accept::accept;
pub(crate) use edtf::latin_digits;
pub(crate) use moment::{parse_clock, parse_day};
pub(crate) use project::project;

use crate::pack::FieldType;

/// The members of a composed value that hold words a person types, in the order to ask for them.
pub(crate) fn word_members(kind: FieldType) -> &'static [&'static str] {
    match kind {
        FieldType::Place => &["text"],
        FieldType::Contact => &["value", "who_may_answer", "say_we_are"],
        FieldType::Actors => &["count", "text"],
        FieldType::Pdate => &["edtf"],
        _ => &[],
    }
}

/// The members of a composed value that this version knows, in the order to print them.
pub(crate) fn known_members(kind: FieldType) -> &'static [&'static str] {
    match kind {
        FieldType::Place => &[
            "kind",
            "text",
            "facility",
            "village",
            "commune",
            "district",
            "province",
            "country",
            "geo",
            "precision",
            "sensitive",
        ],
        FieldType::Contact => {
            &["channel", "value", "safe_times", "safe_words_ok", "who_may_answer", "voicemail_ok", "say_we_are", "stop"]
        }
        FieldType::Actors => &[
            "force",
            "count",
            "level",
            "unit_text",
            "name_text",
            "rank_text",
            "role_text",
            "identified_by",
            "uniform",
            "vehicle_text",
            "plate_text",
            "degree",
            "attribution",
            "certainty",
            "text",
        ],
        FieldType::Pdate => &["edtf", "tod", "tz", "basis", "on"],
        FieldType::Name => &["text", "script", "kind", "order", "original", "title", "family", "given", "source"],
        _ => &[],
    }
}
