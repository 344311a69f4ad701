//! `Answer<T>`: a value, or one of five different reasons why there is none.
//!
//! Silence is not an answer. "Does not know", "does not want to say", "was not asked", "does not apply" and "knows, but
//! it is not safe to write it here" lead to different next steps at the desk, so each is its own status. The five map to
//! the HURIDOCS codes 990000000000 (unknown) and 980000000000 (not applicable). A nullable value was rejected: it would
//! merge all five.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

/// How sure the person is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// Sure; the default and not written out.
    #[default]
    Sure,
    /// Thinks so.
    ThinkSo,
    /// Heard it from others.
    Heard,
}

impl Certainty {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::ThinkSo => "think_so",
            Self::Heard => "heard",
        }
    }

    /// The certainty with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Sure, Self::ThinkSo, Self::Heard].into_iter().find(|one| one.code() == code)
    }
}

/// The status of an answer without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// `val`: a value is given.
    Given,
    /// `unk`: asked; the person does not know.
    Unknown,
    /// `ref`: asked; the person does not want to say.
    Refused,
    /// `nas`: not asked, or the screen was skipped. The default.
    NotAsked,
    /// `nap`: does not apply.
    NotApplicable,
    /// `wth`: known, but not safe to record here.
    Withheld,
}

impl Status {
    /// The five statuses without a value, in the order they are offered.
    pub const NO_VALUES: [Self; 5] =
        [Self::Unknown, Self::Refused, Self::NotAsked, Self::NotApplicable, Self::Withheld];

    /// The stable code, as written under `s`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Given => "val",
            Self::Unknown => "unk",
            Self::Refused => "ref",
            Self::NotAsked => "nas",
            Self::NotApplicable => "nap",
            Self::Withheld => "wth",
        }
    }

    /// The no-value status with this code; `val` is not one.
    #[must_use]
    pub fn no_value(code: &str) -> Option<Self> {
        Self::NO_VALUES.into_iter().find(|one| one.code() == code)
    }
}

/// A value, or why there is none. `Without(Status::Given)` is never built.
#[derive(Clone, PartialEq, Eq)]
enum Given<T> {
    Value(T),
    Without(Status),
}

/// One answer with its certainty and remarks.
///
/// Written as `{"s":"val","v":…}` with the optional members `certainty`, `note` and `lang`; members this version does not
/// know are kept. `Debug` shows the status only: answers must not reach a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer<T> {
    given: Given<T>,
    /// How sure the person is.
    pub certainty: Certainty,
    /// A remark in free words, at most 500 characters.
    pub note: Option<String>,
    /// BCP-47 language of value and note, if it differs from the report's.
    pub lang: Option<String>,
    /// Members written by a newer version.
    rest: Map<String, Json>,
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Self {
            given: Given::Without(Status::NotAsked),
            certainty: Certainty::Sure,
            note: None,
            lang: None,
            rest: Map::new(),
        }
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, [redacted])", self.status().code())
    }
}

impl<T> Answer<T> {
    /// An answer with a value.
    #[must_use]
    pub fn value(value: T) -> Self {
        Self { given: Given::Value(value), ..Self::default() }
    }

    /// An answer without a value. `Status::Given` needs a value and yields "not asked".
    #[must_use]
    pub fn none(status: Status) -> Self {
        let status = if status == Status::Given { Status::NotAsked } else { status };
        Self { given: Given::Without(status), ..Self::default() }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.given {
            Given::Value(_) => Status::Given,
            Given::Without(status) => *status,
        }
    }

    /// The value, if one is given.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        match &self.given {
            Given::Value(value) => Some(value),
            Given::Without(_) => None,
        }
    }

    /// The same answer with another value, remarks unchanged. Without a value, "given" becomes "not asked".
    pub(crate) fn with_value<U>(&self, value: Option<U>) -> Answer<U> {
        let given = match (&self.given, value) {
            (Given::Value(_), Some(value)) => Given::Value(value),
            (Given::Without(status), _) => Given::Without(*status),
            (Given::Value(_), None) => Given::Without(Status::NotAsked),
        };
        Answer {
            given,
            certainty: self.certainty,
            note: self.note.clone(),
            lang: self.lang.clone(),
            rest: self.rest.clone(),
        }
    }

    /// Status and certainty alone: what may stand beside codes. Note, language and unknown members are gone.
    pub(crate) fn bare<U>(&self, value: Option<U>) -> Answer<U> {
        let mut answer = self.with_value(value);
        answer.note = None;
        answer.lang = None;
        answer.rest = Map::new();
        answer
    }
}

