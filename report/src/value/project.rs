//! What of a value may stand in the triage document: an allow-list, member by member. Everything not named here stays
//! with the identities, so a member that a newer form invents is private until this file says otherwise.

use kapok_wire::bundle::Class;
use serde_json::{Map, Value as Json};

use super::edtf::Edtf;
use super::{parse_clock, parse_day};
use crate::pack::{Field, FieldType, Pack};

/// The part of `value` that is codes, dates and numbers only; `None` if nothing is.
pub(crate) fn project(pack: &Pack, field: &Field, value: &Json) -> Option<Json> {
    if field.class != Class::Triage {
        return None;
    }
    match field.kind {
        // Refused in this class when the pack is loaded; named again so that this file alone is the whole rule.
        FieldType::Text | FieldType::Name | FieldType::Contact => None,
        FieldType::Choice | FieldType::Bool3 => in_list(pack, field, value).then(|| value.clone()),
        FieldType::Choices | FieldType::Consent => {
            let codes: Vec<Json> =
                value.as_array()?.iter().filter(|code| in_list(pack, field, code)).cloned().collect();
            (!codes.is_empty()).then_some(Json::Array(codes))
        }
        FieldType::Pdate | FieldType::Place => members(pack, field, value),
        FieldType::Actors => {
            let actors: Vec<Json> = value.as_array()?.iter().filter_map(|actor| members(pack, field, actor)).collect();
            (!actors.is_empty()).then_some(Json::Array(actors))
        }
    }
}

fn in_list(pack: &Pack, field: &Field, code: &Json) -> bool {
    let list = field.list.as_deref().and_then(|id| pack.list(id));
    matches!((list, code.as_str()), (Some(list), Some(code)) if list.has(code))
}

fn members(pack: &Pack, field: &Field, value: &Json) -> Option<Json> {
    let all = value.as_object()?;
    let shown: Map<String, Json> = all
        .iter()
        .filter(|(key, member)| allowed(pack, field, all, key, member))
        .map(|(key, member)| (key.clone(), member.clone()))
        .collect();
    // A place of which only the default country is known says nothing.
    let says_something =
        shown.keys().any(|key| !["country", "basis", "on", "tz", "sensitive", "precision"].contains(&key.as_str()));
    says_something.then_some(Json::Object(shown))
}

fn allowed(pack: &Pack, field: &Field, all: &Map<String, Json>, key: &str, member: &Json) -> bool {
    let text = member.as_str();
    let coded = |code: Option<&str>| {
        let list = field.lists.get(key).and_then(|id| pack.list(id));
        matches!((list, code), (Some(list), Some(code)) if list.has(code))
    };
    match (field.kind, key) {
        (FieldType::Pdate, "edtf") => text.is_some_and(|text| Edtf::parse(text).is_ok()),
        (FieldType::Pdate, "tod") => coded(text) || text.is_some_and(|text| parse_clock(text).is_some()),
        (FieldType::Pdate, "tz") => text == Some(pack.time_zone()),
        (FieldType::Pdate, "basis") => text == Some("relative"),
        (FieldType::Pdate, "on") => text.is_some_and(|text| parse_day(text).is_some()),
        (FieldType::Place, "country") => {
            text.is_some_and(|text| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()))
        }
        (FieldType::Place, "province" | "kind") => coded(text),
        (FieldType::Place, "district") => {
            let province = all.get("province").and_then(Json::as_str).unwrap_or("-");
            text.is_some_and(|text| {
                text.len() == 4 && text.starts_with(province) && text.bytes().all(|b| b.is_ascii_digit())
            })
        }
        (FieldType::Place, "precision") => {
            matches!(text, Some("exact" | "village" | "commune" | "district" | "province" | "country"))
        }
        (FieldType::Place, "sensitive") => member.is_boolean(),
        (FieldType::Actors, "force") => in_list(pack, field, member),
        (FieldType::Actors, "count") => text.is_some_and(is_count),
        (FieldType::Actors, "uniform") => matches!(text, Some("yes" | "no" | "mixed")),
        (FieldType::Actors, "certainty") => matches!(text, Some("sure" | "think_so" | "heard")),
        (FieldType::Actors, "level" | "degree" | "identified_by" | "attribution") => match member {
            Json::Array(codes) => codes.iter().all(|code| coded(code.as_str())),
            _ => coded(text),
        },
        _ => false,
    }
}

/// `3` or `10-15`: too short for a telephone number.
fn is_count(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        Some((from, to)) => number(from) && number(to),
        None => number(text),
    }
}
