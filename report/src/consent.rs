//! From the reporter's choice to purposes granted. No consent means no disclosure: what is not granted is "not given".
//!
//! The choices are the *reporter's*. For another adult, family decide on the basis that the person cannot be reached;
//! anyone else may allow only what the pack lists under `otherwise`, whatever was chosen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::answer::{Answer, Status};
use crate::answers::Answers;
use crate::pack::{Item, Pack};

/// The consent block of a report. Codes only: it travels with the triage document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The choices as made, in the form's codes.
    pub choice: Vec<String>,
    /// True if the question was reached (also if the person did not want to say).
    pub reached: bool,
    /// On what ground the reporter decides for the person concerned; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Purposes granted, in the pack's order.
    pub granted: Vec<String>,
    /// All other purposes of the pack: stored as not given, never inferred.
    pub not_given: Vec<String>,
    /// Members written by a newer version.
    #[serde(flatten)]
    pub rest: BTreeMap<String, Json>,
}

impl Consent {
    /// True if this purpose is granted. An unknown purpose is not.
    #[must_use]
    pub fn grants(&self, purpose: &str) -> bool {
        self.granted.iter().any(|one| one == purpose)
    }

    /// Expands the choice in `answers` for a reporter in `role`.
    pub(crate) fn of(pack: &Pack, list: Option<&str>, answers: &Answers, role: &Answer<String>) -> Self {
        let rules = pack.consent();
        let answer = answers.get(&rules.field);
        let list = list.and_then(|id| pack.list(id));
        let chosen: Vec<&Item> = match (answer.get().and_then(Json::as_array), list) {
            (Some(codes), Some(list)) => codes.iter().filter_map(|code| list.item(code.as_str()?)).collect(),
            _ => Vec::new(),
        };
        let contact = answers.get(&rules.contact_field).status() == Status::Given;
        let mut granted: BTreeSet<&str> = rules.always.iter().map(String::as_str).collect();
        match answer.status() {
            // The narrower choice counts if two exclude each other.
            Status::Given => match chosen.iter().find(|item| item.exclusive) {
                Some(only) => granted.extend(only.grants.iter().map(String::as_str)),
                None => granted.extend(chosen.iter().flat_map(|item| &item.grants).map(String::as_str)),
            },
            Status::Refused => {}
            _ if contact => granted.extend(rules.with_contact.iter().map(String::as_str)),
            _ => {}
        }
        let rule = role.get().and_then(|role| rules.by_role.get(role)).unwrap_or(&rules.otherwise);
        if let Some(only) = &rule.only {
            granted.retain(|purpose| only.iter().any(|one| one == purpose));
        }
        let (yes, no) = pack
            .list(&rules.purposes)
            .into_iter()
            .flat_map(|list| list.items())
            .map(|item| item.code.clone())
            .partition(|purpose| granted.contains(purpose.as_str()));
        Self {
            choice: chosen.iter().map(|item| item.code.clone()).collect(),
            reached: answer.status() != Status::NotAsked,
            basis: rule.basis.clone(),
            granted: yes,
            not_given: no,
            rest: BTreeMap::new(),
        }
    }
}
