//! JSON with one byte form for one value: compact, keys of every object sorted by bytes.
//!
//! Why not serde_json's own printing: the order of its maps depends on a feature (`preserve_order`) that any crate of
//! a build could switch on for all. A bundle would then be signed, and accepted, in another order. Here keys are sorted
//! whatever the map does.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Writes `value` compactly, with the keys of every object in byte order.
#[must_use]
pub fn json(value: &Json) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Json, out: &mut String) {
    match value {
        Json::Object(map) => {
            let sorted: BTreeMap<&String, &Json> = map.iter().collect();
            out.push('{');
            for (at, (key, member)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Json::String(key.clone()).to_string());
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_level() {
        let value: Json = serde_json::from_str(r#"{"b":[{"z":1,"a":"x"}],"a":null}"#).unwrap();
        assert_eq!(json(&value), r#"{"a":null,"b":[{"a":"x","z":1}]}"#);
    }
}
