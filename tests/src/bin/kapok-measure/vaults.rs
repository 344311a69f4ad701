//! The vaults that are measured, their reports, and what stands beside each time.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kapok_core::report::{Answers, Moment};
use kapok_core::{
    Clock as _, CreateOptions, Device, DeviceKey, DraftId, Error, Passphrase, SoftwareDeviceKey, SystemClock,
};
use kapok_tests::story::Dice;
use serde_json::{Value, json};

use super::{Outcome, Trouble, process};

pub(crate) const PASSPHRASE: &[u8] = b"measured with care";
const FORM: &str = "detention_quick";
/// Bytes of a half of the default size.
const HALF: u64 = 4 << 20;

pub(crate) fn passphrase() -> Result<Passphrase, Trouble> {
    Ok(Passphrase::new(PASSPHRASE.to_vec())?)
}

pub(crate) fn software_key(folder: &Path) -> SoftwareDeviceKey {
    SoftwareDeviceKey::in_folder(folder)
}

/// A device of the default sizes with an open, empty vault.
pub(crate) fn create(folder: &Path) -> Result<Device, Trouble> {
    fs::create_dir_all(folder)?;
    let key: Arc<dyn DeviceKey> = Arc::new(software_key(folder));
    Ok(Device::create(folder, &passphrase()?, key, CreateOptions::default())?)
}

/// What a story is put together from: of one sentence, repeated, an index would be smaller than it is in life.
const PHRASES: [&str; 16] = [
    "ប្រហែលម៉ោងប្រាំព្រឹក",
    "មានបុរសបីនាក់ស្លៀកពាក់ស៊ីវិល",
    "មកដល់ផ្ទះប្រឌិត",
    "ហើយនាំប្ដីខ្ញុំឡើងរថយន្ត",
    "ពណ៌សគ្មានស្លាកលេខ",
    "អ្នកជិតខាងបានឃើញ",
    "គេមិនបានបង្ហាញដីកាទេ",
    "ក្បែរវត្តប្រលោមលោក",
    "ខ្ញុំបានទូរស័ព្ទទៅបងស្រី",
    "ទូរស័ព្ទរបស់គាត់បិទ",
    "ផ្សារសាកល្បងនៅឆ្ងាយ",
    "កូនតូចយំពេញមួយយប់",
    "they asked for an invented name",
    "the fictional gate was open",
    "nobody wrote anything down",
    "we waited until the rain ended",
];

/// The answers of a report as they are told at the door: who, where, who came, and what happened, some two kilobytes. The
/// story is that of `draft`; one answer, the name, differs by `number` and has the same length for each below 100,000.
pub(crate) fn answers(device: &Device, draft: usize, number: usize) -> Result<Answers, Trouble> {
    let mut dice = Dice(draft as u64);
    let story: Vec<&str> =
        (0..20).filter_map(|_| PHRASES.get(dice.below(PHRASES.len() as u64) as usize).copied()).collect();
    let file = json!({
        "person.names": [format!("Test Person {number:05}")],
        "person.sex": "female",
        "reporter_relation": "spouse",
        "arrest.date": "2026-11-23",
        "arrest.place": {"province": "12", "kind": "street", "text": "ក្បែរវត្តប្រលោមលោកគ្មានពិត"},
        "arrest.forces": [{"force": "plain_clothes", "vehicle_text": "white car of an invented make"}],
        "narrative": story.join(" "),
        "reporter_contact": {"channel": "phone", "value": "000-555-0199", "who_may_answer": "បងស្រីគំរូប្រលោម"},
    });
    let moment = Moment::parse("2026-11-24T10:00")?;
    Ok(Answers::parse(device.pack(), FORM, file.to_string().as_bytes(), &moment)?.0)
}

/// Adds one draft with all its answers.
pub(crate) fn add_draft(device: &Device, number: usize) -> Result<DraftId, Trouble> {
    let now = SystemClock.now();
    let draft = device.new_draft(FORM, "km", now)?;
    device.save_answers(draft, &answers(device, number, 0)?, now)?;
    Ok(draft)
}

/// Adds drafts until a save writes so many hundredths of a half, and gives one of them. The kernel is asked how much that is.
pub(crate) fn fill(device: &Device, percent: u64) -> Result<DraftId, Trouble> {
    for number in 0.. {
        let before = process::written()?;
        match add_draft(device, number) {
            // The save is the second of two commits of a draft.
            Ok(draft) if (process::written()? - before) / 2 >= HALF * percent / 100 => return Ok(draft),
            Ok(_) => {}
            Err(error) if matches!(error.downcast_ref(), Some(Error::VaultFull)) => break,
            Err(error) => return Err(error),
        }
    }
    Err("the vault is full before it holds as much as it should".into())
}

/// What times are told by, in milliseconds. The quickest tenth is what is left where other programs take turns with this one:
/// each waits then for as long as the system's clock ticks, whatever it does.
pub(crate) fn summary(mut times: Vec<Duration>) -> Value {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    json!({ "count": times.len(), "p10_ms": at(10), "median_ms": at(50), "p90_ms": at(90), "p99_ms": at(99) })
}

/// Prepares a vault of so many hundredths for another process.
pub(crate) fn filled(folder: &Path, percent: usize) -> Outcome {
    let device = create(folder)?;
    fill(&device, percent as u64)?;
    Ok(json!({ "drafts": device.drafts()?.len() }))
}
