//! JSON without silent losses: doubled keys, depth, and what a person wrote in it.
//!
//! Its one byte form is that of the wire ([`canonical`]), so that a report and a bundle are written by the same rule.

use std::collections::BTreeMap;
use std::fmt;

pub(crate) use kapok_wire::canonical::json as canonical;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value as Json;

/// A JSON object whose keys are known to be distinct: the second of two equal keys is an error, not a silent winner.
pub(crate) struct Distinct<T>(pub(crate) BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Distinct<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Keys<T> {
            type Value = Distinct<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut out = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if out.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key appears twice"));
                    }
                }
                Ok(Distinct(out))
            }
        }
        deserializer.deserialize_map(Keys(std::marker::PhantomData))
    }
}

/// All words in a value, without the punctuation of JSON: what a person wrote, when we cannot say what it means.
pub(crate) fn words(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Array(items) => join(items.iter()),
        Json::Object(map) => join(map.values()),
    }
}

fn join<'a>(values: impl Iterator<Item = &'a Json>) -> String {
    let parts: Vec<String> = values.map(words).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// The value with everything below `depth` levels as JSON text. True if something was that deep.
pub(crate) fn shallow(value: Json, depth: usize) -> (Json, bool) {
    let mut cut = false;
    let mut below = |value: Json| {
        let (value, was) = match depth.checked_sub(1) {
            Some(depth) => shallow(value, depth),
            None if value.is_object() || value.is_array() => (Json::String(canonical(&value)), true),
            None => (value, false),
        };
        cut |= was;
        value
    };
    let value = match value {
        Json::Object(map) => Json::Object(map.into_iter().map(|(key, value)| (key, below(value))).collect()),
        Json::Array(items) => Json::Array(items.into_iter().map(below).collect()),
        scalar => scalar,
    };
    (value, cut)
}

/// Characters of the longest string anywhere inside.
pub(crate) fn longest_text(value: &Json) -> usize {
    match value {
        Json::String(text) => text.chars().count(),
        Json::Array(items) => items.iter().map(longest_text).max().unwrap_or(0),
        Json::Object(map) => {
            map.iter().map(|(key, member)| longest_text(member).max(key.chars().count())).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// True if nothing was said: null, blank text, or a collection of such.
pub(crate) fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(items) => items.iter().all(is_blank),
        Json::Object(map) => map.values().all(is_blank),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_too_deep_becomes_text() {
        let value: Json = serde_json::from_str(r#"{"a":[{"b":[1]}]}"#).unwrap();
        assert_eq!(shallow(value.clone(), 3), (value.clone(), false));
        let (cut, was) = shallow(value, 1);
        assert_eq!((canonical(&cut).as_str(), was), (r#"{"a":["{\"b\":[1]}"]}"#, true));
    }

    #[test]
    fn a_doubled_key_is_an_error() {
        assert!(serde_json::from_str::<Distinct<Json>>(r#"{"a":1,"b":2}"#).is_ok());
        assert!(serde_json::from_str::<Distinct<Json>>(r#"{"a":1,"a":2}"#).is_err());
    }
}
