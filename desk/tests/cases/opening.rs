//! What the desk sees of what was sealed: whole reports, copies, versions, long texts, and keys that are not here.

use kapok_desk::{Closed, Integrity, Keyring, attachments};
use kapok_report::{Pack, case_text};
use kapok_wire::bundle::Class;
use zeroize::Zeroizing;

use super::fixture::{Desk, NAME, NARRATIVE, Plan, WORDS, noise, number, seal_body};

fn shown(report: &kapok_desk::OpenedReport, lang: &str) -> String {
    let rows = case_text(&Pack::builtin(), report.triage.content().unwrap(), report.identities.content(), lang);
    rows.iter().map(|row| format!("{}: {}\n", row.label, row.value)).collect()
}

#[test]
fn a_report_opens_in_two_languages_with_its_attachments_right() {
    let desk = Desk::new();
    let plan = Plan::new(1).file(Some("រូបថត.jpg"), noise(200_000, 1)).file(None, Vec::new());
    desk.inbox().store(&plan.seal(&desk)).unwrap();
    let index = desk.index();
    let [report] = index.reports.as_slice() else { panic!("one report") };
    assert_eq!(report.id, plan.report_id());
    for lang in ["km", "en"] {
        let text = shown(report, lang);
        assert!(text.contains(NAME) && text.contains(NARRATIVE), "{lang}");
    }
    let attached = attachments(report);
    assert_eq!(attached.iter().map(|one| one.name).collect::<Vec<_>>(), [Some("រូបថត.jpg"), None]);
    for (one, (_, original)) in attached.iter().zip(&plan.files) {
        let mut bytes = Vec::new();
        let mut sink = |part: &[u8]| {
            bytes.extend_from_slice(part);
            Ok(())
        };
        assert_eq!(one.open(&desk.inbox(), &desk.here(), &mut sink).unwrap(), Integrity::HashOk);
        assert_eq!(&bytes, original);
    }
    assert!(index.unopened.is_empty() && index.damaged_files == 0);
}

#[test]
fn the_same_report_by_retry_and_courier_is_shown_once_and_an_amended_one_beside_it() {
    let desk = Desk::new();
    let plan = Plan::new(1);
    // Sealed twice: another packet, the same words.
    desk.inbox().store(&plan.seal(&desk)).unwrap();
    desk.inbox().store(&plan.seal(&desk)).unwrap();
    let amended = Plan { amends: Some(plan.report_id()), narrative: "It was four men.".to_owned(), ..Plan::new(2) };
    desk.inbox().store(&amended.seal(&desk)).unwrap();
    let index = desk.index();
    let seen: Vec<_> = index.reports.iter().map(|one| (one.id, one.copies, one.contradicted)).collect();
    assert_eq!(seen, [(plan.report_id(), 2, false), (amended.report_id(), 1, false)]);
    assert_eq!(index.reports[1].triage.content().unwrap().amends, Some(plan.report_id()));
    assert_eq!(index.with_code(index.reports[0].code()).count(), 1);
}

#[test]
fn two_contents_under_one_report_id_are_both_kept_and_marked() {
    let desk = Desk::new();
    let first = Plan::new(1);
    let second = Plan { narrative: "Somebody says otherwise.".to_owned(), ..Plan::new(1) };
    desk.inbox().store(&first.seal(&desk)).unwrap();
    desk.inbox().store(&second.seal(&desk)).unwrap();
    let index = desk.index();
    assert_eq!(index.reports.iter().map(|one| one.contradicted).collect::<Vec<_>>(), [true, true]);
    assert_eq!(index.with_code(index.reports[0].code()).count(), 2);
}

#[test]
fn a_text_too_long_for_a_packet_opens_when_its_last_chunk_is_here() {
    let desk = Desk::new();
    let long: String = noise(15_000, 7).iter().map(|byte| char::from(b'!' + byte % 90)).collect();
    let records = Plan { narrative: long.clone(), ..Plan::new(1) }.seal(&desk);
    assert!(records.len() > 1, "it does not fit a packet");
    desk.inbox().store(&records[..1]).unwrap();
    let index = desk.index();
    let [report] = index.reports.as_slice() else { panic!("what happened fits") };
    assert!(matches!(report.identities.closed(), Some(Closed::Missing { missing: 1.., of: 1.. })));
    desk.inbox().store(&records).unwrap();
    let index = desk.index();
    assert!(shown(&index.reports[0], "en").contains(&long));
    // Every chunk of it is known to belong to this report.
    let chunks: std::collections::HashSet<_> = index.reports[0].chunks.iter().copied().collect();
    assert_eq!(chunks, desk.here());
}

