//! The files of a pack as they are written. Unknown members are refused: a misspelt `class` must not become a default.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPack {
    pub(super) format: u32,
    pub(super) id: String,
    pub(super) country: String,
    pub(super) time_zone: String,
    pub(super) utc_offset_minutes: i32,
    pub(super) languages: Vec<String>,
    pub(super) forms: Vec<String>,
    pub(super) lists: Vec<String>,
    pub(super) consent: RawConsent,
    #[serde(default)]
    pub(super) safety_flags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsent {
    pub(super) field: String,
    pub(super) contact_field: String,
    pub(super) purposes: String,
    pub(super) bases: String,
    pub(super) always: Vec<String>,
    pub(super) with_contact: Vec<String>,
    pub(super) by_role: BTreeMap<String, RawRole>,
    pub(super) otherwise: RawRole,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRole {
    pub(super) basis: Option<String>,
    pub(super) only: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForm {
    pub(super) id: String,
    pub(super) version: u32,
    pub(super) report_type: String,
    pub(super) completeness: String,
    pub(super) label: String,
    pub(super) role_from: Option<String>,
    pub(super) needs_one_of: RawNeeds,
    pub(super) screens: Vec<RawScreen>,
    #[serde(default)]
    pub(super) fields: Vec<RawField>,
    #[serde(default)]
    pub(super) after_send: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawNeeds {
    pub(super) answers: Vec<String>,
    pub(super) evidence: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScreen {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) fields: Vec<RawField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) class: String,
    pub(super) tier: String,
    #[serde(default)]
    pub(super) no_values: Vec<String>,
    pub(super) label: Option<String>,
    pub(super) list: Option<String>,
    #[serde(default)]
    pub(super) offer: Vec<String>,
    #[serde(default)]
    pub(super) lists: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) offer_parts: BTreeMap<String, Vec<String>>,
    pub(super) max_chars: Option<usize>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    pub(super) list: String,
    pub(super) items: Vec<RawItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawItem {
    pub(super) code: String,
    pub(super) parent: Option<String>,
    pub(super) huridocs: Option<String>,
    pub(super) iso: Option<String>,
    pub(super) retired: Option<bool>,
    pub(super) exclusive: Option<bool>,
    pub(super) note: Option<String>,
    pub(super) role: Option<String>,
    pub(super) grants: Option<Vec<String>>,
    pub(super) redirect: Option<RawRedirect>,
    pub(super) days: Option<(i32, i32)>,
    pub(super) with_time: Option<bool>,
    /// Anything else a later use may need (aliases for search, coordinates); never interpreted here.
    pub(super) data: Option<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRedirect {
    pub(super) key: String,
    pub(super) code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLabel {
    pub(super) text: String,
    pub(super) review_status: String,
    pub(super) reviewed_by: Option<String>,
}
