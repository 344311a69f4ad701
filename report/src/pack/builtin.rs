//! The compiled-in pack: the one place that names its files.

use std::collections::BTreeMap;

macro_rules! embed {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../packs/kh/", $path)))),*]
    };
}

const FILES: &[(&str, &[u8])] = embed![
    "pack.json",
    "forms/detention_quick.json",
    "labels/en.json",
    "labels/km.json",
    "lists/V-BASIS.json",
    "lists/V-CHANNEL.json",
    "lists/V-CONSENT.json",
    "lists/V-CONTACT.json",
    "lists/V-EVIDENCE.json",
    "lists/V-FORCE.json",
    "lists/V-GENDER.json",
    "lists/V-HEALTH.json",
    "lists/V-LASTCONTACT.json",
    "lists/V-MINOR.json",
    "lists/V-PLACEKIND.json",
    "lists/V-PROVINCE.json",
    "lists/V-PURPOSE.json",
    "lists/V-RELATION.json",
    "lists/V-REPORT.json",
    "lists/V-ROLE.json",
    "lists/V-SAFETIME.json",
    "lists/V-SEX.json",
    "lists/V-TOD.json",
    "lists/V-URGENCY.json",
    "lists/V-WARRANT.json",
    "lists/V-WHEN.json",
    "lists/V-YESNO.json",
];

pub(super) fn files() -> BTreeMap<String, Vec<u8>> {
    FILES.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect()
}