#[test]
fn with_triage_keys_only_names_stay_sealed_and_are_said_to_be() {
    let desk = Desk::new();
    desk.inbox().store(&Plan::new(1).file(Some("a.jpg"), noise(10, 1)).seal(&desk)).unwrap();
    desk.keep_keys("triage");
    assert!(!desk.keys().has(Class::Identities));
    let index = desk.index();
    let [report] = index.reports.as_slice() else { panic!("one report") };
    assert_eq!(report.identities.closed(), Some(Closed::NoKey));
    let text = shown(report, "en");
    assert!(!text.contains(NAME) && !text.contains(NARRATIVE));
    let attached = attachments(report);
    assert_eq!(attached[0].presence(&desk.here()), Integrity::KeySealed);
    assert_eq!(attached[0].name, None);
}

#[test]
fn with_identities_keys_only_names_open_and_what_happened_stays_sealed() {
    let desk = Desk::new();
    desk.inbox().store(&Plan::new(1).seal(&desk)).unwrap();
    desk.keep_keys("identities");
    let index = desk.index();
    let [report] = index.reports.as_slice() else { panic!("one report") };
    assert_eq!(report.triage.closed(), Some(Closed::NoKey));
    assert_eq!(report.id, Plan::new(1).report_id());
    assert!(report.identities.content().is_some() && attachments(report).is_empty());
}

#[test]
fn each_of_the_two_keys_of_a_class_opens_alone() {
    let desk = Desk::new();
    desk.inbox().store(&Plan::new(1).seal(&desk)).unwrap();
    for path in desk.folder.key_files().unwrap().iter().filter(|path| path.to_string_lossy().contains("-1.")) {
        std::fs::remove_file(path).unwrap();
    }
    let index = desk.index();
    assert!(index.reports[0].triage.content().is_some() && index.reports[0].identities.content().is_some());
}

#[test]
fn a_packet_from_before_a_rotation_opens_with_the_old_key_file() {
    let (desk, old) = (Desk::new(), Desk::new());
    desk.inbox().store(&Plan::new(1).seal(&desk)).unwrap();
    desk.inbox().store(&Plan::new(2).seal(&old)).unwrap();
    assert_eq!(desk.index().unopened.len(), 1, "control: without the old keys it stays closed");
    for word in ["triage", "identities"] {
        let from = old.folder.root().join(format!("keys/{word}-2.age"));
        std::fs::copy(from, desk.folder.root().join(format!("keys/{word}-9.age"))).unwrap();
    }
    let index = desk.index();
    assert_eq!((index.reports.len(), index.unopened.len()), (2, 0));
}

#[test]
fn names_pasted_beside_another_report_are_not_shown_as_its_names() {
    let desk = Desk::new();
    let ((first, _), (second, _)) = (Plan::new(1).body(), Plan::new(2).body());
    let mut records = seal_body(&desk, &first.triage.to_bytes(), &second.identities.to_bytes());
    number(&mut records);
    desk.inbox().store(&records).unwrap();
    let index = desk.index();
    assert_eq!(index.reports[0].id, Plan::new(1).report_id());
    assert_eq!(index.reports[0].identities.closed(), Some(Closed::OtherReport));
}

#[test]
fn a_wrong_passphrase_is_a_typed_error_and_no_key_another() {
    let desk = Desk::new();
    let unlock = |words: &[u8]| Keyring::unlock(&desk.folder, Zeroizing::new(words.to_vec()));
    assert!(unlock(WORDS).is_ok());
    assert!(matches!(unlock(b"guess"), Err(kapok_desk::Error::WrongPassphrase)));
    desk.keep_keys("root");
    assert!(matches!(unlock(WORDS), Err(kapok_desk::Error::NoKeys)));
}
