//! What a report is: form packs, answers, partial dates, names, the report body.
//!
//! Forms, lists and words are data (`packs/`, [`Pack`]); the code knows no country and no question. A draft is a set of
//! [`Answers`]; [`Body::build`] turns it into two JSON documents, [`Triage`] (what happened, codes only) and
//! [`Identities`] (who), which the caller seals apart. No file, no socket, no clock, no randomness: callers pass bytes,
//! the moment and ids in.
//!
//! ```
//! use kapok_report::{Answers, Body, Envelope, Moment, Pack, ReportId};
//!
//! let pack = Pack::builtin();
//! let now = Moment::parse("2026-11-24T18:30")?;
//! let file = r#"{"person.names": "Test Person", "arrest.date": "yesterday", "person.is_minor": "unk"}"#;
//! let (answers, warnings) = Answers::parse(&pack, "detention_quick", file.as_bytes(), &now)?;
//! assert!(warnings.is_empty());
//! let envelope = Envelope::new(ReportId::from_random([7; 16]), now, "en");
//! let (body, _) = Body::build(&pack, "detention_quick", &answers, &envelope, &[])?;
//! assert!(!String::from_utf8_lossy(&body.triage.to_bytes()).contains("Test Person"));
//! # Ok::<(), kapok_report::Error>(())
//! ```

mod answer;
mod answers;
mod body;
mod consent;
mod error;
mod evidence;
mod ids;
mod json;
pub mod limits;
mod pack;
mod plain;
mod render;
mod screen;
mod validate;
mod value;
mod warning;

pub use answer::{Answer, Certainty, Status};
pub use answers::Answers;
pub use body::{Body, ClockTrust, Envelope, Identities, SCHEMA_VERSION, Triage};
pub use consent::Consent;
pub use error::{Error, Mistake};
pub use evidence::{Attachment, EvidenceItem, EvidenceKind, EvidenceOrigin, EvidencePrivate, MediaKey};
pub use ids::{ReportId, ShortCode};
pub use pack::{
    Field, FieldCheck, FieldType, Form, Item, Label, List, PACK_FORMAT, Pack, Redirect, Review, ScreenPlan, Tier,
};
pub use plain::{harmless_json, is_hidden, printable};
pub use render::{Row, case_text, draft_text};
pub use screen::{ChoiceView, FieldView, PartView, Screen, Words};
pub use validate::validate;
pub use value::{Edtf, Mark, Moment, NameForm, Point};
pub use warning::{Warning, WarningCode};
