//! Nothing decrypted is on the disk after reading, and the scan that shows it can find something.

use std::fs;
use std::path::Path;

use kapok_desk::{ExtractDir, attachments, extract};
use kapok_report::{Pack, case_text};

use super::fixture::{Desk, NAME, NARRATIVE, Plan, WORDS, noise};

const FILE_NAME: &str = "marker-file-name.jpg";

fn markers() -> Vec<Vec<u8>> {
    let report_id = Plan::new(1).report_id().to_string();
    let mut markers: Vec<Vec<u8>> = [NAME, "Test Person", NARRATIVE, FILE_NAME, "detention_quick", &report_id]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    markers.push(noise(100_000, 42)[1_000..1_016].to_vec());
    markers.push(WORDS.to_vec());
    markers
}

/// Markers found in names and contents below `dir`.
pub(super) fn found(dir: &Path, markers: &[Vec<u8>]) -> usize {
    let (mut hits, mut dirs) = (0, vec![dir.to_owned()]);
    let mut count = |bytes: &[u8]| {
        hits += markers.iter().filter(|one| bytes.windows(one.len()).any(|window| window == one.as_slice())).count();
    };
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            count(entry.file_name().to_string_lossy().as_bytes());
            if entry.path().is_dir() { dirs.push(entry.path()) } else { count(&fs::read(entry.path()).unwrap()) }
        }
    }
    hits
}

#[test]
fn reading_leaves_no_word_of_a_report_on_the_disk() {
    let desk = Desk::new();
    desk.inbox().store(&Plan::new(1).file(Some(FILE_NAME), noise(100_000, 42)).seal(&desk)).unwrap();
    let index = desk.index();
    let report = &index.reports[0];
    let rows = case_text(&Pack::builtin(), report.triage.content().unwrap(), report.identities.content(), "km");
    assert!(rows.iter().any(|row| row.value.contains(NAME)), "it was really opened");
    let attached = attachments(report);
    attached[0].open(&desk.inbox(), &desk.here(), |_| Ok(())).unwrap();
    assert_eq!(found(desk.dir.path(), &markers()), 0);
    // Control: what is extracted into the same folder is found, by name and by content.
    extract(&attached[0], 1, &desk.inbox(), &desk.here(), &ExtractDir::prepare(desk.folder.root()).unwrap(), || Ok(()))
        .unwrap();
    assert_eq!(found(desk.dir.path(), &markers()), 2);
}