impl<T: Serialize> Serialize for Answer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error as _, SerializeMap as _};
        let mut members = self.rest.clone();
        members.insert("s".into(), self.status().code().into());
        if let Some(value) = self.get() {
            members.insert("v".into(), serde_json::to_value(value).map_err(S::Error::custom)?);
        }
        if self.certainty != Certainty::Sure {
            members.insert("certainty".into(), self.certainty.code().into());
        }
        for (key, text) in [("note", &self.note), ("lang", &self.lang)] {
            if let Some(text) = text {
                members.insert(key.into(), text.clone().into());
            }
        }
        let mut map = serializer.serialize_map(Some(members.len()))?;
        for (key, member) in &members {
            map.serialize_entry(key, member)?;
        }
        map.end()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Answer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?;
        let Some(Json::String(status)) = members.remove("s") else {
            return Err(D::Error::custom("an answer needs a status `s`"));
        };
        let given = match (status.as_str(), members.remove("v")) {
            ("val", Some(value)) => Given::Value(
                serde_json::from_value(value).map_err(|_| D::Error::custom("the value has another shape"))?,
            ),
            ("val", None) => return Err(D::Error::custom("status `val` needs a value `v`")),
            (_, Some(_)) => return Err(D::Error::custom("only status `val` has a value `v`")),
            (code, None) => match Status::no_value(code) {
                Some(status) => Given::Without(status),
                None => return Err(D::Error::custom("unknown status")),
            },
        };
        let certainty = match members.get("certainty").and_then(Json::as_str).and_then(Certainty::from_code) {
            Some(certainty) => {
                members.remove("certainty");
                certainty
            }
            None => Certainty::Sure,
        };
        let note = take_text(&mut members, "note");
        let lang = take_text(&mut members, "lang");
        Ok(Self { given, certainty, note, lang, rest: members })
    }
}

/// Takes a text member out; one of another shape stays among the unknown members, so that it is not lost.
fn take_text(members: &mut Map<String, Json>, key: &str) -> Option<String> {
    match members.remove(key) {
        Some(Json::String(text)) => Some(text),
        Some(other) => {
            members.insert(key.into(), other);
            None
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) -> String {
        let answer: Answer<Json> = serde_json::from_str(text).unwrap();
        crate::json::canonical(&serde_json::to_value(answer).unwrap())
    }

    #[test]
    fn the_six_statuses_have_six_texts() {
        for code in ["unk", "ref", "nas", "nap", "wth"] {
            let text = format!(r#"{{"s":"{code}"}}"#);
            assert_eq!(round_trip(&text), text);
        }
        assert_eq!(round_trip(r#"{"s":"val","v":["a"]}"#), r#"{"s":"val","v":["a"]}"#);
        assert_eq!(Answer::<Json>::default().status(), Status::NotAsked);
    }

    #[test]
    fn remarks_and_members_of_newer_versions_come_back() {
        let text = r#"{"certainty":"heard","lang":"km","new":[1.5],"note":"n","s":"val","v":"x"}"#;
        assert_eq!(round_trip(text), text);
        let odd = r#"{"certainty":"very","note":7,"s":"unk"}"#;
        assert_eq!(round_trip(odd), odd);
    }

    #[test]
    fn a_value_without_its_status_is_refused() {
        for text in [r#"{"s":"unk","v":1}"#, r#"{"s":"val"}"#, r#"{"s":"maybe"}"#, r#"{"v":1}"#, "7"] {
            assert!(serde_json::from_str::<Answer<Json>>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_answer() {
        let answer = Answer { note: Some("secret".into()), ..Answer::value("secret") };
        assert_eq!(format!("{answer:?}"), "Answer(val, [redacted])");
    }
}
